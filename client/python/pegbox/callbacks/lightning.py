"""PyTorch Lightning: `Trainer(callbacks=[PegboxCallback()])`. Reports the logged metrics after each
validation.

Also for the package `pytorch_lightning`. Of several processes the first reports, and all stop
together.
"""

from typing import Any

try:
    from lightning.pytorch import callbacks
except ImportError:
    from pytorch_lightning import callbacks

from pegbox import in_trial


class PegboxCallback(callbacks.Callback):
    """The step is the epoch, from 1; with several validations an epoch, the optimizer's step."""

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        if trainer.sanity_checking or not trainer.callback_metrics:
            return
        is_once_an_epoch = trainer.val_check_interval == 1.0
        step = trainer.current_epoch + 1 if is_once_an_epoch else trainer.global_step
        should_stop = trainer.is_global_zero and bool(
            in_trial.report(trainer.callback_metrics, step=step)
        )
        if trainer.strategy.reduce_boolean_decision(should_stop, all=False):
            trainer.should_stop = True
