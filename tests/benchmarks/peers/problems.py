"""The search problems, evaluated by the C++ program problem_server, and their spaces in the form that peers ask for."""

import dataclasses
import json
import math
import subprocess


@dataclasses.dataclass(frozen=True)
class Axis:
    """One parameter in the terms that every peer has: a float or int in [low, high], or a choice.

    Discrete values are ints, the index; a reverse-log range is a log range of (min + max - x)."""

    name: str
    kind: str  # "float", "int" or "choice"
    low: float = 0
    high: float = 0
    is_log: bool = False
    choices: tuple = ()
    values: tuple = ()  # of discrete parameters
    is_reversed: bool = False
    parent: str = ""  # empty: always active
    parent_values: tuple = ()

    def decode(self, value):
        """The parameter's value, of the peer's; rounding at the limits is taken away."""
        if self.kind == "choice":
            return value
        value = min(max(value, self.low), self.high)
        if self.kind == "int":
            value = int(round(value))
            return self.values[value] if self.values else value
        value = float(value)
        return min(max(self.low + self.high - value, self.low), self.high) if self.is_reversed else value

    def is_active(self, decoded):
        """Given the decoded values of the axes before this one."""
        return not self.parent or decoded.get(self.parent) in self.parent_values


def axis_of(parameter):
    kind = parameter["kind"]
    condition = parameter.get("condition", {})
    common = {
        "name": parameter["name"],
        "parent": condition.get("parent", ""),
        "parent_values": tuple(condition.get("values", ())),
    }
    if kind in ("double", "integer"):
        return Axis(
            kind="float" if kind == "double" else "int",
            low=parameter["min"],
            high=parameter["max"],
            is_log=parameter["scale"] != "linear",
            is_reversed=parameter["scale"] == "reverse_log",
            **common,
        )
    if kind == "discrete":
        return Axis(kind="int", low=0, high=len(parameter["values"]) - 1, values=tuple(parameter["values"]), **common)
    choices = (False, True) if kind == "bool" else tuple(parameter["values"])
    return Axis(kind="choice", choices=choices, **common)


class Space:
    """A problem's parameters, parents before children."""

    def __init__(self, parameters):
        self.parameters = parameters
        self.axes = [axis_of(parameter) for parameter in parameters]

    @property
    def is_conditional(self):
        return any(axis.parent for axis in self.axes)

    def decode(self, flat):
        """The active parameters, of a dict that has a peer's value for each axis, active or not."""
        decoded = {}
        for axis in self.axes:
            if axis.name in flat and axis.is_active(decoded):
                decoded[axis.name] = axis.decode(flat[axis.name])
        return decoded


class ProblemServer:
    """The C++ program's client."""

    def __init__(self, program):
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.problems = {problem["name"]: problem for problem in self._ask({"op": "list"})["problems"]}

    def _ask(self, request):
        self._process.stdin.write(json.dumps(request) + "\n")
        reply = json.loads(self._process.stdout.readline())
        if "error" in reply:
            raise ValueError(f"{request}: {reply['error']}")
        return reply

    def names(self, problem_set):
        return [name for name, problem in self.problems.items() if problem["set"] == problem_set]

    def space(self, problem):
        return Space(self.problems[problem]["space"])

    def evaluate(self, problem, seed, trial, parameters):
        """What the trial reports (None: it fails), and the noiseless gap to the optimum."""
        request = {"op": "evaluate", "problem": problem, "seed": seed, "trial": trial, "parameters": parameters}
        reply = self._ask(request)
        return reply["value"], reply["gap"]

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def log_gap(gap):
    """log10 of the gap, which counts as 1e-10 at least; as search_bench has it."""
    return math.log10(max(gap, 1e-10))
