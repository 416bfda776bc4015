"""One trial of a Python function in a process of its own, which reports as any trial does."""

import dataclasses
import json
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import pickle
import signal
import socket
import sys
import threading
import time
import traceback
from typing import Any, Callable, Dict, Mapping, Optional, Union

from pegbox import failures, in_trial, local_server, resources
from pegbox.running_trial import RunningTrial

Function = Callable[[Dict[str, Any]], Union[None, float, Mapping[str, float]]]
# What came of a function: its last metrics, or why there are none.
Outcome = Union[Dict[str, float], resources.Failure]

_TICK_SECONDS = 0.2  # how often a stop that no report has brought is looked for
_KILL_SECONDS = 5.0  # between SIGTERM and SIGKILL


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Of all trials of a run. `grace_seconds`: between the stop that a function is told of and
    SIGTERM. `environment` is added to this process's own.
    """

    metric: str
    folder: pathlib.Path
    start_method: str
    grace_seconds: float
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)


def log_path(folder: pathlib.Path, number: int) -> pathlib.Path:
    """What the function of a trial printed."""
    return folder / str(number) / "log.txt"


def run(
    function: Function,
    trial: RunningTrial,
    params: Dict[str, Any],
    variables: Mapping[str, str],
    surroundings: Surroundings,
    is_canceled: threading.Event,
) -> None:
    """Runs `function(params)` to its end, with `variables` in its environment, and tells the server
    what came of it.
    """
    with trial:
        process = _TrialProcess(function, trial, params, variables, surroundings)
        outcome = process.serve(is_canceled)
        if isinstance(outcome, resources.Failure):
            trial.fail(outcome)
        else:
            trial.complete(outcome)


class _TrialProcess:
    """Not thread-safe."""

    def __init__(
        self,
        function: Function,
        trial: RunningTrial,
        params: Dict[str, Any],
        variables: Mapping[str, str],
        surroundings: Surroundings,
    ) -> None:
        self._trial = trial
        self._grace_seconds = surroundings.grace_seconds
        self._unread = b""
        self._stop_time: Optional[float] = None  # when the function was told to stop
        self._is_terminated = self._is_killed = False
        folder = surroundings.folder / str(trial.number)
        (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
        name = f"tuningJobs/{trial.trial.job_id}/trials/{trial.number}"
        environment = {
            **surroundings.environment,
            **variables,
            "PEGBOX_PARAMS": json.dumps(params),
            "PEGBOX_TRIAL": name,
            "PEGBOX_ATTEMPT": str(trial.trial.attempt),
            "PEGBOX_CHECKPOINT_DIR": str(folder / "checkpoints"),
        }
        context: Any = multiprocessing.get_context(surroundings.start_method)
        self._connection, theirs = socket.socketpair()
        self._outcome, sender = context.Pipe(duplex=False)
        is_forked = surroundings.start_method == "fork"
        self._process = context.Process(
            target=_run_in_child,
            args=(
                function if is_forked else _pickled(function),
                params,
                surroundings.metric,
                environment,
                str(log_path(surroundings.folder, trial.number)),
                theirs,
                sender,
            ),
            name=f"pegbox-trial-{trial.number}",
        )
        self._process.start()
        theirs.close()
        sender.close()

    def serve(self, is_canceled: threading.Event) -> Outcome:
        """Passes reports on until the process has ended."""
        open_ends = [self._connection, self._process.sentinel]
        try:
            while True:
                ready = multiprocessing.connection.wait(open_ends, timeout=_TICK_SECONDS)
                if self._connection in ready and not self._read():
                    open_ends.remove(self._connection)
                # What the function has left behind may hold both ends open.
                if self._connection not in ready and not self._process.is_alive():
                    return self._take_outcome()
                self._stop_if_wanted(is_canceled.is_set())
        finally:
            self._kill(signal.SIGKILL)  # what the function has left behind
            self._process.join()
            self._connection.close()
            self._outcome.close()

    def _read(self) -> bool:
        try:
            data = self._connection.recv(1 << 16)
        except OSError:
            return False
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            report = json.loads(line)
            self._trial.report(report.get("metrics", {}), step=report["step"])
            self._answer()
        return bool(data)

    def _answer(self) -> None:
        directive = {"directive": "CONTINUE"}
        if self._trial.should_stop:
            self._stop_time = self._stop_time or time.monotonic()
            directive = {"directive": "STOP", "reason": self._trial.stop_reason}
        try:
            self._connection.sendall(json.dumps(directive).encode() + b"\n")
        except OSError:
            pass  # it has ended

    def _stop_if_wanted(self, is_canceled: bool) -> None:
        if is_canceled and not self._is_terminated:
            self._stop_time = time.monotonic() - self._grace_seconds
        elif self._trial.should_stop and self._stop_time is None:
            self._answer()
        if self._stop_time is None:
            return
        silent_seconds = time.monotonic() - self._stop_time - self._grace_seconds
        if silent_seconds >= 0 and not self._is_terminated:
            self._is_terminated = True
            self._kill(signal.SIGTERM)
        elif silent_seconds >= _KILL_SECONDS and not self._is_killed:
            self._is_killed = True
            self._kill(signal.SIGKILL)

    def _kill(self, sent: int) -> None:
        try:
            os.killpg(self._process.pid, sent)
        except ProcessLookupError:
            if self._process.exitcode is None:  # it has no group of its own yet
                self._process.kill()

    def _take_outcome(self) -> Outcome:
        self._process.join()
        try:
            if self._outcome.poll():
                return self._outcome.recv()
        except EOFError:
            pass  # ended before it could say how
        code = self._process.exitcode
        if self._is_terminated or code == 0:
            return {}
        if code > 0:
            return resources.Failure("EXIT_CODE", f"the process exited with {code}", exit_code=code)
        name = signal.Signals(-code).name
        return resources.Failure("SIGNAL", f"the process was ended by {name}", signal=-code)


def _pickled(function: Function) -> bytes:
    try:
        import cloudpickle
    except ImportError:
        return pickle.dumps(function)
    return cloudpickle.dumps(function)


def _run_in_child(
    function: Union[Function, bytes],
    params: Dict[str, Any],
    metric: str,
    environment: Mapping[str, str],
    log: str,
    connection: socket.socket,
    outcome: Any,
) -> None:
    os.setsid()  # a group of its own, without the keyboard
    local_server.end_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.update(environment)
    _redirect_output(log)
    in_trial.use_connection(connection)
    outcome.send(_outcome_of(function, params, metric))
    outcome.close()
    sys.stdout.flush()
    sys.stderr.flush()


def _redirect_output(log: str) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.close(descriptor)
    # A notebook's own streams would write to the notebook.
    sys.stdout = open(1, "w", buffering=1, closefd=False)
    sys.stderr = open(2, "w", buffering=1, closefd=False)


def _outcome_of(function: Union[Function, bytes], params: Dict[str, Any], metric: str) -> Outcome:
    try:
        called: Function = pickle.loads(function) if isinstance(function, bytes) else function
        result = called(params)
        metrics: Dict[str, float] = {}
        if result is not None:
            metrics = in_trial.checked_metrics(
                result if isinstance(result, Mapping) else {metric: result}
            )
    except BaseException as error:  # whatever it is, it is what came of the trial
        failure = failures.failure_of(error)
        if failure is not None:
            traceback.print_exc()
        return {} if failure is None else failure
    finally:
        in_trial.flush()
    return metrics
