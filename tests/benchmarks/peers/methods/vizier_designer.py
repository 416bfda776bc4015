"""OSS Vizier's default designer, the Gaussian-process bandit with upper confidence bounds; parameters that are not
active are suggested and left unused: the designer takes no conditional spaces."""

import logging
import warnings

import jax
from absl import logging as absl_logging
from vizier import algorithms, pyvizier
from vizier.algorithms import designers

logging.getLogger().setLevel(logging.ERROR)
absl_logging.set_verbosity(absl_logging.ERROR)
warnings.filterwarnings("ignore")


def add(root, axis):
    scale = pyvizier.ScaleType.LOG if axis.is_log else pyvizier.ScaleType.LINEAR
    if axis.kind == "choice":
        root.add_categorical_param(axis.name, [str(choice) for choice in axis.choices])
    elif axis.kind == "int":
        root.add_int_param(axis.name, int(axis.low), int(axis.high), scale_type=scale)
    else:
        root.add_float_param(axis.name, axis.low, axis.high, scale_type=scale)


def run(space, objective, trials, seed, variant):
    problem = pyvizier.ProblemStatement()
    for axis in space.axes:
        add(problem.search_space.root, axis)
    problem.metric_information.append(
        pyvizier.MetricInformation(name="value", goal=pyvizier.ObjectiveMetricGoal.MINIMIZE)
    )
    texts = {axis.name: {str(choice): choice for choice in axis.choices} for axis in space.axes}
    designer = designers.VizierGPUCBPEBandit(problem, rng=jax.random.PRNGKey(seed))
    for number in range(1, trials + 1):
        trial = designer.suggest(1)[0].to_trial(number)
        flat = {name: texts[name].get(value, value) for name, value in trial.parameters.as_dict().items()}
        value = objective(space.decode(flat))
        if value is None:
            trial.complete(pyvizier.Measurement(), infeasibility_reason="failed")
        else:
            trial.complete(pyvizier.Measurement(metrics={"value": value}))
        designer.update(algorithms.CompletedTrials([trial]), algorithms.ActiveTrials())
