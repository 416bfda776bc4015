"""Optuna's interface on Pegbox: `import pegbox.optuna as optuna`. See docs/from-optuna.md."""

from pegbox.optuna import distributions, exceptions, logging, pruners, samplers, study, trial
from pegbox.optuna.exceptions import OptunaError, TrialPruned
from pegbox.optuna.study import Study, create_study
from pegbox.optuna.trial import FrozenTrial, Trial, TrialState

__all__ = [
    "FrozenTrial",
    "OptunaError",
    "Study",
    "Trial",
    "TrialPruned",
    "TrialState",
    "create_study",
    "distributions",
    "exceptions",
    "logging",
    "pruners",
    "samplers",
    "study",
    "trial",
]
