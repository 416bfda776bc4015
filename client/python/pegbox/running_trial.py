"""A trial that this program asked for and runs itself."""

import os
import re
import secrets
import socket
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Type

from pegbox import errors, failures, in_trial, resources

if TYPE_CHECKING:
    from pegbox.client import Client

_MAX_RENEWAL_SECONDS = 60.0
_LOST = "another attempt of the trial runs by now"


def client_name() -> str:
    """A name of this process for the server: host, process and something random."""
    host = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().lower()).strip("-")[:30]
    return f"{host or 'host'}-{os.getpid()}-{secrets.token_hex(4)}"


class RunningTrial:
    """One attempt. Thread-safe.

    `with trial:` keeps its lease alive, and tells its end: what it returns normally is complete; an
    exception is the failure that it is, and goes on, unless the trial was asked for with
    on_error="continue".
    """

    def __init__(
        self, client: "Client", trial: resources.Trial, lease: float, on_error: str = "raise"
    ) -> None:
        if on_error not in ("raise", "continue"):
            raise ValueError(f'on_error: must be "raise" or "continue"; got {on_error!r}')
        self.trial = trial
        self._client = client
        self._on_error = on_error
        self._renewal_seconds = min(_MAX_RENEWAL_SECONDS, lease / 4)
        self._lock = threading.Lock()
        # Guarded by _lock.
        self._next_step = 0
        self._verdict = in_trial.Verdict(False)
        self._result: Optional[resources.Trial] = None
        self._ended = threading.Event()

    @property
    def number(self) -> int:
        return self.trial.number

    @property
    def params(self) -> Dict[str, Any]:
        """The active hyperparameters."""
        return self.trial.params

    @property
    def should_stop(self) -> bool:
        """As of the last report or renewal."""
        return self._verdict.should_stop

    @property
    def stop_reason(self) -> str:
        """Why it is to stop; empty while it may go on."""
        return self._verdict.reason

    @property
    def result(self) -> Optional[resources.Trial]:
        """The trial as the server judged it; None before its end, or when another attempt took its
        place.
        """
        return self._result

    def report(
        self,
        metrics: Optional[Mapping[str, Any]] = None,
        *,
        step: Optional[int] = None,
        **more_metrics: Any,
    ) -> in_trial.Verdict:
        """Stores metrics of a step and renews the lease. Without `step`: the next one, from 0."""
        rows = self._rows(metrics, step, more_metrics)
        try:
            stop = self._client.report_measurements(self.trial, rows)
        except errors.AbortedError:
            self._verdict = in_trial.Verdict(True, _LOST)
        else:
            if stop is not None:
                self._verdict = in_trial.Verdict(True, stop.explanation)
        return self._verdict

    def complete(
        self,
        metrics: Optional[Mapping[str, Any]] = None,
        *,
        step: Optional[int] = None,
        **more_metrics: Any,
    ) -> resources.Trial:
        """Ends the trial, with its last metrics if there are any. AbortedError: another attempt
        runs by now.
        """
        return self._end(self._rows(metrics, step, more_metrics), None)

    def fail(self, failure: resources.Failure) -> resources.Trial:
        """Ends the trial without a result. AbortedError: another attempt runs by now."""
        return self._end([], failure)

    def __enter__(self) -> "RunningTrial":
        threading.Thread(target=self._keep_lease, name="pegbox-lease", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> bool:
        self._ended.set()
        if self._result is None:
            try:
                self._end([], failures.failure_of(error) if error is not None else None)
            except errors.AbortedError:
                pass  # nobody asks for it any more
        is_continued = self._on_error == "continue" and isinstance(error, Exception)
        return is_continued or isinstance(error, in_trial.TrialStopped)

    def _end(
        self, rows: List[resources.Measurement], failure: Optional[resources.Failure]
    ) -> resources.Trial:
        self._ended.set()
        self._result = self._client.complete_trial(self.trial, rows, failure)
        return self._result

    def _rows(
        self, metrics: Optional[Mapping[str, Any]], step: Optional[int], more: Mapping[str, Any]
    ) -> List[resources.Measurement]:
        values = in_trial.checked_metrics(dict(metrics or {}, **more))
        with self._lock:
            number = self._next_step if step is None else in_trial.checked_step(step)
            if values:
                self._next_step = number + 1
        return [
            resources.Measurement(name, number, value, self.trial.attempt)
            for name, value in values.items()
        ]

    def _keep_lease(self) -> None:
        while not self._ended.wait(self._renewal_seconds):
            try:
                if self.report().should_stop and self._verdict.reason == _LOST:
                    return
            except errors.PegboxError:
                pass  # the next renewal, or the end, may get through
