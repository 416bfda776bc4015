"""Runs one method on problems and seeds, and appends one row a trial to a CSV file; what stands there is not run again.

Run by compare.py, in the method's own environment."""

import argparse
import collections
import csv
import importlib
import math
import pathlib
import sys
import time

import methods
import problems

COLUMNS = ["method", "problem", "seed", "trial", "value", "gap", "best_gap", "suggest_ms"]


class Objective:
    """Evaluates a problem's trials and keeps their rows; the time between two calls is the suggestion's."""

    def __init__(self, server, method, problem, seed, trials):
        self._server = server
        self._key = (method, problem, seed)
        self._trials = trials
        self._best = math.inf
        self._best_gap = math.inf
        self._returned = time.perf_counter()
        self.rows = []

    def __call__(self, parameters):
        suggest_ms = 1000 * (time.perf_counter() - self._returned)
        method, problem, seed = self._key
        trial = len(self.rows) + 1
        value, gap = self._server.evaluate(problem, seed, trial, parameters)
        if value is not None and value < self._best:
            self._best, self._best_gap = value, gap
        text = "" if value is None else f"{value:.10g}"
        row = [method, problem, seed, trial, text, f"{gap:.10g}", f"{self._best_gap:.10g}", f"{suggest_ms:.4f}"]
        if trial <= self._trials:  # a peer that goes on by itself is not heard
            self.rows.append(row)
        self._returned = time.perf_counter()
        return value

    @property
    def best_gap(self):
        return self._best_gap


def finished(path, trials):
    """The (method, problem, seed) of the file that have all their trials."""
    if not path.exists():
        return set()
    with path.open() as file:
        counts = collections.Counter((row["method"], row["problem"], int(row["seed"])) for row in csv.DictReader(file))
    return {key for key, count in counts.items() if count >= trials}


def append(path, rows):
    """In one write, so that a run that is ended leaves whole runs only."""
    is_new = not path.exists()
    lines = [] if not is_new else [",".join(COLUMNS)]
    lines += [",".join(str(cell) for cell in row) for row in rows]
    with path.open("a") as file:
        file.write("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", required=True, choices=methods.METHODS)
    parser.add_argument("--problems", required=True, help="comma-separated")
    parser.add_argument("--seeds", required=True, help="first:last, as 0:9")
    parser.add_argument("--trials", type=int, required=True)
    parser.add_argument("--csv", type=pathlib.Path, required=True)
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the build folder")
    arguments = parser.parse_args()
    method = methods.METHODS[arguments.method]
    module = importlib.import_module(f"methods.{method.module}")
    server = problems.ProblemServer(arguments.programs / "benchmarks" / "problem_server")
    first, last = (int(seed) for seed in arguments.seeds.split(":"))
    done = finished(arguments.csv, arguments.trials)
    # Seeds outermost, so that a comparison that is cut short has every problem.
    todo = [
        (problem, seed)
        for seed in range(first, last + 1)
        for problem in arguments.problems.split(",")
        if (arguments.method, problem, seed) not in done
    ]
    start = time.monotonic()
    for number, (problem, seed) in enumerate(todo, 1):
        objective = Objective(server, arguments.method, problem, seed, arguments.trials)
        module.run(server.space(problem), objective, arguments.trials, seed, method.variant)
        append(arguments.csv, objective.rows)
        spent = time.monotonic() - start
        left = spent / number * (len(todo) - number)
        print(
            f"{arguments.method} {number}/{len(todo)}: {problem} seed {seed}, gap {objective.best_gap:.3g}; "
            f"{spent:.0f} s, about {left / 60:.0f} min left",
            file=sys.stderr,
            flush=True,
        )
    server.close()


if __name__ == "__main__":
    main()
