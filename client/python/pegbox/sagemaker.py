"""SageMaker's HyperparameterTuner on a Pegbox of this machine, or on a server.

The names and arguments are SageMaker's. In place of an estimator stands a command or a function:
see Estimator. What Pegbox does not have raises a ValueError that names it; nothing is dropped
silently.
"""

import contextlib
import dataclasses
import datetime
import os
import re
import threading
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union
import warnings

from pegbox import conversion, job_spec, resources, trial_process, tuning
from pegbox import space as spaces
from pegbox.client import Client
from pegbox.local_server import LocalServer, LocalWorker

Command = Sequence[str]
Data = Union[str, "os.PathLike[str]"]

_WORKER_POLL_SECONDS = 0.2
_LOG_RATIO = 1_000  # max / min from which scaling_type "Auto" is logarithmic
_SCALES = {"Linear": "linear", "Logarithmic": "log", "ReverseLogarithmic": "reverse_log"}
_RULES: Dict[str, Sequence[job_spec.Rule]] = {"Off": (), "Auto": (job_spec.Median(),)}
_GOALS = {"Maximize": "maximize", "Minimize": "minimize"}
_STATUS = {
    "QUEUED": "InProgress",
    "RUNNING": "InProgress",
    "STOPPING": "Stopping",
    "COMPLETED": "Completed",
    "EARLY_STOPPED": "Stopped",
    "CANCELED": "Stopped",
    "FAILED": "Failed",
}
_JOB_STATUS = {
    "RUNNING": "InProgress",
    "PAUSED": "InProgress",
    "STOPPING": "Stopping",
    "STOPPED": "Stopped",
    "COMPLETED": "Completed",
    "FAILED": "Failed",
}


@dataclasses.dataclass(frozen=True)
class ContinuousParameter:
    """A number of a range. `scaling_type`: Auto, Linear, Logarithmic, ReverseLogarithmic. Auto is
    logarithmic from a ratio of 1,000 on.
    """

    min_value: float
    max_value: float
    scaling_type: str = "Auto"

    def domain(self, name: str) -> spaces.Domain:
        """Of the service. ValueError, naming the parameter: an unknown scale."""
        scale = _scale_of(self, name)
        return spaces.Double(float(self.min_value), float(self.max_value), scale=scale)


@dataclasses.dataclass(frozen=True)
class IntegerParameter:
    """A whole number of a range. `scaling_type` as ContinuousParameter's, without
    ReverseLogarithmic.
    """

    min_value: int
    max_value: int
    scaling_type: str = "Auto"

    def domain(self, name: str) -> spaces.Domain:
        """Of the service. ValueError, naming the parameter: an unknown scale."""
        return spaces.Integer(int(self.min_value), int(self.max_value), scale=_scale_of(self, name))


@dataclasses.dataclass(frozen=True)
class CategoricalParameter:
    """One of some values, or always the one. A function gets them as they are written here."""

    values: Any

    def domain(self, name: str) -> spaces.Domain:
        """Of the service, which has texts only."""
        texts = [str(value) for value in self._list()]
        return spaces.Categorical(texts) if len(texts) > 1 else spaces.Constant(texts[0])

    def value_of(self, text: str) -> Any:
        """The value that the service has as this text."""
        return next(value for value in self._list() if str(value) == text)

    def _list(self) -> List[Any]:
        return list(self.values) if isinstance(self.values, (list, tuple)) else [self.values]


Range = Union[ContinuousParameter, IntegerParameter, CategoricalParameter]


@dataclasses.dataclass(frozen=True)
class TuningJobCompletionCriteriaConfig:
    """Ends the job when a trial reaches `target_objective_metric_value`. The others are refused."""

    max_number_of_training_jobs_not_improving: Optional[int] = None
    complete_on_convergence: Optional[bool] = None
    target_objective_metric_value: Optional[float] = None


