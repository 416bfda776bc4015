"""SMAC3: the black-box facade (a Gaussian process) where every parameter is a float, as its documentation advises, and
the hyperparameter-optimization facade (a random forest) elsewhere; ConfigSpace has the conditions."""

import logging
import tempfile
import warnings

from ConfigSpace import Categorical, ConfigurationSpace, Float, InCondition, Integer
from smac import BlackBoxFacade, HyperparameterOptimizationFacade, Scenario
from smac.runhistory import StatusType, TrialValue


def hyperparameter(axis):
    if axis.kind == "choice":
        return Categorical(axis.name, list(axis.choices))
    if axis.kind == "int":
        return Integer(axis.name, (axis.low, axis.high), log=axis.is_log)
    return Float(axis.name, (axis.low, axis.high), log=axis.is_log)


def configuration_space(space, seed):
    configurations = ConfigurationSpace(seed=seed)
    hyperparameters = {axis.name: hyperparameter(axis) for axis in space.axes}
    configurations.add(list(hyperparameters.values()))
    for axis in space.axes:
        if axis.parent:
            condition = InCondition(hyperparameters[axis.name], hyperparameters[axis.parent], list(axis.parent_values))
            configurations.add(condition)
    return configurations


def run(space, objective, trials, seed, variant):
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore")
    is_continuous = all(axis.kind == "float" and not axis.parent for axis in space.axes)
    facade_class = BlackBoxFacade if is_continuous else HyperparameterOptimizationFacade
    with tempfile.TemporaryDirectory() as folder:
        scenario = Scenario(
            configuration_space(space, seed), deterministic=True, n_trials=trials, seed=seed, output_directory=folder
        )
        facade = facade_class(scenario, lambda config, seed=0: 0.0, logging_level=False, overwrite=True)
        for _ in range(trials):
            info = facade.ask()
            flat = {name: plain(value) for name, value in dict(info.config).items()}
            value = objective(space.decode(flat))
            if value is None:
                facade.tell(info, TrialValue(cost=float("inf"), status=StatusType.CRASHED), save=False)
            else:
                facade.tell(info, TrialValue(cost=value), save=False)


def plain(value):
    """A Python value of NumPy's."""
    return value.item() if hasattr(value, "item") else value
