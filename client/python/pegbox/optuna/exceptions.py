"""Optuna's exceptions that programs name."""


class OptunaError(Exception):
    """Of a study or a trial that cannot do what is asked."""


class TrialPruned(OptunaError):
    """An objective raises it to end a trial that is not worth going on with."""