class Estimator:
    """What is run for each trial, in place of SageMaker's estimators.

    A command, such as ["python3", "train.py"], gets its hyperparameters as SageMaker's script mode
    gives them, `--lr 0.01` for each, unless it has placeholders such as "{lr}"; they are texts on
    its command line and in $PEGBOX_PARAMS. A function is called with a dict of them, as
    `pegbox.tune` does.
    """

    def __init__(
        self,
        run: Union[Command, trial_process.Function],
        *,
        hyperparameters: Optional[Mapping[str, Any]] = None,
        hyperparameter_ranges: Optional[Mapping[str, Range]] = None,
        environment: Optional[Mapping[str, str]] = None,
        working_directory: Data = ".",
        data: Data = "./pegbox-data",
        server: Optional[str] = None,
        grace_period: float = 10.0,
    ) -> None:
        """`hyperparameters` are the same in all trials; `hyperparameter_ranges` are those of a
        tuner that names none. A server, and a worker for commands, are started on the folder
        `data`; or `server`, "host:port", with its workers, runs the trials.
        """
        self.function: Optional[trial_process.Function] = run if callable(run) else None
        self.command: Command = () if callable(run) else tuple(run)
        if isinstance(run, str) or not (callable(run) or self.command):
            raise ValueError(
                f'run: must be a function or a list such as ["python3", "train.py"]; got {run!r}'
            )
        self.fixed = dict(hyperparameters or {})
        self.hyperparameter_ranges = dict(hyperparameter_ranges or {})
        self.environment = dict(environment or {})
        self.working_directory = os.path.abspath(working_directory)
        self.data = data
        self.server = server
        self.grace_period = grace_period

    def hyperparameters(self) -> Dict[str, Any]:
        """Those that are the same in all trials."""
        return dict(self.fixed)

    def set_hyperparameters(self, **hyperparameters: Any) -> None:
        self.fixed.update(hyperparameters)


