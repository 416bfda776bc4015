"""The methods that are compared: what each is called, the module that has it, and the environment that it needs.

A module has run(space, objective, trials, seed, variant). It calls objective(parameters) `trials` times, one after the
other, and gets what the trial reports, or None when it fails. All that happens between two calls counts as the time of
the suggestion. Every peer runs with the defaults of its release, and is told its seed.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Method:
    title: str
    module: str
    variant: str
    environment: str  # a file of requirements/
    package: str  # whose version is shown; none: Pegbox's own


METHODS = {
    "pegbox": Method("Pegbox", "pegbox", "", "main", ""),
    "optuna_gp": Method("Optuna GPSampler", "optuna_samplers", "gp", "main", "optuna"),
    "optuna_tpe": Method("Optuna TPESampler", "optuna_samplers", "tpe", "main", "optuna"),
    "optuna_cmaes": Method("Optuna CmaEsSampler", "optuna_samplers", "cmaes", "main", "optuna"),
    "hyperopt": Method("Hyperopt TPE", "hyperopt_tpe", "", "main", "hyperopt"),
    "ax": Method("Ax (BoTorch)", "ax_client", "", "main", "ax-platform"),
    "smac": Method("SMAC3", "smac_facade", "", "main", "smac"),
    "syne_tune": Method("Syne Tune BOTorch", "syne_tune_botorch", "", "main", "syne-tune"),
    "hebo": Method("HEBO", "hebo_optimizer", "", "hebo", "hebo"),
    "vizier": Method("OSS Vizier", "vizier_designer", "", "vizier", "google-vizier"),
}
