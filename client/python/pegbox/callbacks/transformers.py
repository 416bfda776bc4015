"""Hugging Face Trainer: `Trainer(..., callbacks=[PegboxCallback()])`. Reports each evaluation, such
as `eval_loss`.

Of several processes the first reports, and all stop together.
"""

import numbers
from typing import Any, Mapping

import accelerate.utils
import transformers

from pegbox import in_trial


class PegboxCallback(transformers.TrainerCallback):
    """The step is the epoch, from 1; with `eval_strategy="steps"` the optimizer's step."""

    def on_evaluate(
        self,
        args: transformers.TrainingArguments,
        state: transformers.TrainerState,
        control: transformers.TrainerControl,
        metrics: Mapping[str, Any],
        **kwargs: Any,
    ) -> None:
        is_once_an_epoch = args.eval_strategy == transformers.trainer_utils.IntervalStrategy.EPOCH
        step = round(state.epoch or 0) if is_once_an_epoch else state.global_step
        values = {
            name: value for name, value in metrics.items() if isinstance(value, numbers.Number)
        }
        decision = [state.is_world_process_zero and bool(in_trial.report(values, step=step))]
        accelerate.utils.broadcast_object_list(decision)
        if decision[0]:
            control.should_training_stop = True