class HyperparameterTuner:
    """A tuning job with SageMaker's interface. Times are in seconds."""

    def __init__(
        self,
        estimator: Union[Estimator, Command, trial_process.Function],
        objective_metric_name: str,
        hyperparameter_ranges: Optional[Mapping[str, Range]] = None,
        metric_definitions: Optional[Sequence[Mapping[str, str]]] = None,
        strategy: str = "Bayesian",
        objective_type: str = "Maximize",
        max_jobs: int = 1,
        max_parallel_jobs: int = 1,
        max_runtime_in_seconds: Optional[float] = None,
        tags: Optional[Any] = None,
        base_tuning_job_name: Optional[str] = None,
        warm_start_config: Optional[Any] = None,
        strategy_config: Optional[Any] = None,
        completion_criteria_config: Optional[TuningJobCompletionCriteriaConfig] = None,
        early_stopping_type: str = "Off",
        estimator_name: Optional[str] = None,
        random_seed: Optional[int] = None,
        autotune: bool = False,
        hyperparameters_to_keep_static: Optional[Sequence[str]] = None,
    ) -> None:
        """ValueError: a rule is broken, or Pegbox does not have what is asked for."""
        self.estimator = estimator if isinstance(estimator, Estimator) else Estimator(estimator)
        self.objective_metric_name = objective_metric_name
        self.ranges = dict(hyperparameter_ranges or self.estimator.hyperparameter_ranges)
        criteria = completion_criteria_config or TuningJobCompletionCriteriaConfig()
        _refuse(
            warm_start_config=warm_start_config,
            strategy_config=strategy_config,
            estimator_name=estimator_name,
            autotune=autotune,
            hyperparameters_to_keep_static=hyperparameters_to_keep_static,
            max_number_of_training_jobs_not_improving=(
                criteria.max_number_of_training_jobs_not_improving
            ),
            complete_on_convergence=criteria.complete_on_convergence,
        )
        if tags:
            warnings.warn("tags: Pegbox has none; they are not stored", stacklevel=2)
        if metric_definitions and self.estimator.function is not None:
            raise ValueError(
                "metric_definitions: are for commands; a function returns its metrics, or reports "
                "them by pegbox.report"
            )
        if not self.ranges:
            raise ValueError(
                "hyperparameter_ranges: must have at least one range, here or in the Estimator; "
                "got none"
            )
        self._base_name = base_tuning_job_name or "tuning"
        self._spec = job_spec.JobSpec(
            space=self._space(),
            metric=objective_metric_name,
            goal=_choose("objective_type", _GOALS, objective_type),
            max_jobs=max_jobs,
            max_parallel_jobs=max_parallel_jobs,
            target=criteria.target_objective_metric_value,
            algorithm=strategy.lower(),
            seed=random_seed,
            early_stopping=_choose("early_stopping_type", _RULES, early_stopping_type),
            max_runtime=max_runtime_in_seconds,
            display_name=self._base_name,
            metric_definitions={each["Name"]: each["Regex"] for each in metric_definitions or ()},
            grace_period=self.estimator.grace_period,
        )
        conversion.spec_proto(self._spec)  # what cannot be is told before anything starts
        self._run: Optional[_Run] = None

    def fit(
        self, inputs: Any = None, job_name: Optional[str] = None, wait: bool = True, **unused: Any
    ) -> None:
        """Starts the job; with `wait` returns when it has ended, as `wait()` does.

        `inputs` are local folders by channel, {"training": "/data"}, or one for the channel
        "training": the trials find them in $SM_CHANNEL_TRAINING.
        """
        _refuse(**unused)
        if self._run is not None and self._run.is_alive():
            raise ValueError(f"fit: the job {self._run.job.id} still runs; wait for it or stop it")
        environment = {**self.estimator.environment, **_channels(inputs)}
        name = job_name or f"{self._base_name}-{datetime.datetime.now():%y%m%d-%H%M%S-%f}"[:63]
        self._run = _Run(self.estimator, self._spec, environment, _id_from(name), self._values)
        if wait:
            self.wait()

    def wait(self) -> None:
        """Returns when the job has ended. RuntimeError: it failed. An interrupt stops the job."""
        self._started().wait()

    def stop_tuning_job(self) -> None:
        """Stops the job and its trials; does not wait."""
        self._started().stop()

    @property
    def latest_tuning_job(self) -> "TuningJobName":
        """With the `name` of the job that `fit` started."""
        return TuningJobName(self._started().job.id)

    def best_training_job(self) -> str:
        """The name of the best trial so far, `JOB/N`, as the command line takes it. ValueError: no
        trial has a value.
        """
        run = self._started()
        return _training_job_name(run.best())

    def best_estimator(self) -> Estimator:
        """The estimator with the best trial's hyperparameters."""
        run = self._started()
        best = Estimator(
            self.estimator.function or self.estimator.command,
            hyperparameters=self._values(run.best().params),
            environment=self.estimator.environment,
            working_directory=self.estimator.working_directory,
            data=self.estimator.data,
            server=self.estimator.server,
        )
        return best

    def describe(self) -> Dict[str, Any]:
        """The main fields of SageMaker's DescribeHyperParameterTuningJob."""
        run = self._started()
        job, trials = run.snapshot()
        statuses = [_STATUS[trial.state] for trial in trials]
        description = {
            "HyperParameterTuningJobName": job.id,
            "HyperParameterTuningJobStatus": _JOB_STATUS[job.state],
            "CreationTime": job.create_time,
            "HyperParameterTuningEndTime": job.end_time,
            "TrainingJobStatusCounters": {
                "Completed": statuses.count("Completed"),
                "InProgress": statuses.count("InProgress") + statuses.count("Stopping"),
                "Stopped": statuses.count("Stopped"),
                "NonRetryableError": statuses.count("Failed"),
            },
        }
        if job.best_trial is not None:
            description["BestTrainingJob"] = self._summary(trials[job.best_trial - 1])
        return description

    def analytics(self) -> "HyperparameterTuningJobAnalytics":
        return HyperparameterTuningJobAnalytics(self)

    def training_job_summaries(self) -> List[Dict[str, Any]]:
        """One dict a trial that has started, with SageMaker's names."""
        _, trials = self._started().snapshot()
        return [self._summary(trial) for trial in trials if trial.start_time is not None]

    def _summary(self, trial: resources.Trial) -> Dict[str, Any]:
        tuned = self._values(trial.params)
        summary: Dict[str, Any] = {
            "TrainingJobName": _training_job_name(trial),
            "TrainingJobStatus": _STATUS[trial.state],
            "TunedHyperParameters": {name: tuned[name] for name in self.ranges if name in tuned},
            "TrainingStartTime": trial.start_time,
            "TrainingEndTime": trial.end_time,
        }
        if trial.failure is not None:
            summary["FailureReason"] = trial.failure.detail
        if trial.value is not None:
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = {
                "MetricName": self.objective_metric_name,
                "Value": trial.value,
            }
        return summary

    def _started(self) -> "_Run":
        if self._run is None:
            raise ValueError("there is no tuning job yet; call fit first")
        return self._run

    def _space(self) -> Dict[str, spaces.Domain]:
        fixed = {
            name: spaces.Constant(_plain(value)) for name, value in self.estimator.fixed.items()
        }
        tuned = {name: given.domain(name) for name, given in self.ranges.items()}
        return {**fixed, **tuned}

    def _values(self, params: Mapping[str, Any]) -> Dict[str, Any]:
        """As the ranges and hyperparameters were written, not as the service has them."""
        values = {**self.estimator.fixed}
        for name, value in params.items():
            given = self.ranges.get(name)
            if isinstance(given, CategoricalParameter):
                values[name] = given.value_of(value)
            elif given is not None:
                values[name] = value
        return values


