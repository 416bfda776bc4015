"""Hyperopt's tree-structured Parzen estimator; parameters that are not active are drawn and left unused."""

import logging
import math

import hyperopt
import numpy
from hyperopt import hp

logging.getLogger("hyperopt").setLevel(logging.ERROR)


def expression(axis):
    if axis.kind == "choice":
        return hp.choice(axis.name, list(axis.choices))
    if axis.kind == "int" and axis.is_log:
        return hp.qloguniform(axis.name, math.log(axis.low), math.log(axis.high), 1)
    if axis.kind == "int":
        return hp.uniformint(axis.name, axis.low, axis.high)
    if axis.is_log:
        return hp.loguniform(axis.name, math.log(axis.low), math.log(axis.high))
    return hp.uniform(axis.name, axis.low, axis.high)


def run(space, objective, trials, seed, variant):
    def evaluate(flat):
        value = objective(space.decode(flat))
        if value is None:
            return {"status": hyperopt.STATUS_FAIL}
        return {"status": hyperopt.STATUS_OK, "loss": value}

    hyperopt.fmin(
        evaluate,
        {axis.name: expression(axis) for axis in space.axes},
        algo=hyperopt.tpe.suggest,
        max_evals=trials,
        rstate=numpy.random.default_rng(seed),
        show_progressbar=False,
        verbose=False,
    )
