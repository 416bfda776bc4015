"""Optuna's samplers by name: each stands for the nearest algorithm of Pegbox.

Only the seed counts; other arguments tune what Pegbox does not have, and are refused.
"""

from typing import Any, Optional


class BaseSampler:
    """`algorithm` is Pegbox's, `seed` the job's."""

    algorithm = "bayesian"

    def __init__(self, *, seed: Optional[int] = None, **unused: Any) -> None:
        given = [name for name, value in unused.items() if value is not None]
        if given:
            raise ValueError(
                f"{type(self).__name__}: Pegbox has no {', '.join(given)}; leave it out"
            )
        self.seed = seed


class TPESampler(BaseSampler):
    """Pegbox's Gaussian process."""


class GPSampler(BaseSampler):
    """Pegbox's Gaussian process."""


class CmaEsSampler(BaseSampler):
    """Pegbox's Gaussian process."""


class RandomSampler(BaseSampler):
    """Independent random points."""

    algorithm = "random"

    def __init__(self, seed: Optional[int] = None) -> None:
        super().__init__(seed=seed)


class QMCSampler(BaseSampler):
    """Scrambled Sobol points."""

    algorithm = "sobol"
