"""HEBO, asked and told; parameters that are not active are suggested and left unused."""

import random
import warnings

import numpy
import torch

warnings.filterwarnings("ignore")

from hebo.design_space.design_space import DesignSpace  # noqa: E402
from hebo.optimizers.hebo import HEBO  # noqa: E402


def record(axis):
    if axis.kind == "choice":
        return {"name": axis.name, "type": "cat", "categories": [str(choice) for choice in axis.choices]}
    kinds = {("float", False): "num", ("float", True): "pow", ("int", False): "int", ("int", True): "pow_int"}
    return {
        "name": axis.name,
        "type": kinds[axis.kind, axis.is_log],
        "lb": axis.low,
        "ub": axis.high,
        **({"base": 10} if axis.is_log else {}),
    }


def run(space, objective, trials, seed, variant):
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    texts = {axis.name: {str(choice): choice for choice in axis.choices} for axis in space.axes}
    optimizer = HEBO(DesignSpace().parse([record(axis) for axis in space.axes]), scramble_seed=seed)
    for _ in range(trials):
        frame = optimizer.suggest(n_suggestions=1)
        flat = {}
        for axis in space.axes:
            value = frame[axis.name].iloc[0]
            value = value.item() if hasattr(value, "item") else value
            flat[axis.name] = texts[axis.name].get(value, value)
        value = objective(space.decode(flat))
        if value is not None:
            optimizer.observe(frame, numpy.array([[value]]))
