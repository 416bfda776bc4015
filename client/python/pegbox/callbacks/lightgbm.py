"""LightGBM: `lightgbm.train(..., valid_sets=[data], valid_names=["validation"],
callbacks=[PegboxCallback()])`.

Reports each metric of each round as `validation:l2`; of `lightgbm.cv` the mean of the folds.
"""

import lightgbm.callback

from pegbox import in_trial


class PegboxCallback:
    """Rounds count from 1. They are short, so none waits for its answer: a stop comes a round or so
    later.
    """

    order = 25  # after the metrics are recorded, before LightGBM's own early stopping

    def __call__(self, env: lightgbm.callback.CallbackEnv) -> None:
        results = env.evaluation_result_list
        if not results:
            return
        values = {f"{result[0]}:{result[1]}".replace(" ", ":"): result[2] for result in results}
        if in_trial.report(values, step=env.iteration + 1, wait=0):
            raise lightgbm.callback.EarlyStopException(env.iteration, results)
