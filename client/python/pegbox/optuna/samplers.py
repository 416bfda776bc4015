"""Optuna's samplers by name: each stands for the nearest algorithm of Pegbox.

Only the seed counts. Other arguments tune what Pegbox does not have: a warning says so, and an
error where constraints would not be kept.
"""

from typing import Any, Optional
import warnings


class BaseSampler:
    """`algorithm` is Pegbox's, `seed` the job's."""

    algorithm = "bayesian"

    def __init__(self, *, seed: Optional[int] = None, **unused: Any) -> None:
        given = sorted(name for name, value in unused.items() if value is not None)
        if "constraints_func" in given:
            raise ValueError("constraints_func: Pegbox has no constraints; leave it out")
        if given:
            name = type(self).__name__
            warnings.warn(f"{name}: Pegbox does not use {', '.join(given)}", stacklevel=2)
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
