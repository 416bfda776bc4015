"""Ax's client with its default generation strategy, which is BoTorch's models after Sobol points; parameters that are
not active are suggested and left unused."""

import logging
import warnings

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

warnings.filterwarnings("ignore")


def config(axis):
    if axis.kind == "choice":
        kind = "bool" if isinstance(axis.choices[0], bool) else "str"
        return ChoiceParameterConfig(name=axis.name, values=list(axis.choices), parameter_type=kind, is_ordered=False)
    return RangeParameterConfig(
        name=axis.name,
        bounds=(axis.low, axis.high),
        parameter_type=axis.kind,
        scaling="log" if axis.is_log else "linear",
    )


def run(space, objective, trials, seed, variant):
    logging.disable(logging.WARNING)
    client = Client(random_seed=seed)
    client.configure_experiment(parameters=[config(axis) for axis in space.axes])
    client.configure_optimization(objective="-value")
    for _ in range(trials):
        for index, flat in client.get_next_trials(max_trials=1).items():
            value = objective(space.decode(flat))
            if value is None:
                client.mark_trial_failed(trial_index=index)
            else:
                client.complete_trial(trial_index=index, raw_data={"value": value})
