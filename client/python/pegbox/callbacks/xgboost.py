"""XGBoost: `xgboost.train(..., evals=[(data, "validation")], callbacks=[PegboxCallback()])`.

Reports each metric of each round as `validation:rmse`, as SageMaker names them; of `xgboost.cv` the
mean of the folds.
"""

from typing import Any, Mapping

import xgboost

from pegbox import in_trial


class PegboxCallback(xgboost.callback.TrainingCallback):
    """Rounds count from 1. They are short, so none waits for its answer: a stop comes a round or so
    later.
    """

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, Any]]
    ) -> bool:
        values = {
            f"{data}:{metric}": history[-1][0] if isinstance(history[-1], tuple) else history[-1]
            for data, metrics in evals_log.items()
            for metric, history in metrics.items()
        }
        return bool(values) and bool(in_trial.report(values, step=epoch + 1, wait=0))
