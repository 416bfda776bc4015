"""`tune`: the best arguments of a function, from a notebook or a script, with no server started by
hand.
"""

import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import os
import pathlib
import re
import threading
from typing import Any, Callable, Dict, List, Optional, Union

# gRPC has nothing to do in the processes that are forked here. It looks at this when it is loaded.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from pegbox import conversion, errors, job_spec, resources, trial_process  # noqa: E402
from pegbox import space as spaces  # noqa: E402
from pegbox.client import Client, rows_of  # noqa: E402
from pegbox.local_server import LocalServer  # noqa: E402

_LEASE_SECONDS = (
    60.0  # kept alive by a thread; what is left of a killed program goes to others after it
)


@dataclasses.dataclass(frozen=True)
class TuneResult:
    """What a search came to. `best`: the trial with the best value; `trials`: all, by number."""

    job: resources.Job
    best: resources.Trial
    trials: List[resources.Trial]

    @property
    def best_params(self) -> Dict[str, Any]:
        return self.best.params

    @property
    def best_value(self) -> float:
        assert self.best.value is not None
        return self.best.value

    def dataframe(self) -> Any:
        """One row a trial, as a pandas DataFrame. ImportError without pandas; `rows` has the same
        as dicts.
        """
        import pandas

        return pandas.DataFrame(self.rows)

    @property
    def rows(self) -> List[Dict[str, Any]]:
        """One dict a trial: number, state, value, best_step, times, and `param_NAME` for each
        parameter.
        """
        return rows_of(self.trials)


def tune(
    function: trial_process.Function,
    space: spaces.Space,
    *,
    metric: str = "objective",
    goal: str = "minimize",
    max_jobs: int = 20,
    max_parallel_jobs: int = 1,
    seed: Optional[int] = None,
    server: Optional[str] = None,
    data: Union[str, "os.PathLike[str]"] = "./pegbox-data",
    job_id: str = "",
    start_method: str = "fork",
    grace_period: float = 10.0,
    progress: bool = True,
    on_trial: Optional[Callable[[resources.Trial], None]] = None,
    **fields: Any,
) -> TuneResult:
    """Searches for the parameters with the best value of `function(params)`.

    The function runs in processes of its own, `max_parallel_jobs` at once. It returns the value of
    `metric`, or a dict of metrics, or None when it reports by `pegbox.report`, which also lets
    `early_stopping` rules stop it: it gets `grace_period` seconds to end by itself. An exception is
    a failed trial, from which the search learns.

    Without `server` ("host:port") one is started on the folder `data`, unless one runs on it
    already, and ended with the search. `fields` are others of JobSpec, such as
    `early_stopping=[pegbox.Median()]` or `target`. Each trial has a folder with its log and
    checkpoints in `data`/tune/JOB/. `start_method="spawn"` runs the function in fresh interpreters,
    as a program that has used CUDA itself must; the function is then pickled, by cloudpickle where
    it is installed.

    Raises RuntimeError when no trial has a value, with the last failure; otherwise PegboxError. An
    interrupt stops the job.
    """
    _check_start_method(start_method)
    space = {name: spaces.domain_of(name, given) for name, given in space.items()}
    spec = job_spec.JobSpec(
        space,
        metric=metric,
        goal=goal,
        max_jobs=max_jobs,
        max_parallel_jobs=max_parallel_jobs,
        seed=seed,
        display_name=fields.pop("display_name", _display_name(function)),
        **fields,
    )
    conversion.spec_proto(spec)  # what cannot be is told before anything starts
    with contextlib.ExitStack() as stack:
        address = server or stack.enter_context(LocalServer(data)).address
        client = stack.enter_context(Client(address))
        job = client.create_from(spec, job_id=job_id)
        folder = folder_of(data, job.id)
        surroundings = trial_process.Surroundings(metric, folder, start_method, grace_period)
        values = functools.partial(spaces.as_written, space)
        search = Search(client, job, values, function, surroundings)
        search.run(printer(metric) if progress else None, on_trial)
        return _result_of(client, job.id, space, folder)


