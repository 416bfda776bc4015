"""Optuna's pruners by name: each stands for a stopping rule of Pegbox. Those without one are not
here.
"""

from typing import Optional, Sequence

from pegbox import job_spec


class BasePruner:
    """`rules` are those of the job."""

    rules: Sequence[job_spec.Rule] = ()


class NopPruner(BasePruner):
    """Never prunes."""


class MedianPruner(BasePruner):
    """The median rule, which compares a trial's best value with the median of the others' running
    averages.
    """

    def __init__(
        self,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        *,
        n_min_trials: int = 1,
    ) -> None:
        if interval_steps != 1:
            raise ValueError(f"interval_steps: Pegbox looks at each report; got {interval_steps}")
        least = max(n_startup_trials, n_min_trials, 1)
        self.rules = [job_spec.Median(least, n_warmup_steps)]


class PatientPruner(BasePruner):
    """The patience rule, or that and the rules of the pruner it wraps: any of them ends a trial."""

    def __init__(
        self, wrapped_pruner: Optional[BasePruner], patience: int, min_delta: float = 0.0
    ) -> None:
        rules = list(wrapped_pruner.rules) if wrapped_pruner is not None else []
        self.rules = [*rules, job_spec.Patience(max(patience, 1), min_delta)]
