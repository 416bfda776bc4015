"""Optuna's interface on Pegbox: `import pegbox.optuna as optuna`. See docs/from-optuna.md."""

from pegbox.optuna import distributions, exceptions, logging, pruners, samplers, study, trial
from pegbox.optuna.exceptions import OptunaError, TrialPruned
from pegbox.optuna.study import Study, create_study
from pegbox.optuna.trial import FixedTrial, FrozenTrial, Trial, TrialState, create_trial

__all__ = [
    "FixedTrial",
    "FrozenTrial",
    "OptunaError",
    "Study",
    "Trial",
    "TrialPruned",
    "TrialState",
    "create_study",
    "create_trial",
    "distributions",
    "exceptions",
    "logging",
    "pruners",
    "samplers",
    "study",
    "trial",
]
