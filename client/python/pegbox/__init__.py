"""Pegbox: hyperparameter tuning that stops the trials not worth their GPU.

In a training program, standard library only: params, report, should_stop, checkpoint_dir. To tune a
function: tune. To talk to a server: Client. Both load grpcio and protobuf when they are first used.
"""

from typing import TYPE_CHECKING, Any, List

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
from pegbox.version import VERSION as __version__

if TYPE_CHECKING:
    from pegbox.client import Client
    from pegbox.errors import (
        AbortedError,
        AlreadyExistsError,
        FailedPreconditionError,
        InvalidArgumentError,
        NotFoundError,
        PegboxError,
        ResourceExhaustedError,
        UnavailableError,
    )
    from pegbox.job_spec import JobSpec, Median, Patience
    from pegbox.local_server import LocalServer
    from pegbox.resources import Event, Failure, Job, Measurement, StopDecision, Trial
    from pegbox.running_trial import RunningTrial
    from pegbox.space import Bool, Categorical, Constant, Discrete, Double, Integer
    from pegbox.tuning import TuneResult, tune

_LOADED_WHEN_USED = {
    "client": ("Client",),
    "errors": (
        "AbortedError",
        "AlreadyExistsError",
        "FailedPreconditionError",
        "InvalidArgumentError",
        "NotFoundError",
        "PegboxError",
        "ResourceExhaustedError",
        "UnavailableError",
    ),
    "job_spec": ("JobSpec", "Median", "Patience"),
    "local_server": ("LocalServer",),
    "resources": ("Event", "Failure", "Job", "Measurement", "StopDecision", "Trial"),
    "running_trial": ("RunningTrial",),
    "space": ("Bool", "Categorical", "Constant", "Discrete", "Double", "Integer"),
    "tuning": ("TuneResult", "tune"),
}
_MODULE_OF = {name: module for module, names in _LOADED_WHEN_USED.items() for name in names}

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
    *_MODULE_OF,
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'pegbox' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"pegbox.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> List[str]:
    return sorted({*globals(), *_MODULE_OF})
