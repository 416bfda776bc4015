"""Keras: `model.fit(..., callbacks=[PegboxCallback()])`. Reports the logs of each epoch, such as
`val_loss`.
"""

from typing import Any, Mapping, Optional

import keras

from pegbox import in_trial


class PegboxCallback(keras.callbacks.Callback):
    """Epochs count from 1."""

    def on_epoch_end(self, epoch: int, logs: Optional[Mapping[str, Any]] = None) -> None:
        if logs and in_trial.report(logs, step=epoch + 1):
            self.model.stop_training = True
