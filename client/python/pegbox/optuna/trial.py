"""A trial of a study: what an objective asks for, and what came of it."""

import dataclasses
import datetime
import enum
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence
import warnings

from pegbox.optuna.distributions import (
    CategoricalDistribution,
    Distribution,
    FloatDistribution,
    IntDistribution,
)
from pegbox.running_trial import RunningTrial

if TYPE_CHECKING:
    from pegbox.optuna.study import Study


class TrialState(enum.IntEnum):
    """As Optuna's."""

    RUNNING = 0
    COMPLETE = 1
    PRUNED = 2
    FAIL = 3
    WAITING = 4

    def is_finished(self) -> bool:
        return self not in (TrialState.RUNNING, TrialState.WAITING)


@dataclasses.dataclass
class FrozenTrial:
    """What is known of a trial."""

    number: int
    state: TrialState = TrialState.RUNNING
    value: Optional[float] = None
    params: Dict[str, Any] = dataclasses.field(default_factory=dict)
    distributions: Dict[str, Distribution] = dataclasses.field(default_factory=dict)
    user_attrs: Dict[str, Any] = dataclasses.field(default_factory=dict)
    system_attrs: Dict[str, Any] = dataclasses.field(default_factory=dict)
    intermediate_values: Dict[int, float] = dataclasses.field(default_factory=dict)
    datetime_start: Optional[datetime.datetime] = None
    datetime_complete: Optional[datetime.datetime] = None

    @property
    def values(self) -> Optional[List[float]]:
        return None if self.value is None else [self.value]

    @property
    def last_step(self) -> Optional[int]:
        return max(self.intermediate_values, default=None)

    @property
    def duration(self) -> Optional[datetime.timedelta]:
        if self.datetime_start is None or self.datetime_complete is None:
            return None
        return self.datetime_complete - self.datetime_start

    # An objective may be run again with a trial that has ended.

    def suggest_float(self, name: str, low: float, high: float, **unused: Any) -> float:
        return self.params[name]

    def suggest_int(self, name: str, low: int, high: int, **unused: Any) -> int:
        return self.params[name]

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self.params[name]

    def report(self, value: float, step: int) -> None:
        """Changes nothing."""

    def should_prune(self) -> bool:
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        self.user_attrs[key] = value


class FixedTrial(FrozenTrial):
    """Parameters to run an objective with, without a study."""

    def __init__(self, params: Dict[str, Any], number: int = 0) -> None:
        super().__init__(number, params=dict(params))


def create_trial(
    *,
    state: TrialState = TrialState.COMPLETE,
    value: Optional[float] = None,
    params: Optional[Dict[str, Any]] = None,
    distributions: Optional[Dict[str, Distribution]] = None,
    user_attrs: Optional[Dict[str, Any]] = None,
    system_attrs: Optional[Dict[str, Any]] = None,
    intermediate_values: Optional[Dict[int, float]] = None,
) -> FrozenTrial:
    """A trial that was run elsewhere, for `Study.add_trial`. ValueError: a parameter without its
    distribution, or the other way round.
    """
    if set(params or {}) != set(distributions or {}):
        raise ValueError("params, distributions: must have the same names")
    now = datetime.datetime.now()
    return FrozenTrial(
        number=-1,
        state=state,
        value=value,
        params=dict(params or {}),
        distributions=dict(distributions or {}),
        user_attrs=dict(user_attrs or {}),
        system_attrs=dict(system_attrs or {}),
        intermediate_values=dict(intermediate_values or {}),
        datetime_start=now,
        datetime_complete=now,
    )


class Trial:
    """A trial that runs. Of one thread."""

    def __init__(
        self,
        study: "Study",
        frozen: FrozenTrial,
        running: Optional[RunningTrial],
        told: Dict[str, Any],
        given: Dict[str, Any],
    ) -> None:
        """`running` is the service's trial, None for one that only the study knows. `told` are its
        parameters as the service has them, `given` those that a person has enqueued.
        """
        self.study = study
        self._frozen = frozen
        self._running = running
        self._told = told
        self._given = given

    @property
    def number(self) -> int:
        return self._frozen.number

    @property
    def params(self) -> Dict[str, Any]:
        return dict(self._frozen.params)

    @property
    def distributions(self) -> Dict[str, Distribution]:
        return dict(self._frozen.distributions)

    @property
    def user_attrs(self) -> Dict[str, Any]:
        return dict(self._frozen.user_attrs)

    @property
    def datetime_start(self) -> Optional[datetime.datetime]:
        return self._frozen.datetime_start

    def set_user_attr(self, key: str, value: Any) -> None:
        self._frozen.user_attrs[key] = value

    def suggest_float(
        self, name: str, low: float, high: float, *, step: Optional[float] = None, log: bool = False
    ) -> float:
        """A number from `low` to `high`."""
        return self.suggest(name, FloatDistribution(low, high, log, step))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        """A whole number from `low` to `high`, both included."""
        return self.suggest(name, IntDistribution(low, high, log, step))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of the choices."""
        return self.suggest(name, CategoricalDistribution(tuple(choices)))

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        return self.suggest_float(name, low, high, step=q)

    def suggest(self, name: str, distribution: Distribution) -> Any:
        """The parameter's value, always the same in one trial."""
        if name in self._frozen.params:
            return self._frozen.params[name]
        if name in self._given:
            value = self._given[name]
        elif name in self._told:
            value = self._value_told(name, distribution)
        else:
            value = self.study.suggest_new(self.number, name, distribution)
        self._frozen.params[name] = value
        self._frozen.distributions[name] = distribution
        self.study.learn_of(name, distribution)
        return value

    def report(self, value: float, step: int) -> None:
        """An intermediate value; the first one of a step counts."""
        if step in self._frozen.intermediate_values:
            warnings.warn(f"step {step} was reported before; the first value counts", stacklevel=2)
            return
        self._frozen.intermediate_values[step] = float(value)
        if self._running is not None:
            self._running.report({self.study.metric: value}, step=step)

    def should_prune(self) -> bool:
        """Whether a rule of the study's pruner has stopped the trial."""
        return self._running is not None and self._running.should_stop

    def _value_told(self, name: str, distribution: Distribution) -> Any:
        declared = self.study.space[name]
        if type(declared) is not type(distribution):
            raise ValueError(f"{name}: was {declared} before; got {distribution}")
        if isinstance(distribution, CategoricalDistribution) and declared != distribution:
            raise ValueError(
                f"{name}: the choices must be the same in all trials; got another list"
            )
        # A range that depends on other parameters: what the search means is moved into it.
        value = declared.value_of(self._told[name])
        return distribution.value_of(value) if declared != distribution else value
