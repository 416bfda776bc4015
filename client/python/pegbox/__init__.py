"""Pegbox: hyperparameter tuning that stops the trials not worth their GPU.

In a training program, standard library only: params, report, should_stop, checkpoint_dir.
"""

from pegbox.in_trial import (
    TrialStopped,
    Verdict,
    attempt,
    checkpoint_dir,
    is_trial,
    params,
    report,
    seed,
    should_stop,
    trial_name,
)

__all__ = [
    "TrialStopped",
    "Verdict",
    "__version__",
    "attempt",
    "checkpoint_dir",
    "is_trial",
    "params",
    "report",
    "seed",
    "should_stop",
    "trial_name",
]
