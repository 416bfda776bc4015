"""A PyTorch training loop that reports, keeps a checkpoint, and goes on from it in a trial's next
attempt.

loop = TrainingLoop(model=model, optimizer=optimizer)
for epoch in loop.epochs(20):
    ...
    loop.report({"validation:loss": loss})
"""

import os
import pathlib
from typing import Any, Iterator, Mapping, Optional

import torch

from pegbox import in_trial


class TrainingLoop:
    """Epochs from 1, with what has a `state_dict` saved at each report."""

    def __init__(self, *, folder: Optional[os.PathLike] = None, **parts: Any) -> None:
        """`parts` are the model, the optimizer, and so on; `folder` the place of checkpoints
        outside of Pegbox.
        """
        self._parts = parts
        self._file: pathlib.Path = in_trial.checkpoint_dir(folder) / "last.pt"
        self._epoch = 0
        self._is_stopped = False

    def epochs(self, count: int) -> Iterator[int]:
        """The numbers of the epochs left, up to `count`; ends early when Pegbox says stop."""
        self._load()
        while self._epoch < count and not self._is_stopped and not in_trial.should_stop():
            self._epoch += 1
            yield self._epoch

    def report(
        self, metrics: Optional[Mapping[str, Any]] = None, **more_metrics: Any
    ) -> in_trial.Verdict:
        """Saves the parts, then reports the metrics of this epoch."""
        state = {name: part.state_dict() for name, part in self._parts.items()}
        unfinished = self._file.with_suffix(".new")
        torch.save({"epoch": self._epoch, "parts": state}, unfinished)
        unfinished.replace(self._file)  # whole, or not at all
        verdict = in_trial.report(metrics, step=self._epoch, checkpoint=True, **more_metrics)
        self._is_stopped = verdict.should_stop
        return verdict

    def _load(self) -> None:
        if self._epoch > 0 or not self._file.exists():
            return
        saved = torch.load(self._file, map_location="cpu")
        for name, part in self._parts.items():
            part.load_state_dict(saved["parts"][name])
        self._epoch = saved["epoch"]
