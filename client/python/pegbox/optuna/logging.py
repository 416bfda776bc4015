"""How much a study prints: one line a trial, on standard error, from level INFO on."""

import logging
from logging import CRITICAL, DEBUG, ERROR, FATAL, INFO, WARN, WARNING

__all__ = ["CRITICAL", "DEBUG", "ERROR", "FATAL", "INFO", "WARN", "WARNING"]

_logger = logging.getLogger("pegbox.optuna")
_handler = logging.StreamHandler()
_handler.setFormatter(logging.Formatter("[%(levelname).1s %(asctime)s] %(message)s"))
_logger.addHandler(_handler)
_logger.setLevel(INFO)
_logger.propagate = False


def get_logger(name: str) -> logging.Logger:
    """The one logger of all studies, whatever the name."""
    return _logger


def set_verbosity(verbosity: int) -> None:
    _logger.setLevel(verbosity)


def get_verbosity() -> int:
    return _logger.getEffectiveLevel()


def enable_default_handler() -> None:
    _logger.addHandler(_handler)


def disable_default_handler() -> None:
    _logger.removeHandler(_handler)


def enable_propagation() -> None:
    """The handlers of the root logger get the lines too."""
    _logger.propagate = True


def disable_propagation() -> None:
    _logger.propagate = False
