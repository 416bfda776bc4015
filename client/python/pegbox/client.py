"""The service's client. Needs grpcio and protobuf."""

import os
import random
import time
from typing import Any, Dict, Iterator, List, Optional, Sequence
import uuid

import grpc

from pegbox import conversion, errors, job_spec, resources, running_trial
from pegbox import space as spaces
from pegbox.service_description import calls, message

DEFAULT_SERVER = "127.0.0.1:7654"
_PATIENCE_SECONDS = 60.0  # for a server that is away, where a program must not fail because of it
_PAGE_SIZE = 1_000
_MAX_WAIT_SECONDS = 30.0  # of one long poll
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_http_proxy", 0),
)


class Client:
    """A connection to a server. Thread-safe; not for use after a fork. Jobs go by their ids, trials
    by their numbers.

    Every method raises a PegboxError: NotFoundError for a job or trial that is not there,
    InvalidArgumentError, FailedPreconditionError, UnavailableError where no server answers, and so
    on.
    """

    def __init__(self, server: Optional[str] = None, *, timeout: float = 30.0) -> None:
        """`server` is "host:port"; $PEGBOX_SERVER, else 127.0.0.1:7654, when absent. `timeout` in
        seconds, of a call.
        """
        self.server = server or os.environ.get("PEGBOX_SERVER") or DEFAULT_SERVER
        self._timeout = timeout
        self._channel = grpc.insecure_channel(self.server, options=_CHANNEL_OPTIONS)
        self._calls = calls(self._channel, "TuningService")

    def close(self) -> None:
        """Ends the connection; calls that wait raise."""
        self._channel.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    # Jobs.

    def create(self, space: spaces.Space, *, job_id: str = "", **fields: Any) -> resources.Job:
        """Starts a job. `fields` are those of JobSpec. AlreadyExistsError: the id is taken."""
        return self.create_from(job_spec.JobSpec(space, **fields), job_id=job_id)

    def create_from(self, spec: job_spec.JobSpec, *, job_id: str = "") -> resources.Job:
        """Starts a job, once, however often the connection breaks. AlreadyExistsError: the id is
        taken.
        """
        request = {
            "tuning_job_id": job_id,
            "spec": conversion.spec_proto(spec),
            "request_id": uuid.uuid4().hex,
        }
        return conversion.job_from(self._call("CreateTuningJob", **request))

    def get(self, job_id: str) -> resources.Job:
        return conversion.job_from(self._call("GetTuningJob", name=_job_name(job_id)))

    def list(self) -> List[resources.Job]:
        """All jobs, newest first."""
        return [conversion.job_from(job) for job in self._pages("ListTuningJobs", "tuning_jobs")]

    def update(
        self,
        job_id: str,
        *,
        max_jobs: Optional[int] = None,
        max_parallel_jobs: Optional[int] = None,
        max_runtime: Optional[float] = None,
    ) -> resources.Job:
        """Changes limits of a live job; None leaves one as it is. `max_runtime` in seconds."""
        limits: Dict[str, Any] = {"max_jobs": max_jobs, "max_parallel_jobs": max_parallel_jobs}
        if max_runtime is not None:
            limits["max_runtime"] = conversion.duration_proto(max_runtime)
        given = {name: limit for name, limit in limits.items() if limit is not None}
        return conversion.job_from(self._call("UpdateTuningJob", name=_job_name(job_id), **given))

    def stop(self, job_id: str) -> resources.Job:
        """Cancels queued trials and stops running ones. Harmless to repeat."""
        return conversion.job_from(self._call("StopTuningJob", name=_job_name(job_id)))

    def pause(self, job_id: str) -> resources.Job:
        """Starts no more trials; running ones go on."""
        return conversion.job_from(self._call("PauseTuningJob", name=_job_name(job_id)))

    def resume(self, job_id: str) -> resources.Job:
        return conversion.job_from(self._call("ResumeTuningJob", name=_job_name(job_id)))

    def watch(self, job_id: str, *, since_revision: int = 0) -> Iterator[resources.Event]:
        """What changed after a revision, then what changes, until the job has ended. Outlives
        restarts of the server.
        """
        request = message("WatchTuningJobRequest")(
            name=_job_name(job_id), since_revision=since_revision
        )
        away_since = None
        while True:
            stream = self._calls["WatchTuningJob"](request)
            try:
                for response in stream:
                    away_since = None
                    request.since_revision = response.revision
                    yield conversion.event_from(response)
                return
            except grpc.RpcError as error:
                away_since = away_since or time.monotonic()
                is_away = error.code() == grpc.StatusCode.UNAVAILABLE
                if not is_away or time.monotonic() > away_since + _PATIENCE_SECONDS:
                    raise _error_from(error) from error
                time.sleep(random.uniform(0.1, 1.0))
            finally:
                stream.cancel()

    def wait(self, job_id: str) -> resources.Job:
        """Returns when the job has ended."""
        for _ in self.watch(job_id):
            pass
        return self.get(job_id)

    # Trials.

    def trial(self, job_id: str, number: int) -> resources.Trial:
        return conversion.trial_from(self._call("GetTrial", name=_trial_name(job_id, number)))

    def trials(
        self, job_id: str, *, states: Sequence[str] = (), best_first: bool = False
    ) -> List[resources.Trial]:
        """All trials, or those of some states, by number or the best first."""
        request = {
            "parent": _job_name(job_id),
            "states": [conversion.enum_value("Trial.State", state, "states") for state in states],
            "order": 2 if best_first else 1,
        }
        return [
            conversion.trial_from(trial) for trial in self._pages("ListTrials", "trials", **request)
        ]

    def best(self, job_id: str) -> resources.Trial:
        """NotFoundError: no trial has a value yet."""
        answer = self._call("GetBestTrial", parent=_job_name(job_id))
        return conversion.trial_from(answer.best_trial)

    def recommended(self, job_id: str) -> resources.Trial:
        """The trial to use: where the objective is noisy, the best value of many is partly luck.

        NotFoundError: no trial has a value yet.
        """
        answer = self._call("GetBestTrial", parent=_job_name(job_id))
        return conversion.trial_from(answer.recommended_trial)

    def stop_trial(self, job_id: str, number: int) -> resources.Trial:
        return conversion.trial_from(self._call("StopTrial", name=_trial_name(job_id, number)))

    def measurements(
        self, job_id: str, number: int, metric: str = ""
    ) -> List[resources.Measurement]:
        """By metric, then step; of every metric when it is empty."""
        request = {"parent": _trial_name(job_id, number), "metric": metric}
        return [
            conversion.measurement_from(row)
            for row in self._pages("ListMeasurements", "measurements", **request)
        ]

    def log(self, job_id: str, number: int, *, attempt: int = 0) -> str:
        """The output so far of one attempt that a worker ran; of the last one when it is 0."""
        request = message("ReadTrialLogRequest")(name=_trial_name(job_id, number), attempt=attempt)
        try:
            stream = self._calls["ReadTrialLog"](request, timeout=self._timeout)
            return b"".join(part.data for part in stream).decode(errors="replace")
        except grpc.RpcError as error:
            raise _error_from(error) from error

    def rows(self, job_id: str) -> List[Dict[str, Any]]:
        """One dict a trial: number, state, value, best_step, start_time, end_time, seconds, and
        `param_NAME` for each.
        """
        return rows_of(self.trials(job_id))

    def dataframe(self, job_id: str) -> Any:
        """`rows` as a pandas DataFrame. ImportError without pandas."""
        import pandas

        return pandas.DataFrame(self.rows(job_id))

    # Ask and tell.

    def ask(
        self,
        job_id: str,
        *,
        lease: float = 300.0,
        wait: Optional[float] = None,
        client: str = "",
        on_error: str = "raise",
    ) -> Optional["running_trial.RunningTrial"]:
        """A trial to run, or None when the job gives out no more.

        `lease`: seconds of silence after which the trial is given to others, 1 to 30 days; `with
        trial:` keeps it alive. `wait`: None waits as long as the job lives; otherwise None is also
        the answer when no trial was free for so many seconds. `client`: a name of this program,
        made up when empty. With `on_error="continue"` an exception in `with trial:` ends the trial
        as a failure and goes no further.
        """
        deadline = None if wait is None else time.monotonic() + wait
        request: Dict[str, Any] = {
            "parent": _job_name(job_id),
            "client": client or running_trial.client_name(),
            "request_id": uuid.uuid4().hex,
            "lease_duration": conversion.duration_proto(lease),
        }
        while True:
            left = _MAX_WAIT_SECONDS if deadline is None else deadline - time.monotonic()
            request["max_wait"] = conversion.duration_proto(min(_MAX_WAIT_SECONDS, max(0.0, left)))
            answer = self._call(
                "SuggestTrials", _PATIENCE_SECONDS, self._timeout + _MAX_WAIT_SECONDS, **request
            )
            if answer.trials:
                trial = conversion.trial_from(answer.trials[0])
                return running_trial.RunningTrial(self, trial, lease, on_error)
            is_over = message("TuningJob").State.Name(answer.job_state) not in ("RUNNING", "PAUSED")
            if is_over or left <= 0:
                return None

    def report_measurements(
        self, trial: resources.Trial, measurements: Sequence[resources.Measurement]
    ) -> Optional[resources.StopDecision]:
        """Stores measurements of a trial that was asked for, and renews its lease. Gives why it is
        to stop, if so.

        AbortedError: another attempt of the trial runs. Waits a minute for a server that is away.
        """
        answer = self._call(
            "ReportMeasurements",
            _PATIENCE_SECONDS,
            **_attempt_fields(trial),
            measurements=_rows_of(measurements),
        )
        if message("ReportMeasurementsResponse").Directive.Name(answer.directive) != "STOP":
            return None
        return conversion.stop_from(answer.stop)

    def complete_trial(
        self,
        trial: resources.Trial,
        measurements: Sequence[resources.Measurement] = (),
        failure: Optional[resources.Failure] = None,
    ) -> resources.Trial:
        """Ends a trial that was asked for; gives it as the server judged it. Errors as
        report_measurements'.
        """
        request = {**_attempt_fields(trial), "measurements": _rows_of(measurements)}
        if failure is not None:
            request["failure"] = conversion.failure_proto(failure)
        return conversion.trial_from(self._call("CompleteTrial", _PATIENCE_SECONDS, **request))

    def _call(
        self, method: str, patience: float = 0.0, timeout: Optional[float] = None, **fields: Any
    ) -> Any:
        request = message(f"{method}Request")(**fields)
        give_up_at = time.monotonic() + patience
        pause = 0.1
        while True:
            try:
                return self._calls[method](request, timeout=timeout or self._timeout)
            except grpc.RpcError as error:
                is_away = error.code() == grpc.StatusCode.UNAVAILABLE
                if not is_away or time.monotonic() + pause > give_up_at:
                    raise _error_from(error) from error
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2.0, pause * 2)

    def _pages(self, method: str, items: str, **fields: Any) -> Iterator[Any]:
        token = ""
        while True:
            page = self._call(method, page_size=_PAGE_SIZE, page_token=token, **fields)
            yield from getattr(page, items)
            token = page.next_page_token
            if not token:
                return