class Search:
    """The loops that ask for a job's trials and run a function for each: one a slot."""

    def __init__(
        self,
        client: Client,
        job: resources.Job,
        values: Callable[[Dict[str, Any]], Dict[str, Any]],
        function: trial_process.Function,
        surroundings: trial_process.Surroundings,
    ) -> None:
        """`values` makes the function's argument out of a trial's parameters."""
        self._client = client
        self._job = job
        self._values = values
        self._function = function
        self._surroundings = surroundings
        self._is_canceled = threading.Event()
        self._told = threading.Lock()  # one trial's end is told at a time

    def run(self, *listeners: Optional[Callable[[resources.Trial], None]]) -> None:
        """Returns when the job gives out no more trials and all have ended. Stops the job when
        anything is raised.
        """
        slots = min(self._job.max_parallel_jobs, self._job.max_jobs)
        told = [listener for listener in listeners if listener is not None]
        with concurrent.futures.ThreadPoolExecutor(slots, "pegbox-trial") as pool:
            loops = [pool.submit(self._run_slot, slot, slots, told) for slot in range(slots)]
            try:
                for loop in concurrent.futures.as_completed(loops):
                    loop.result()
            except BaseException:
                self._is_canceled.set()
                with contextlib.suppress(errors.PegboxError):  # the first error says more
                    self._client.stop(self._job.id)
                raise

    def cancel(self) -> None:
        """Ends the trials that run; `run` then returns."""
        self._is_canceled.set()

    def _run_slot(
        self, slot: int, slots: int, listeners: List[Callable[[resources.Trial], None]]
    ) -> None:
        while not self._is_canceled.is_set():
            trial = self._client.ask(self._job.id, lease=_LEASE_SECONDS)
            if trial is None:
                return
            variables = {
                "PEGBOX_SEED": str(_seed_of(self._job.seed, trial.number)),
                **_devices_of(slot, slots),
            }
            params = self._values(trial.params)
            with contextlib.suppress(errors.AbortedError):  # somebody else runs it
                trial_process.run(
                    self._function, trial, params, variables, self._surroundings, self._is_canceled
                )
            if trial.result is not None:
                with self._told:
                    for listener in listeners:
                        listener(dataclasses.replace(trial.result, params=params))


def folder_of(data: Union[str, "os.PathLike[str]"], job_id: str) -> pathlib.Path:
    """Where the logs and checkpoints of a job's trials are."""
    return pathlib.Path(data).resolve() / "tune" / job_id


def _result_of(
    client: Client, job_id: str, space: Dict[str, spaces.Domain], folder: pathlib.Path
) -> TuneResult:
    job = client.wait(job_id)
    trials = [
        dataclasses.replace(trial, params=spaces.as_written(space, trial.params))
        for trial in client.trials(job_id)
    ]
    if job.best_trial is None:
        why = f"the job has {job.state.lower()}: {job.end_detail}"
        failures = [(trial.number, trial.failure) for trial in trials if trial.failure is not None]
        if failures:
            number, last = failures[-1]
            log = trial_process.log_path(folder, number)
            why += f"; trial {number}: {last.kind}: {last.detail}; see {log}"
        raise RuntimeError(f"no trial has a value of {job.metric}: {why}")
    return TuneResult(job, trials[job.best_trial - 1], trials)


def printer(metric: str) -> Callable[[resources.Trial], None]:
    """A listener that prints one line a trial."""

    def tell(trial: resources.Trial) -> None:
        what = (
            trial.failure.detail if trial.failure is not None else f"{metric} {_short(trial.value)}"
        )
        params = "  ".join(f"{name}={_short(value)}" for name, value in trial.params.items())
        print(
            f"trial {trial.number} {trial.state.lower().replace('_', ' ')}: {what}  {params}",
            flush=True,
        )

    return tell


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _seed_of(job_seed: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{job_seed}/{number}".encode()).digest()[:8], "big")


def _devices_of(slot: int, slots: int) -> Dict[str, str]:
    """The GPUs of one of several slots; with one slot it keeps all."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = visible.split(",") if visible is not None else _gpus()
    if slots < 2 or not devices or devices == [""]:
        return {}
    return {"CUDA_VISIBLE_DEVICES": ",".join(devices[slot % len(devices) :: slots])}


def _gpus() -> List[str]:
    found = (re.fullmatch(r"nvidia(\d+)", device) for device in os.listdir("/dev"))
    return sorted((match[1] for match in found if match), key=int)


def _display_name(function: Any) -> str:
    name = getattr(function, "__name__", "")
    return name if re.fullmatch(r"\w{1,128}", name, re.ASCII) else "tune"


def _check_start_method(start_method: str) -> None:
    if start_method not in ("fork", "spawn"):
        raise ValueError(f'start_method: must be "fork" or "spawn"; got {start_method!r}')
    import sys

    torch = sys.modules.get("torch")
    if start_method == "fork" and torch is not None and torch.cuda.is_initialized():
        raise ValueError(
            'start_method: must be "spawn" where this program has used CUDA itself, because CUDA '
            'does not survive a fork; got "fork"; or restart the program and use CUDA in the '
            "function only"
        )
