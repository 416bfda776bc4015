"""Which failure of a trial a Python exception is. Standard library only."""

from typing import Optional

from pegbox import in_trial, resources

MAX_DETAIL_CHARACTERS = 1_000


def failure_of(error: BaseException) -> Optional[resources.Failure]:
    """None for a stop or a good exit.

    An interrupt blames the machine, so that the trial runs again and the search learns nothing.
    What ran out of memory or became NaN teaches the search to keep away, and so does any other
    error.
    """
    detail = f"{type(error).__name__}: {error}"[:MAX_DETAIL_CHARACTERS]
    if isinstance(error, in_trial.TrialStopped):
        return None
    if isinstance(error, SystemExit):
        return _of_exit(error, detail)
    if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
        return resources.Failure("LOST", f"interrupted: {detail}")
    if isinstance(error, MemoryError) or any(
        c.__name__ == "OutOfMemoryError" for c in type(error).__mro__
    ):
        return resources.Failure("OUT_OF_MEMORY", detail)
    if isinstance(error, FloatingPointError):
        return resources.Failure("DIVERGED", detail)
    return resources.Failure("EXIT_CODE", detail, exit_code=1)


def _of_exit(error: SystemExit, detail: str) -> Optional[resources.Failure]:
    if error.code is None or error.code == 0:
        return None
    code = error.code if isinstance(error.code, int) else 1
    return resources.Failure("EXIT_CODE", detail, exit_code=code)
