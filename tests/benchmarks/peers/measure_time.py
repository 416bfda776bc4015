"""How long a suggestion takes after n trials: ten doubles, one worker, one thread, everybody in the same run.

Optuna's samplers are given n random trials; Pegbox, which takes its trials from nobody else, has made its n trials
itself. The time runs from the moment at which a value is told to the moment at which the next point is there.
"""

import argparse
import csv
import os
import pathlib
import random
import subprocess
import sys
import time

import problems

DIMENSIONS = 10
SPACE = problems.Space(
    [{"name": f"x{i}", "kind": "double", "min": -5.0, "max": 5.0, "scale": "linear"} for i in range(DIMENSIONS)]
)


def value(parameters):
    """A shifted sphere."""
    return sum((x - 0.3 * i) ** 2 for i, x in enumerate(parameters.values()))


def time_optuna(variant, trials, suggestions):
    """Milliseconds of each suggestion after `trials` trials and one suggestion that is not counted."""
    import optuna

    from methods import optuna_samplers

    source = random.Random(0)
    distributions = {axis.name: optuna.distributions.FloatDistribution(axis.low, axis.high) for axis in SPACE.axes}
    study = optuna.create_study(sampler=optuna_samplers.SAMPLERS[variant](seed=0))
    for _ in range(trials):
        parameters = {axis.name: source.uniform(axis.low, axis.high) for axis in SPACE.axes}
        study.add_trial(optuna.create_trial(params=parameters, distributions=distributions, value=value(parameters)))
    milliseconds = []
    trial = study.ask()
    parameters = {axis.name: optuna_samplers.suggest(trial, axis) for axis in SPACE.axes}
    for _ in range(suggestions):
        result = value(parameters)
        start = time.perf_counter()
        study.tell(trial, result)
        trial = study.ask()
        parameters = {axis.name: optuna_samplers.suggest(trial, axis) for axis in SPACE.axes}
        milliseconds.append(1000 * (time.perf_counter() - start))
    return milliseconds


class PegboxJob:
    """One job that goes on from n to n, through the real server."""

    def __init__(self, trials):
        from methods import pegbox

        self._pegbox = pegbox
        self._service = pegbox.Server(os.environ["PEGBOX_SERVER"]).service
        self._job = pegbox.create_job(self._service, SPACE, trials, 0)
        self._trial = pegbox.ask(self._service, self._job)
        self._told = 0

    def time(self, trials, suggestions):
        milliseconds = []
        while self._told < trials + suggestions:
            result = value(self._pegbox.parameters_of(self._trial))
            start = time.perf_counter()
            self._pegbox.tell(self._service, self._trial, result)
            self._trial = self._pegbox.ask(self._service, self._job)
            milliseconds.append(1000 * (time.perf_counter() - start))
            self._told += 1
        return milliseconds[-suggestions:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", default="100,500,1000", help="n (default: %(default)s)")
    parser.add_argument("--csv", type=pathlib.Path, required=True, help="written anew: method,n,milliseconds")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the build folder")
    arguments = parser.parse_args()
    counts = [int(text) for text in arguments.trials.split(",")]
    job = PegboxJob(counts[-1] + 100)
    arguments.csv.unlink(missing_ok=True)
    with arguments.csv.open("a") as file:  # suggest_bench appends to it too
        rows = csv.writer(file)
        rows.writerow(["method", "n", "ms"])
        for n in counts:
            for method, measured in (
                ("optuna_tpe", lambda: time_optuna("tpe", n, 20)),
                ("optuna_gp", lambda: time_optuna("gp", n, 5)),
                ("pegbox", lambda: job.time(n, 20)),
            ):
                milliseconds = measured()
                rows.writerows([method, n, f"{one:.4f}"] for one in milliseconds)
                middle = sorted(milliseconds)[len(milliseconds) // 2]
                print(f"n = {n}: {method} {middle:.1f} ms a suggestion (p50)", file=sys.stderr, flush=True)
            file.flush()
            suggest_bench = arguments.programs / "benchmarks" / "suggest_bench"
            subprocess.run([suggest_bench, "--trials", str(n), "--csv", arguments.csv], check=True)


if __name__ == "__main__":
    main()
