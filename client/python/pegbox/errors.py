"""What calls of the service raise. Decide by class, never by text."""

from typing import Dict, Type


class PegboxError(Exception):
    """Any error of the service; `code` is gRPC's name of it, such as "NOT_FOUND"."""

    code = "UNKNOWN"


class InvalidArgumentError(PegboxError, ValueError):
    """The request breaks a rule. The message says the field's path and how to mend it."""

    code = "INVALID_ARGUMENT"


class NotFoundError(PegboxError, LookupError):
    """There is no such job or trial."""

    code = "NOT_FOUND"


class AlreadyExistsError(PegboxError):
    """The job's id is taken."""

    code = "ALREADY_EXISTS"


class FailedPreconditionError(PegboxError):
    """The state of the job or trial forbids it, as when it has ended."""

    code = "FAILED_PRECONDITION"


class AbortedError(PegboxError):
    """Another attempt of the trial runs by now: drop this one."""

    code = "ABORTED"


class ResourceExhaustedError(PegboxError):
    """A limit, or the server's disk, is full."""

    code = "RESOURCE_EXHAUSTED"


class UnavailableError(PegboxError, ConnectionError):
    """No server answers; try again later."""

    code = "UNAVAILABLE"


_CLASSES: Dict[str, Type[PegboxError]] = {kind.code: kind for kind in PegboxError.__subclasses__()}


def from_code(code: str, message: str) -> PegboxError:
    """The error for a gRPC code's name."""
    kind = _CLASSES.get(code)
    if kind is not None:
        return kind(message)
    error = PegboxError(f"{code}: {message}")
    error.code = code
    return error
