"""Search spaces: a dict of parameter names and their domains. Standard library only.

    {
        "learning_rate": Double(1e-5, 1e-1, scale="log"),
        "layers": Integer(1, 4),
        "optimizer": Categorical(["adam", "sgd"]),
        "momentum": Double(0, 0.99, when={"optimizer": "sgd"}),
    }

Short forms: a tuple of two ints or floats is a range, a list is a choice, a text, number or bool a
constant. The server checks the rules of the values; its errors name the parameter by its place,
`parameters[0].double.min`.
"""

import dataclasses
import numbers
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union, cast

Value = Union[float, int, str, bool]
# One parent and the value, or the values, with which the parameter is active: {"optimizer": "sgd"}.
Condition = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Double:
    """A number of a range. `scale`: linear, log or reverse_log. `include_zero`, with log: 0 is a
    value too.
    """

    min: float
    max: float
    scale: str = "linear"
    include_zero: bool = False
    default: Optional[float] = None
    when: Optional[Condition] = None


@dataclasses.dataclass(frozen=True)
class Integer:
    """A whole number of a range. `scale`: linear or log."""

    min: int
    max: int
    scale: str = "linear"
    default: Optional[int] = None
    when: Optional[Condition] = None


@dataclasses.dataclass(frozen=True)
class Discrete:
    """One of some numbers in ascending order, such as batch sizes."""

    values: Sequence[float]
    default: Optional[float] = None
    when: Optional[Condition] = None


@dataclasses.dataclass(frozen=True)
class Categorical:
    """One of some texts."""

    values: Sequence[str]
    default: Optional[str] = None
    when: Optional[Condition] = None


@dataclasses.dataclass(frozen=True)
class Bool:
    """True or false."""

    default: Optional[bool] = None
    when: Optional[Condition] = None


@dataclasses.dataclass(frozen=True)
class Constant:
    """Always this value."""

    value: Value
    when: Optional[Condition] = None


Domain = Union[Double, Integer, Discrete, Categorical, Bool, Constant]
Space = Mapping[str, Any]


def domain_of(name: str, given: Any) -> Domain:
    """The domain that a space says for a parameter, short forms too. Raises ValueError for what is
    none.
    """
    if isinstance(given, (Double, Integer, Discrete, Categorical, Bool, Constant)):
        return given
    if isinstance(given, (str, bool, int, float, numbers.Real)):
        return Constant(cast(Value, given))
    if isinstance(given, tuple) and len(given) == 2 and all(map(_is_number, given)):
        low, high = given
        if all(isinstance(end, numbers.Integral) for end in given):
            return Integer(int(low), int(high))
        return Double(float(low), float(high))
    if isinstance(given, list):
        return _choice(name, given)
    raise ValueError(
        f'space["{name}"]: must be a domain such as Double(1e-5, 0.1), a tuple of two numbers '
        f"for a range, a list for a choice, or a constant; got {given!r}"
    )


def as_written(space: Mapping[str, Any], params: Mapping[str, Any]) -> Dict[str, Any]:
    """A trial's parameters with ints where all values of a choice were written as ints."""
    return {name: _as_written(space.get(name), value) for name, value in params.items()}


def _as_written(domain: Any, value: Any) -> Any:
    if isinstance(domain, Discrete) and all(isinstance(v, numbers.Integral) for v in domain.values):
        return int(value)
    return value


def _choice(name: str, values: List[Any]) -> Domain:
    if all(isinstance(value, str) for value in values):
        return Categorical(values)
    if all(isinstance(value, bool) for value in values):
        return Bool() if len(set(values)) == 2 else Constant(values[0])
    if all(map(_is_number, values)):
        return Discrete(sorted(values))
    raise ValueError(
        f'space["{name}"]: the values of a choice must be all texts, all numbers or all bools; '
        f"got {values!r}; write the others as texts"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
