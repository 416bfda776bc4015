"""Jobs, trials and what belongs to them, as the client gives them: plain values, standard library
only.
"""

import dataclasses
import datetime
from typing import Any, Dict, Optional

LIVE_JOB_STATES = frozenset({"RUNNING", "PAUSED", "STOPPING"})
LIVE_TRIAL_STATES = frozenset({"QUEUED", "RUNNING", "STOPPING"})


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why a trial gave no result. `kind`: EXIT_CODE, SIGNAL, OUT_OF_MEMORY, TIMEOUT, DIVERGED,
    NO_METRIC, LOST, SPAWN.
    """

    kind: str
    detail: str = ""
    exit_code: int = 0
    signal: int = 0


@dataclasses.dataclass(frozen=True)
class StopDecision:
    """Why a trial was told to stop, with the numbers that it rests on."""

    rule: str
    step: int
    value: float
    threshold: float
    compared_trials: int
    explanation: str


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One value of one metric."""

    metric: str
    step: int
    value: float
    attempt: int
    report_time: Optional[datetime.datetime] = None


@dataclasses.dataclass(frozen=True)
class Trial:
    """One evaluation of one set of hyperparameters. `state`: QUEUED, RUNNING, STOPPING, COMPLETED,
    EARLY_STOPPED, FAILED or CANCELED. `value` is the trial's value of the objective, absent
    before the first finite report.
    """

    job_id: str
    number: int
    params: Dict[str, Any]
    state: str
    attempt: int
    value: Optional[float] = None
    best_step: Optional[int] = None
    last_step: Optional[int] = None
    worker: str = ""
    client: str = ""
    stop: Optional[StopDecision] = None
    failure: Optional[Failure] = None
    create_time: Optional[datetime.datetime] = None
    start_time: Optional[datetime.datetime] = None
    end_time: Optional[datetime.datetime] = None
    checkpoint_path: str = ""
    checkpoint_step: Optional[int] = None
    source: str = ""

    @property
    def has_ended(self) -> bool:
        return self.state not in LIVE_TRIAL_STATES

    @property
    def seconds(self) -> Optional[float]:
        """From the start of the first attempt to the end; None before it."""
        if self.start_time is None or self.end_time is None:
            return None
        return (self.end_time - self.start_time).total_seconds()


@dataclasses.dataclass(frozen=True)
class Job:
    """A tuning job. `state`: RUNNING, PAUSED, STOPPING, STOPPED, COMPLETED or FAILED. `counts`:
    trials by state.
    """

    id: str
    state: str
    metric: str
    goal: str
    max_jobs: int
    max_parallel_jobs: int
    seed: int
    display_name: str = ""
    end_reason: str = ""
    end_detail: str = ""
    best_trial: Optional[int] = None
    counts: Dict[str, int] = dataclasses.field(default_factory=dict)
    create_time: Optional[datetime.datetime] = None
    end_time: Optional[datetime.datetime] = None

    @property
    def has_ended(self) -> bool:
        return self.state not in LIVE_JOB_STATES


@dataclasses.dataclass(frozen=True)
class Event:
    """What changed in a job up to `revision`: the job, if it did, trials and measurements by the
    trial's number.
    """

    revision: int
    job: Optional[Job]
    trials: Dict[int, Trial]
    measurements: Dict[int, list]
