"""A study: Optuna's interface over a tuning job that is asked for trials and told what came of
them.

The service must know its search space when a job begins, and an Optuna objective tells it by
running. So the first trial, at the middle of each range, finds out the parameters, and the job
begins with them and with that trial's result. When a later trial asks for a parameter that no trial
has asked for before, it gets a random value, and the next trial begins a new job with it.
"""

import atexit
import collections
import concurrent.futures
import copy
import datetime
import math
import random
import threading
import time
from typing import Any, Callable, Deque, Dict, List, Optional, Sequence, Tuple, Type, Union
import warnings
import weakref

from pegbox import errors, failures, job_spec, resources
from pegbox.client import Client
from pegbox.local_server import LocalServer
from pegbox.optuna import logging, pruners, samplers
from pegbox.optuna.distributions import Distribution
from pegbox.optuna.exceptions import OptunaError, TrialPruned
from pegbox.optuna.trial import FrozenTrial, Trial, TrialState
from pegbox.running_trial import RunningTrial

_MAX_JOBS = 1_000_000  # a study has no limit of its own
_LEASE_SECONDS = 60.0
_Objective = Callable[[Trial], float]
_Callback = Callable[["Study", FrozenTrial], None]


class Study:
    """Thread-safe. Made by `create_study`."""

    metric = "objective"

    def __init__(
        self,
        direction: str,
        sampler: samplers.BaseSampler,
        pruner: pruners.BasePruner,
        study_name: str,
        client: Client,
    ) -> None:
        self.study_name = study_name
        self.sampler = sampler
        self.pruner = pruner
        self.user_attrs: Dict[str, Any] = {}
        self._direction = direction
        self._client = client
        self._lock = threading.RLock()
        # Guarded by _lock.
        self.space: Dict[str, Distribution] = {}  # all that trials have asked for
        self._trials: List[FrozenTrial] = []
        self._running: Dict[int, Tuple[Optional[RunningTrial], str]] = {}  # with its job
        self._enqueued: Deque[Dict[str, Any]] = collections.deque()
        self._job: Optional[resources.Job] = None
        self._job_names: frozenset = frozenset()  # of its parameters
        self._jobs: List[str] = []
        self._to_replay: Optional[FrozenTrial] = None
        self._is_stopped = False
        self.server = client.server
        self._close: Callable[[], Any] = lambda: None

    def close(self) -> None:
        """Stops the study's jobs, and its server if it started one. Harmless to repeat; the end of
        the study, or of the program, does it too.
        """
        self._close()

    @property
    def direction(self) -> str:
        return self._direction

    @property
    def jobs(self) -> List[str]:
        """The ids of the tuning jobs that the study has begun; the last one is the current."""
        return list(self._jobs)

    @property
    def trials(self) -> List[FrozenTrial]:
        return self.get_trials()

    def get_trials(
        self, deepcopy: bool = True, states: Optional[Sequence[TrialState]] = None
    ) -> List[FrozenTrial]:
        """All trials, or those of some states, by number."""
        with self._lock:
            found = [trial for trial in self._trials if states is None or trial.state in states]
            return copy.deepcopy(found) if deepcopy else found

    @property
    def best_trial(self) -> FrozenTrial:
        """ValueError: no trial is complete."""
        complete = self.get_trials(states=(TrialState.COMPLETE,))
        if not complete:
            raise ValueError("No trials are completed yet.")
        sign = 1 if self._direction == "minimize" else -1
        return min(complete, key=lambda trial: sign * trial.value)  # type: ignore[operator]

    @property
    def best_params(self) -> Dict[str, Any]:
        return self.best_trial.params

    @property
    def best_value(self) -> float:
        value = self.best_trial.value
        assert value is not None
        return value

    def set_user_attr(self, key: str, value: Any) -> None:
        self.user_attrs[key] = value

    def enqueue_trial(
        self,
        params: Dict[str, Any],
        user_attrs: Optional[Dict[str, Any]] = None,
        skip_if_exists: bool = False,
    ) -> None:
        """The next trial has these parameters. The search learns from it when it is the study's
        first trial; from others it does not.
        """
        with self._lock:
            if skip_if_exists and any(trial.params == params for trial in self._trials):
                return
            self._enqueued.append({"params": dict(params), "user_attrs": dict(user_attrs or {})})

    def add_trial(self, trial: FrozenTrial) -> None:
        """A trial that was run elsewhere, as `create_trial` makes it. The search learns from it
        when it is the study's first trial; from others it does not.
        """
        with self._lock:
            added = copy.deepcopy(trial)
            added.number = len(self._trials)
            self._trials.append(added)
            for name, distribution in added.distributions.items():
                self.learn_of(name, distribution)
            is_first = self._job is None and self._to_replay is None
            if is_first and added.state == TrialState.COMPLETE:
                self._to_replay = added

    def add_trials(self, trials: Sequence[FrozenTrial]) -> None:
        for trial in trials:
            self.add_trial(trial)

    def trials_dataframe(self) -> Any:
        """One row a trial, with Optuna's columns, as a pandas DataFrame. ImportError without."""
        import pandas

        return pandas.DataFrame([_row(trial) for trial in self.trials])

    def stop(self) -> None:
        """`optimize` returns after the trials that run."""
        self._is_stopped = True

    def ask(self, fixed_distributions: Optional[Dict[str, Distribution]] = None) -> Trial:
        """A trial to run, which `tell` ends. With `fixed_distributions` it has these parameters."""
        with self._lock:
            for name, distribution in (fixed_distributions or {}).items():
                self.learn_of(name, distribution)
            frozen = FrozenTrial(len(self._trials), datetime_start=datetime.datetime.now())
            self._trials.append(frozen)
            enqueued = self._enqueued.popleft() if self._enqueued else None
            self._running[frozen.number] = (None, "")
            if enqueued is not None:
                frozen.user_attrs.update(enqueued["user_attrs"])
                trial = Trial(self, frozen, None, {}, enqueued["params"])
            else:
                trial = self._ask_service(frozen)
        for name, distribution in (fixed_distributions or {}).items():
            trial.suggest(name, distribution)
        return trial

    def tell(
        self,
        trial: Union[Trial, int],
        values: Union[None, float, Sequence[float]] = None,
        state: Optional[TrialState] = None,
        skip_if_finished: bool = False,
    ) -> FrozenTrial:
        """Ends a trial with its value, or with the state FAIL or PRUNED."""
        number = trial if isinstance(trial, int) else trial.number
        value = values[0] if isinstance(values, Sequence) else values
        with self._lock:
            frozen = self._trials[number]
            if number not in self._running:
                if skip_if_finished:
                    return copy.deepcopy(frozen)
                raise ValueError(f"trial {number} was told before, with {frozen.state.name}")
        if state is None:
            is_number = value is not None and not math.isnan(float(value))
            state = TrialState.COMPLETE if is_number else TrialState.FAIL
        if state == TrialState.PRUNED and value is None and frozen.last_step is not None:
            value = frozen.intermediate_values[frozen.last_step]
        failure = None
        if state == TrialState.FAIL:
            kind = "DIVERGED" if value is not None else "EXIT_CODE"
            failure = resources.Failure(kind, f"the objective gave {value}", exit_code=1)
        return self._end(frozen, state, value, failure)

    def optimize(
        self,
        func: _Objective,
        n_trials: Optional[int] = None,
        timeout: Optional[float] = None,
        n_jobs: int = 1,
        catch: Union[Type[Exception], Sequence[Type[Exception]]] = (),
        callbacks: Optional[Sequence[_Callback]] = None,
        gc_after_trial: bool = False,
        show_progress_bar: bool = False,
    ) -> None:
        """Runs trials, `n_jobs` at once in threads, until there were `n_trials`, `timeout` seconds
        are over, or `stop` is called. An exception that `catch` does not name goes on.
        """
        self._is_stopped = False
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        left = iter(range(n_trials)) if n_trials is not None else iter(int, 1)
        lock = threading.Lock()
        caught = (catch,) if isinstance(catch, type) else tuple(catch)

        def loop() -> None:
            while not self._is_stopped and time.monotonic() < deadline:
                with lock:
                    if next(left, None) is None:
                        return
                frozen = self._run_one(func, caught)
                for callback in callbacks or ():
                    callback(self, frozen)

        if n_jobs == 1:
            loop()
            return
        with concurrent.futures.ThreadPoolExecutor(n_jobs) as pool:
            loops = [pool.submit(loop) for _ in range(n_jobs)]
            try:
                for done in concurrent.futures.as_completed(loops):
                    done.result()
            finally:
                self.stop()

    def suggest_new(self, number: int, name: str, distribution: Distribution) -> Any:
        """The value of a parameter that the job of a trial does not have."""
        if number == 0:
            return distribution.middle()
        return distribution.sample(random.Random(f"{self.sampler.seed}/{number}/{name}"))

    def learn_of(self, name: str, distribution: Distribution) -> None:
        """A trial has asked for this parameter. The first range of a name counts."""
        with self._lock:
            self.space.setdefault(name, distribution)

    def _run_one(self, func: _Objective, caught: Tuple[Type[Exception], ...]) -> FrozenTrial:
        trial = self.ask()
        try:
            value = func(trial)
        except TrialPruned:
            frozen = self.tell(trial, state=TrialState.PRUNED)
        except BaseException as error:
            failure = failures.failure_of(error)
            frozen = self._end(self._trials[trial.number], TrialState.FAIL, None, failure)
            if not isinstance(error, caught):
                raise
        else:
            if isinstance(value, Sequence) and len(value) != 1:
                self.tell(trial, state=TrialState.FAIL)
                raise ValueError("Pegbox has one objective; the function returned several values")
            frozen = self.tell(trial, value)
        logging.get_logger("study").info(
            "trial %d %s %s %s", frozen.number, frozen.state.name, frozen.value, frozen.params
        )
        return frozen

    def _ask_service(self, frozen: FrozenTrial) -> Trial:
        if not self.space:
            return Trial(self, frozen, None, {}, {})
        if self._job is None or frozenset(self.space) != self._job_names:
            self._begin_job()
        assert self._job is not None
        on_job = sum(job_id == self._job.id for _, job_id in self._running.values())
        if on_job + 1 > self._job.max_parallel_jobs:
            self._job = self._client.update(self._job.id, max_parallel_jobs=on_job + 1)
        running = self._ask_job()
        self._running[frozen.number] = (running, self._job.id)
        return Trial(self, frozen, running, running.params, {})

    def _ask_job(self) -> RunningTrial:
        assert self._job is not None
        running = self._client.ask(self._job.id, lease=_LEASE_SECONDS)
        if running is None:
            job = self._client.get(self._job.id)
            raise OptunaError(f"the job {job.id} has ended: {job.state} {job.end_detail}")
        return running.__enter__()  # kept alive until it is told, or this program ends

    def _begin_job(self) -> None:
        """A job for all parameters known. It learns of the trial that made it necessary."""
        if self._job is not None:
            self._client.pause(self._job.id)
        replayed, self._to_replay = self._to_replay, None
        start = {} if replayed is None else replayed.params
        spec = job_spec.JobSpec(
            {name: known.domain(start.get(name)) for name, known in self.space.items()},
            metric=self.metric,
            goal=self._direction,
            scope="last",
            max_jobs=_MAX_JOBS,
            algorithm=self.sampler.algorithm,
            seed=None if self.sampler.seed is None else self.sampler.seed + len(self._jobs),
            early_stopping=self.pruner.rules,
            max_consecutive_failures=0,
            display_name=self.study_name,
        )
        self._job = self._client.create_from(spec)
        self._job_names = frozenset(self.space)
        self._jobs.append(self._job.id)
        if replayed is not None:
            self._replay(replayed)

    def _replay(self, trial: FrozenTrial) -> None:
        running = self._ask_job()
        told = {n: self.space[n].value_of(v) for n, v in running.params.items()}
        if not all(_is_same(told[name], value) for name, value in trial.params.items()):
            # It lies beside the ranges that the job has: this point is another one.
            running.fail(resources.Failure("LOST", "handed back"))
            return
        for step, value in sorted(trial.intermediate_values.items()):
            running.report({self.metric: value}, step=step)
        self._complete(running, trial, None)

    def _end(
        self,
        frozen: FrozenTrial,
        state: TrialState,
        value: Optional[float],
        failure: Optional[resources.Failure],
    ) -> FrozenTrial:
        with self._lock:
            running, job_id = self._running.pop(frozen.number)
            frozen.state = state
            frozen.value = None if value is None else float(value)
            frozen.datetime_complete = datetime.datetime.now()
            is_first = running is None and self._job is None and self._to_replay is None
            has_news = running is not None and not self._job_names >= frozenset(frozen.params)
            if (is_first or has_news) and state != TrialState.FAIL:
                self._to_replay = frozen
        if running is not None:
            self._complete(running, frozen, failure)
        return copy.deepcopy(frozen)

    def _complete(
        self, running: RunningTrial, frozen: FrozenTrial, failure: Optional[resources.Failure]
    ) -> None:
        try:
            if failure is not None:
                running.fail(failure)
            elif frozen.state == TrialState.COMPLETE and frozen.value is not None:
                last = frozen.last_step
                step = 0 if last is None else last + 1
                running.complete({self.metric: frozen.value}, step=step)
            else:
                running.complete()
        except errors.AbortedError:
            pass  # its lease ended while this program was held up; the study has the result


