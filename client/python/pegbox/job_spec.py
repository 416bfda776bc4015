"""What a tuning job is: the job file's keys as Python values. Standard library only."""

import dataclasses
from typing import Mapping, Optional, Sequence, Union

from pegbox import space as spaces


@dataclasses.dataclass(frozen=True)
class Median:
    """Stops a trial whose best value is worse than the median of the completed trials' averages up
    to its step.
    """

    min_completed_trials: Optional[int] = None
    min_steps: Optional[int] = None


@dataclasses.dataclass(frozen=True)
class Patience:
    """Ends a trial after `patience` reports in a row not better by more than `min_delta`."""

    patience: int
    min_delta: Optional[float] = None
    min_steps: Optional[int] = None


Rule = Union[Median, Patience]


@dataclasses.dataclass(frozen=True)
class JobSpec:
    """As docs/job-file.md says for each key; times are in seconds. What is None takes the server's
    default.

    Without a `command` the job's trials are for programs that ask for them, such as `pegbox.tune`
    and `Client.ask`.
    """

    space: spaces.Space
    metric: str = "objective"
    goal: str = "minimize"
    max_jobs: int = 20
    max_parallel_jobs: int = 1
    target: Optional[float] = None
    scope: str = "best"
    algorithm: str = "bayesian"
    seed: Optional[int] = None
    early_stopping: Sequence[Rule] = ()
    max_runtime: Optional[float] = None
    max_consecutive_failures: Optional[int] = None
    display_name: str = ""
    command: Sequence[str] = ()
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    working_directory: str = ""
    metric_definitions: Mapping[str, str] = dataclasses.field(default_factory=dict)
    grace_period: Optional[float] = None
    trial_max_runtime: Optional[float] = None
