"""Optuna's samplers, asked and told; conditional parameters are suggested when they are active."""

import warnings

import optuna

warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
optuna.logging.set_verbosity(optuna.logging.ERROR)

SAMPLERS = {
    "tpe": optuna.samplers.TPESampler,
    "gp": optuna.samplers.GPSampler,
    "cmaes": optuna.samplers.CmaEsSampler,
}


def suggest(trial, axis):
    if axis.kind == "choice":
        return trial.suggest_categorical(axis.name, axis.choices)
    if axis.kind == "int":
        return trial.suggest_int(axis.name, axis.low, axis.high, log=axis.is_log)
    return trial.suggest_float(axis.name, axis.low, axis.high, log=axis.is_log)


def run(space, objective, trials, seed, variant):
    study = optuna.create_study(sampler=SAMPLERS[variant](seed=seed))
    for _ in range(trials):
        trial = study.ask()
        parameters = {}
        for axis in space.axes:
            if axis.is_active(parameters):
                parameters[axis.name] = axis.decode(suggest(trial, axis))
        value = objective(parameters)
        if value is None:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, value)