@dataclasses.dataclass(frozen=True)
class TuningJobName:
    """A job's name."""

    name: str


class HyperparameterTuningJobAnalytics:
    """What came of a job's trials, as a table."""

    def __init__(self, tuner: HyperparameterTuner) -> None:
        self._tuner = tuner

    def rows(self) -> List[Dict[str, Any]]:
        """One dict a trial: the hyperparameters and SageMaker's columns."""
        return [_table_row(summary) for summary in self._tuner.training_job_summaries()]

    def dataframe(self, force_refresh: bool = False) -> Any:
        """`rows` as a pandas DataFrame, always fresh. ImportError without pandas."""
        import pandas

        return pandas.DataFrame(self.rows())

    @property
    def tuning_ranges(self) -> Dict[str, Range]:
        return dict(self._tuner.ranges)

    def description(self, force_refresh: bool = False) -> Dict[str, Any]:
        return self._tuner.describe()


class _Run:
    """A job from `fit` to its end. Its server, if it has one of its own, ends with it."""

    def __init__(
        self,
        estimator: Estimator,
        spec: job_spec.JobSpec,
        environment: Mapping[str, str],
        job_id: str,
        values: Callable[[Mapping[str, Any]], Dict[str, Any]],
    ) -> None:
        self._estimator = estimator
        self._environment = environment
        self._values = values
        self._search: Optional[tuning.Search] = None  # of a function
        self._result: Optional[tuple] = None  # the job and its trials, at the end
        self._error: Optional[BaseException] = None
        with contextlib.ExitStack() as stack:
            address = estimator.server
            if address is None:
                address = stack.enter_context(LocalServer(estimator.data)).address
            self._client = stack.enter_context(Client(address))
            self.job = self._client.create_from(self._complete(spec), job_id=job_id)
            self._stack = stack.pop_all()
        self._thread = threading.Thread(
            target=self._follow, args=(address,), name=f"pegbox-{self.job.id}"
        )
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        if self.is_alive():
            self._client.stop(self.job.id)
        if self._search is not None:
            self._search.cancel()

    def wait(self) -> None:
        try:
            self._thread.join()
        except KeyboardInterrupt:
            self.stop()
            self._thread.join()
            raise
        if self._error is not None:
            raise self._error
        job, trials = self.snapshot()
        if job.state == "FAILED":
            failures = [trial.failure.detail for trial in trials if trial.failure is not None]
            raise RuntimeError(f"the job {job.id} failed: {job.end_detail}: {failures[-1:]}")

    def snapshot(self) -> tuple:
        """The job and its trials by number, as they are now."""
        if self._result is not None:
            return self._result
        return self._client.get(self.job.id), self._client.trials(self.job.id)

    def best(self) -> resources.Trial:
        job, trials = self.snapshot()
        if job.best_trial is None:
            raise ValueError(f"the job {job.id} has no trial with a value")
        return trials[job.best_trial - 1]

    def _complete(self, spec: job_spec.JobSpec) -> job_spec.JobSpec:
        if self._estimator.function is not None:
            return spec
        command = list(self._estimator.command)
        if not any("{" in argument for argument in command):
            command += [part for name in spec.space for part in (f"--{name}", f"{{{name}}}")]
        return dataclasses.replace(
            spec,
            command=command,
            environment=self._environment,
            working_directory=self._estimator.working_directory,
        )

    def _follow(self, address: str) -> None:
        try:
            with self._stack:
                if self._estimator.function is not None:
                    self._run_function(self._estimator.function)
                else:
                    self._await_workers(address)
                job = self._client.wait(self.job.id)
                self._result = (job, self._client.trials(job.id))
        except BaseException as error:  # wait() raises it
            self._error = error

    def _run_function(self, function: trial_process.Function) -> None:
        folder = tuning.folder_of(self._estimator.data, self.job.id)
        surroundings = trial_process.Surroundings(
            self.job.metric, folder, "fork", self._estimator.grace_period, self._environment
        )
        self._search = tuning.Search(self._client, self.job, self._values, function, surroundings)
        self._search.run(tuning.printer(self.job.metric))

    def _await_workers(self, address: str) -> None:
        """A worker of its own for a server of its own."""
        if self._estimator.server is not None:
            self._client.wait(self.job.id)
            return
        with LocalWorker(address, self._estimator.data, self.job.max_parallel_jobs) as worker:
            while not self._client.get(self.job.id).has_ended:
                if worker.wait(_WORKER_POLL_SECONDS):
                    raise RuntimeError(f"pegbox-worker has ended; see {worker.log}")