class MaxTrialsCallback:
    """A callback of `optimize` that stops it when the study has so many trials in these states."""

    def __init__(
        self,
        n_trials: int,
        states: Optional[Sequence[TrialState]] = (TrialState.COMPLETE,),
    ) -> None:
        self._n_trials = n_trials
        self._states = states

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        if len(study.get_trials(deepcopy=False, states=self._states)) >= self._n_trials:
            study.stop()


def create_study(
    *,
    storage: Optional[str] = None,
    sampler: Optional[samplers.BaseSampler] = None,
    pruner: Optional[pruners.BasePruner] = None,
    study_name: Optional[str] = None,
    direction: Optional[str] = None,
    load_if_exists: bool = False,
    directions: Optional[Sequence[str]] = None,
    data: str = "./pegbox-data",
) -> Study:
    """A new study. `storage` is a Pegbox server, "host:port"; without it one is started on the
    folder `data`, and ended with the program. The pruner is a MedianPruner when absent.
    """
    wanted = list(directions) if directions is not None else [direction or "minimize"]
    if len(wanted) != 1:
        raise ValueError(f"directions: Pegbox has one objective; got {len(wanted)}")
    name = str(getattr(wanted[0], "name", wanted[0])).lower()
    if name not in ("minimize", "maximize"):
        raise ValueError(f"direction: must be minimize or maximize; got {wanted[0]!r}")
    if storage is not None and "://" in storage:
        warnings.warn(f"storage: {storage} is not used; the study is kept in {data}", stacklevel=2)
        storage = None
    server = LocalServer(data) if storage is None else None
    client = Client(storage if server is None else server.address)
    names = {job.display_name for job in client.list()} if load_if_exists else set()
    if study_name is not None and study_name in names:
        _close(client, [], server)
        raise ValueError(
            f"load_if_exists: the study {study_name!r} of an earlier program cannot be taken up "
            "again; choose another name"
        )
    study = Study(
        name,
        sampler or samplers.TPESampler(),
        pruner or pruners.MedianPruner(),
        study_name or "study",
        client,
    )
    close = weakref.finalize(study, _close, client, study._jobs, server)
    close.atexit = False
    atexit.register(close)  # before gRPC and the threads are gone
    study._close = close
    return study


def _close(client: Client, jobs: List[str], server: Optional[LocalServer]) -> None:
    try:
        for job_id in jobs:
            client.stop(job_id)
    except errors.PegboxError:
        pass  # the server is away; the jobs rest where they are
    client.close()
    if server is not None:
        server.close()


def _is_same(told: Any, value: Any) -> bool:
    """The service rounds doubles to 14 digits."""
    if isinstance(value, float):
        return math.isclose(told, value, rel_tol=1e-9)
    return told == value


def _row(trial: FrozenTrial) -> Dict[str, Any]:
    row: Dict[str, Any] = {
        "number": trial.number,
        "value": trial.value,
        "datetime_start": trial.datetime_start,
        "datetime_complete": trial.datetime_complete,
        "duration": trial.duration,
    }
    row.update((f"params_{name}", value) for name, value in sorted(trial.params.items()))
    row.update((f"user_attrs_{name}", value) for name, value in sorted(trial.user_attrs.items()))
    row["state"] = trial.state.name
    return row
