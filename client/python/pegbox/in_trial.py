"""What a training program says to Pegbox and asks of it while it runs as a trial.

Standard library only. Run without Pegbox, the same program works on its own: `params` gives the
defaults, `report` prints, nothing ever says stop.
"""

import atexit
import json
import operator
import os
import pathlib
import re
import sys
import threading
from typing import TYPE_CHECKING, Any, Dict, Mapping, NamedTuple, Optional

if TYPE_CHECKING:
    import socket

    from pegbox import report_link

MAX_STEP = 2**53
DEFAULT_WAIT_SECONDS = 0.1
_FLUSH_SECONDS = 5.0
_METRIC_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")


class Verdict(NamedTuple):
    """What Pegbox says to a report; true for a stop: `if pegbox.report(...): break`."""

    should_stop: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.should_stop


class TrialStopped(SystemExit):
    """Raised by `report(..., on_stop="raise")`. Nobody catches it: the program ends with exit code
    0.
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(0)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


def is_trial() -> bool:
    """Whether this process runs as a trial of Pegbox."""
    return "PEGBOX_TRIAL" in os.environ


def trial_name() -> str:
    """The trial's name, `tuningJobs/{job}/trials/{number}`; empty without Pegbox."""
    return os.environ.get("PEGBOX_TRIAL", "")


def attempt() -> int:
    """The number of this run of the trial, from 1. Above 1: look for a checkpoint in
    `checkpoint_dir()`.
    """
    return int(os.environ.get("PEGBOX_ATTEMPT", "1"))


def seed(default: int = 0) -> int:
    """The trial's seed, from 0 to 2^64 - 1, the same in every attempt; `default` without Pegbox."""
    return int(os.environ.get("PEGBOX_SEED", default))


def params(defaults: Optional[Mapping[str, Any]] = None, **more_defaults: Any) -> Dict[str, Any]:
    """The trial's hyperparameters over the defaults; without Pegbox the defaults.

    Only the active parameters of the trial are there: give defaults for conditional ones. A whole
    number whose default is an int is one too, so that a batch size of a discrete choice comes as
    32, not 32.0.
    """
    chosen = dict(defaults or {}, **more_defaults)
    for name, value in json.loads(os.environ.get("PEGBOX_PARAMS") or "{}").items():
        is_whole = isinstance(value, float) and value.is_integer() and type(chosen.get(name)) is int
        chosen[name] = int(value) if is_whole else value
    return chosen


def report(
    metrics: Optional[Mapping[str, Any]] = None,
    *,
    step: Optional[int] = None,
    checkpoint: bool = False,
    on_stop: str = "return",
    wait: float = DEFAULT_WAIT_SECONDS,
    **more_metrics: Any,
) -> Verdict:
    """Reports metrics of a step, such as an epoch; numbers, or what `float` takes.

    Names that are no Python names come in a dict: `report({"validation:loss": 0.3}, step=1)`.
    Without `step` it is one more than that of the last report, from 0. `checkpoint` says that a
    checkpoint of this step is complete in `checkpoint_dir()`. Returns what Pegbox says; with
    `on_stop="raise"` a stop raises TrialStopped instead.

    Waits at most `wait` seconds for the answer, and not at all while an earlier one is late; the
    verdict is then the last one known. Raises ValueError or TypeError for what can never be a
    report.
    """
    if on_stop not in ("return", "raise"):
        raise ValueError(f'on_stop: must be "return" or "raise"; got {on_stop!r}')
    values = checked_metrics(dict(metrics or {}, **more_metrics))
    if not values and not checkpoint:
        raise ValueError("report: says nothing; give metrics, such as loss=0.3, or checkpoint=True")
    verdict = _reporter.report(step, values, bool(checkpoint), wait)
    if verdict and on_stop == "raise":
        raise TrialStopped(verdict.reason)
    return verdict


def should_stop() -> bool:
    """Whether Pegbox wants the trial to end now. Never waits. False without Pegbox."""
    return bool(_reporter.verdict())


def checkpoint_dir(default: Optional[os.PathLike] = None) -> pathlib.Path:
    """The trial's folder for checkpoints, the same in every attempt on a host. It exists.

    Without Pegbox `default`, made if it is missing, or else a temporary folder that is removed at
    exit.
    """
    given = os.environ.get("PEGBOX_CHECKPOINT_DIR") or default
    folder = pathlib.Path(given) if given else _reporter.temporary_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def use_connection(connection: "socket.socket") -> None:
    """Reports of this process go to this connection instead of to PEGBOX_SOCKET."""
    _reporter.use(connection)


