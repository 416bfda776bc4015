"""Which peers run on what, chosen before any result was seen. Pegbox runs on all that any of them does."""

import dataclasses

import methods


@dataclasses.dataclass(frozen=True)
class Plan:
    title: str
    methods: tuple
    problems: tuple  # empty: all of both sets
    trials: int
    seeds: int


# Three problems of each set.
SOME = ("branin", "hartmann6", "nn8mix", "bbob_rosenbrock6", "bbob_gallagher4", "conditional_network10")

# The table of every problem: the methods that take less than about 0.1 s a suggestion, and Pegbox.
FULL = Plan(
    title="all",
    methods=("optuna_gp", "optuna_tpe", "optuna_cmaes", "hyperopt"),
    problems=(),
    trials=100,
    seeds=10,
)

# Beside the slow methods, which take a second or more: fewer trials, three problems of each set.
SLOW = Plan(
    title="slow",
    methods=("syne_tune", "smac", "ax", "hebo"),
    problems=SOME,
    trials=30,
    seeds=2,
)

# What `./dev bench search` runs without --full: minutes.
SHORT = Plan(
    title="short",
    methods=("optuna_gp", "optuna_tpe"),
    problems=SOME,
    trials=50,
    seeds=2,
)

assert all(name in methods.METHODS for plan in (FULL, SLOW, SHORT) for name in plan.methods)
