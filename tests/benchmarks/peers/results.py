"""The rows that comparisons wrote, and what is computed from them."""

import collections
import csv
import statistics

from problems import log_gap


class Results:
    """gaps[method][problem][seed]: the best trial's gap after each trial, as log10."""

    def __init__(self, paths):
        self.gaps = collections.defaultdict(lambda: collections.defaultdict(dict))
        self.rows = 0
        for path in paths:
            if path.exists():
                self._read(path)

    def _read(self, path):
        with path.open() as file:
            for row in csv.DictReader(file):
                curve = self.gaps[row["method"]][row["problem"]].setdefault(int(row["seed"]), [])
                # A run that stands twice, with more trials the second time, counts by its longer half.
                if int(row["trial"]) == len(curve) + 1:
                    curve.append(log_gap(float(row["best_gap"])))
                    self.rows += 1

    def methods(self, problems, trials):
        """Those that have at least one run of so many trials on each problem."""
        return [method for method in self.gaps if all(self.seeds(method, name, trials) for name in problems)]

    def seeds(self, method, problem, trials):
        runs = self.gaps[method].get(problem, {})
        return sorted(seed for seed, curve in runs.items() if len(curve) >= trials)

    def mean(self, method, problem, trials, seeds=None):
        seeds = self.seeds(method, problem, trials) if seeds is None else seeds
        return statistics.fmean(self.gaps[method][problem][seed][trials - 1] for seed in seeds)

    def score(self, method, problems, trials, baseline):
        """Mean over the problems of the mean log10 gap less that of `baseline`, random search, after as many trials."""
        return statistics.fmean(
            self.mean(method, name, trials) - baseline.mean("random", name, trials) for name in problems
        )

    def common_seeds(self, methods, problem, trials):
        return sorted(set.intersection(*(set(self.seeds(method, problem, trials)) for method in methods)))

    def mean_ranks(self, methods, problems, trials):
        """Over problems and the seeds that all of the methods have run; 1 is the best, ties share their ranks."""
        ranks = {method: [] for method in methods}
        for problem in problems:
            for seed in self.common_seeds(methods, problem, trials):
                gaps = {method: self.gaps[method][problem][seed][trials - 1] for method in methods}
                for method, gap in gaps.items():
                    better = sum(other < gap for other in gaps.values())
                    equal = sum(other == gap for other in gaps.values())
                    ranks[method].append(better + (equal + 1) / 2)
        return {method: statistics.fmean(ranks[method]) for method in methods}

    def wins(self, methods, problems, trials):
        """On how many problems each method's mean over the common seeds is the best."""
        wins = dict.fromkeys(methods, 0)
        for problem in problems:
            seeds = self.common_seeds(methods, problem, trials)
            wins[min(methods, key=lambda method: self.mean(method, problem, trials, seeds))] += 1
        return wins


def read_times(path):
    """times[method][n]: milliseconds of each suggestion."""
    times = collections.defaultdict(lambda: collections.defaultdict(list))
    if path.exists():
        with path.open() as file:
            for row in csv.DictReader(file):
                times[row["method"]][int(row["n"])].append(float(row["ms"]))
    return times


def read_failing(path):
    """For "failing" and "failing_free": by seed, how many trials failed, and the last best gap as log10."""
    failing = collections.defaultdict(dict)
    if path.exists():
        with path.open() as file:
            for row in csv.DictReader(file):
                failures, _ = failing[row["problem"]].get(int(row["seed"]), (0, 0))
                failing[row["problem"]][int(row["seed"])] = (
                    failures + (row["value"] == ""),
                    log_gap(float(row["best_gap"])),
                )
    return failing


def read_waits(path):
    """Milliseconds, ascending."""
    if not path.exists():
        return []
    with path.open() as file:
        return sorted(float(row["ms"]) for row in csv.DictReader(file))