def flush() -> bool:
    """Waits, for a few seconds at most, until all reports were answered. False: time ran out."""
    return _reporter.flush()


def checked_metrics(metrics: Mapping[str, Any]) -> Dict[str, float]:
    """The metrics as numbers. Raises ValueError for a name, TypeError for a value that can be no
    metric.
    """
    values = {}
    for name, value in metrics.items():
        if not isinstance(name, str) or not _METRIC_NAME.fullmatch(name):
            raise ValueError(
                "metrics: a metric's name has 1 to 128 characters of [A-Za-z0-9_.:/-]; "
                f"got {name!r}"
            )
        try:
            values[name] = float(value)
        except (TypeError, ValueError) as error:
            raise TypeError(f'metrics["{name}"]: must be a number; got {value!r}') from error
    return values


def checked_step(step: Any) -> int:
    """The step as an int. Raises ValueError or TypeError for what is none."""
    try:
        number = operator.index(step)
    except TypeError as error:
        raise TypeError(f"step: must be an integer from 0 to 2^53; got {step!r}") from error
    if not 0 <= number <= MAX_STEP:
        raise ValueError(f"step: must be an integer from 0 to 2^53; got {number}")
    return number


class Reporter:
    """The state of this process's reports. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Guarded by _lock.
        self._link: "Optional[report_link.ReportLink]" = None
        self._is_connected = False  # or was tried
        self._next_step = 0
        self._temporary_folder: Optional[pathlib.Path] = None

    def use(self, connection: "socket.socket") -> None:
        """Reports to this connection instead of to PEGBOX_SOCKET."""
        from pegbox import report_link

        with self._lock:
            self._link = report_link.ReportLink(connection)
            self._is_connected = True

    def report(self, step: Any, values: Dict[str, float], checkpoint: bool, wait: float) -> Verdict:
        """Sends or prints one report; answers with the last verdict known."""
        with self._lock:
            number = self._next_step if step is None else checked_step(step)
            self._next_step = number + 1
            link = self._connected_link()
        line: Dict[str, Any] = {"step": number}
        if values:
            line["metrics"] = values
        if checkpoint:
            line["checkpoint"] = True
        text = json.dumps(line)
        if link is None:
            # On standard output the worker finds it too.
            print(f"PEGBOX_METRICS {text}", flush=True)
        else:
            link.send(text, wait)
        return self.verdict()

    def verdict(self) -> Verdict:
        """The last one known; does not wait."""
        with self._lock:
            link = self._connected_link()
        reason = link.stop_reason if link is not None else None
        return Verdict(False) if reason is None else Verdict(True, reason)

    def next_step(self) -> int:
        """One more than the last step reported; 0 before the first."""
        with self._lock:
            return self._next_step

    def flush(self, timeout: float = _FLUSH_SECONDS) -> bool:
        """Waits until all reports were answered. False: time ran out."""
        with self._lock:
            link = self._link
        return link is None or link.flush(timeout)

    def temporary_folder(self) -> pathlib.Path:
        """A folder of this process that is removed at exit."""
        with self._lock:
            if self._temporary_folder is None:
                import shutil
                import tempfile

                self._temporary_folder = pathlib.Path(
                    tempfile.mkdtemp(prefix="pegbox-checkpoints-")
                )
                atexit.register(shutil.rmtree, self._temporary_folder, ignore_errors=True)
            return self._temporary_folder

    def close_in_child(self) -> None:
        """After a fork: lets go of what belongs to the parent."""
        if self._link is not None:
            self._link.close_in_child()

    def _connected_link(self) -> "Optional[report_link.ReportLink]":
        if not self._is_connected:
            self._is_connected = True
            path = os.environ.get("PEGBOX_SOCKET")
            self._link = _open_link(path) if path else None
        return self._link


def _open_link(path: str) -> "Optional[report_link.ReportLink]":
    from pegbox import report_link

    try:
        connection = report_link.connect(path)
    except OSError as error:
        print(
            f'pegbox: PEGBOX_SOCKET: cannot connect to "{path}": {error}; '
            "reports go to standard output",
            file=sys.stderr,
            flush=True,
        )
        return None
    return report_link.ReportLink(connection, lambda: report_link.connect(path))


def _start_anew_in_child() -> None:
    global _reporter
    _reporter.close_in_child()
    _reporter = Reporter()


_reporter = Reporter()
atexit.register(lambda: _reporter.flush())
os.register_at_fork(after_in_child=_start_anew_in_child)
