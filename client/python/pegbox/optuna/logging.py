"""How much a study prints: one line a trial, on standard error, from level INFO on."""

import sys

CRITICAL, FATAL, ERROR, WARNING, WARN, INFO, DEBUG = 50, 50, 40, 30, 30, 20, 10
_level = INFO


def set_verbosity(verbosity: int) -> None:
    global _level
    _level = verbosity


def get_verbosity() -> int:
    return _level


def disable_default_handler() -> None:
    """Nothing is printed from now on."""
    set_verbosity(CRITICAL + 1)


def info(text: str) -> None:
    """Prints a line, unless the level is above INFO."""
    if _level <= INFO:
        print(f"[I] {text}", file=sys.stderr, flush=True)