def _table_row(summary: Mapping[str, Any]) -> Dict[str, Any]:
    start, end = summary["TrainingStartTime"], summary["TrainingEndTime"]
    objective = summary.get("FinalHyperParameterTuningJobObjectiveMetric", {})
    return {
        **{name: _as_float(value) for name, value in summary["TunedHyperParameters"].items()},
        "TrainingJobName": summary["TrainingJobName"],
        "TrainingJobStatus": summary["TrainingJobStatus"],
        "FinalObjectiveValue": objective.get("Value"),
        "TrainingStartTime": start,
        "TrainingEndTime": end,
        "TrainingElapsedTimeSeconds": (end - start).total_seconds() if end is not None else None,
    }


def _as_float(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def _training_job_name(trial: resources.Trial) -> str:
    return f"{trial.job_id}/{trial.number}"


def _scale_of(given: Any, name: str) -> str:
    if given.scaling_type == "Auto":
        is_wide = given.min_value > 0 and given.max_value / given.min_value >= _LOG_RATIO
        return "log" if is_wide else "linear"
    field = f'hyperparameter_ranges["{name}"].scaling_type'
    return _choose(field, {"Auto": "", **_SCALES}, given.scaling_type)


def _choose(field: str, choices: Mapping[str, Any], given: str) -> Any:
    if given not in choices:
        raise ValueError(f"{field}: must be one of {', '.join(choices)}; got {given!r}")
    return choices[given]


def _refuse(**arguments: Any) -> None:
    for name, value in arguments.items():
        if value:
            raise ValueError(f"{name}: Pegbox does not have it; leave it out; got {value!r}")


def _plain(value: Any) -> spaces.Value:
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def _channels(inputs: Any) -> Dict[str, str]:
    channels = inputs if isinstance(inputs, Mapping) else {"training": inputs}
    variables = {}
    for name, folder in channels.items():
        if folder is None:
            continue
        if not isinstance(folder, (str, os.PathLike)) or "://" in str(folder):
            raise ValueError(
                f'inputs["{name}"]: must be a folder of this machine; got {folder!r}; copy it here'
            )
        variables[f"SM_CHANNEL_{re.sub(r'[^A-Z0-9]', '_', name.upper())}"] = os.path.abspath(folder)
    return variables


def _id_from(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:63]
