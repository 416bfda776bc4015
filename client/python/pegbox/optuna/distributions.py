"""The ranges that trials ask for, and how the service has them.

Steps become an index, choices become texts, so that every range of Optuna has its domain.
"""

import dataclasses
import math
import random
from typing import Any, List, Optional, Tuple, Union

from pegbox import space as spaces


@dataclasses.dataclass(frozen=True)
class FloatDistribution:
    """From `low` to `high`; on a grid from `low` with `step`."""

    low: float
    high: float
    log: bool = False
    step: Optional[float] = None

    def __post_init__(self) -> None:
        _check_range(self)

    def domain(self, default: Any) -> spaces.Domain:
        """Of the service, whose first suggestion is `default`, or the middle when it is None."""
        if self.step is not None:
            return _index_domain(
                self._count(),
                None if default is None else round((default - self.low) / self.step),
            )
        if self.low == self.high:
            return spaces.Constant(float(self.low))
        scale = "log" if self.log else "linear"
        return spaces.Double(float(self.low), float(self.high), scale=scale, default=default)

    def value_of(self, told: Any) -> float:
        """The value that the service tells of, moved into the range if need be."""
        if self.step is not None:
            return self.low + self.step * min(int(told), self._count() - 1)
        return min(max(float(told), self.low), self.high)

    def middle(self) -> float:
        if self.step is not None:
            return self.value_of(self._count() // 2)
        return math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2

    def sample(self, source: random.Random) -> float:
        if self.step is not None:
            return self.value_of(source.randrange(self._count()))
        if self.log:
            return self.value_of(math.exp(source.uniform(math.log(self.low), math.log(self.high))))
        return self.value_of(source.uniform(self.low, self.high))

    def _count(self) -> int:
        assert self.step is not None
        return int(math.floor((self.high - self.low) / self.step + 1e-8)) + 1


@dataclasses.dataclass(frozen=True)
class IntDistribution:
    """From `low` to `high`, every `step`-th."""

    low: int
    high: int
    log: bool = False
    step: int = 1

    def __post_init__(self) -> None:
        _check_range(self)

    def domain(self, default: Any) -> spaces.Domain:
        """Of the service, whose first suggestion is `default`, or the middle when it is None."""
        if self.step != 1:
            return _index_domain(
                self._count(), None if default is None else (default - self.low) // self.step
            )
        if self.low == self.high:
            return spaces.Constant(self.low)
        scale = "log" if self.log else "linear"
        return spaces.Integer(self.low, self.high, scale=scale, default=default)

    def value_of(self, told: Any) -> int:
        """The value that the service tells of, moved into the range if need be."""
        if self.step != 1:
            return self.low + self.step * min(int(told), self._count() - 1)
        return min(max(int(told), self.low), self.high)

    def middle(self) -> int:
        if self.step != 1:
            return self.value_of(self._count() // 2)
        return round(math.sqrt(self.low * self.high)) if self.log else (self.low + self.high) // 2

    def sample(self, source: random.Random) -> int:
        if self.log:
            return round(math.exp(source.uniform(math.log(self.low), math.log(self.high))))
        return self.low + self.step * source.randrange(self._count())

    def _count(self) -> int:
        return (self.high - self.low) // self.step + 1


@dataclasses.dataclass(frozen=True)
class CategoricalDistribution:
    """One of some values of any kind."""

    choices: Tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.choices:
            raise ValueError("choices: must have at least one value; got none")
        object.__setattr__(self, "choices", tuple(self.choices))

    def domain(self, default: Any) -> spaces.Domain:
        """Of the service, whose first suggestion is the text `default` of a choice."""
        texts = self._texts()
        if len(texts) == 1:
            return spaces.Constant(texts[0])
        told = None if default is None else self.text_of(default)
        return spaces.Categorical(texts, default=told)

    def value_of(self, told: Any) -> Any:
        """The choice that the service has as a text."""
        return self.choices[self._texts().index(told)]

    def text_of(self, choice: Any) -> str:
        """What the service has for a choice."""
        return self._texts()[self.choices.index(choice)]

    def middle(self) -> Any:
        return self.choices[0]

    def sample(self, source: random.Random) -> Any:
        return source.choice(self.choices)

    def _texts(self) -> List[str]:
        texts = [str(choice) for choice in self.choices]
        is_readable = len(set(texts)) == len(texts) and all(0 < len(text) < 1_000 for text in texts)
        return texts if is_readable else [str(index) for index in range(len(texts))]


Distribution = Union[FloatDistribution, IntDistribution, CategoricalDistribution]


def _index_domain(count: int, default: Optional[int]) -> spaces.Domain:
    return spaces.Constant(0) if count == 1 else spaces.Integer(0, count - 1, default=default)


def _check_range(distribution: Union[FloatDistribution, IntDistribution]) -> None:
    low, high, step = distribution.low, distribution.high, distribution.step
    if not low <= high:
        raise ValueError(f"low: must not be above high, {high}; got {low}")
    if step is not None and step <= 0:
        raise ValueError(f"step: must be above 0; got {step}")
    if distribution.log and low <= 0:
        raise ValueError(f"low: must be above 0 with log; got {low}")
    if distribution.log and step not in (None, 1):
        raise ValueError(f"step: cannot be had with log; got {step}")
