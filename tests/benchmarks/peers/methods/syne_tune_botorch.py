"""Syne Tune's Gaussian-process searcher; parameters that are not active are suggested and left unused."""

import logging
import warnings

from syne_tune import config_space
from syne_tune.optimizer.baselines import BOTorch
from syne_tune.optimizer.schedulers.ask_tell_scheduler import AskTellScheduler

logging.getLogger().setLevel(logging.ERROR)
warnings.filterwarnings("ignore")


def domain(axis):
    if axis.kind == "choice":
        return config_space.choice([str(choice) for choice in axis.choices])
    if axis.kind == "int":
        return (config_space.lograndint if axis.is_log else config_space.randint)(axis.low, axis.high)
    return (config_space.loguniform if axis.is_log else config_space.uniform)(axis.low, axis.high)


def run(space, objective, trials, seed, variant):
    texts = {axis.name: {str(choice): choice for choice in axis.choices} for axis in space.axes}
    scheduler = AskTellScheduler(
        BOTorch({axis.name: domain(axis) for axis in space.axes}, metric="value", do_minimize=True, random_seed=seed)
    )
    for _ in range(trials):
        trial = scheduler.ask()
        flat = {name: texts[name].get(value, value) for name, value in trial.config.items()}
        value = objective(space.decode(flat))
        if value is not None:
            scheduler.tell(trial, {"value": value})