def rows_of(trials: Sequence[resources.Trial]) -> List[Dict[str, Any]]:
    """As Client.rows says."""
    names = sorted({name for trial in trials for name in trial.params})
    return [_row(trial, names) for trial in trials]


def _job_name(job_id: str) -> str:
    return f"tuningJobs/{job_id}"


def _trial_name(job_id: str, number: int) -> str:
    return f"tuningJobs/{job_id}/trials/{number}"


def _attempt_fields(trial: resources.Trial) -> Dict[str, Any]:
    return {"name": _trial_name(trial.job_id, trial.number), "attempt": trial.attempt}


def _rows_of(measurements: Sequence[resources.Measurement]) -> List[Any]:
    return [
        message("Measurement")(metric=row.metric, step=row.step, value=row.value)
        for row in measurements
    ]


def _error_from(error: Any) -> errors.PegboxError:
    return errors.from_code(error.code().name, error.details() or "")


def _row(trial: resources.Trial, names: Sequence[str]) -> Dict[str, Any]:
    row = {
        "number": trial.number,
        "state": trial.state,
        "value": trial.value,
        "best_step": trial.best_step,
        "start_time": trial.start_time,
        "end_time": trial.end_time,
        "seconds": trial.seconds,
    }
    row.update((f"param_{name}", trial.params.get(name)) for name in names)
    return row
