"""Makes the tables and pictures of the comparisons. Nothing in them is written by hand.

With --page, each table takes the place of what stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->` there.
"""

import argparse
import os
import pathlib
import re
import statistics

import methods
import pictures
import plans
from problems import ProblemServer
from results import Results, read_failing, read_times, read_waits

HERE = pathlib.Path(__file__).parent


def version(method, folder):
    """The pinned release of the method's package; of Pegbox, the commit that ran."""
    entry = methods.METHODS[method]
    if not entry.package:
        return (folder / "pegbox.commit").read_text().strip()
    text = (HERE / "requirements" / f"{entry.environment}.txt").read_text()
    return re.search(rf"^{re.escape(entry.package)}==(\S+)", text, re.MULTILINE).group(1)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def number(value, digits=2):
    return f"{value:.{digits}f}"


def score_table(results, baseline, problems, counts, rank_at, versions):
    """Best score first."""
    compared = results.methods(problems, counts[0])
    ranked = results.methods(problems, rank_at)
    ranks, wins = results.mean_ranks(ranked, problems, rank_at), results.wins(ranked, problems, rank_at)
    rows = []
    for method in sorted(compared, key=lambda m: results.score(m, problems, counts[0], baseline)):
        seeds = [len(results.seeds(method, problem, counts[0])) for problem in problems]
        row = [f"{methods.METHODS[method].title} {versions[method]}", str(min(seeds))]
        for count in counts:
            has = all(results.seeds(method, problem, count) for problem in problems)
            row.append(number(results.score(method, problems, count, baseline)) if has else "-")
        row += [number(ranks[method]), str(wins[method])] if method in ranks else ["-", "-"]
        rows.append(row)
    header = ["method", "seeds", *(f"score @{n}" for n in counts), f"mean rank @{rank_at}", f"best on @{rank_at}"]
    return table(header, sorted(rows, key=lambda row: float(row[-2]) if row[-2] != "-" else 99))


def problem_table(results, sets, count):
    """Mean log10 gap over the seeds that all have; the best of a row is bold."""
    everything = [name for names in sets.values() for name in names]
    compared = results.methods(everything, count)
    rows = []
    for problem in everything:
        seeds = results.common_seeds(compared, problem, count)
        means = {method: results.mean(method, problem, count, seeds) for method in compared}
        least = min(means.values())
        cells = [f"**{number(mean)}**" if mean == least else number(mean) for mean in means.values()]
        rows.append([problem, str(len(seeds)), *cells])
    return table(["problem", "seeds", *(methods.METHODS[method].title for method in compared)], rows)


def losses(results, sets, count):
    """Where another method's mean is better than Pegbox's, and by how much."""
    lines = []
    for name, problems in sets.items():
        compared = [method for method in results.methods(problems, count) if method != "pegbox"]
        lost = []
        for problem in problems:
            seeds = results.common_seeds(["pegbox", *compared], problem, count)
            ours = results.mean("pegbox", problem, count, seeds)
            best = min(compared, key=lambda method: results.mean(method, problem, count, seeds))
            difference = ours - results.mean(best, problem, count, seeds)
            if difference > 0:
                lost.append(f"{problem} (to {methods.METHODS[best].title}, by {number(difference)})")
        lines.append(f"- {len(lost)} of {len(problems)} {name} problems: {', '.join(lost) or 'none'}.")
    return "\n".join(lines)


def time_table(times):
    counts = sorted({n for by_count in times.values() for n in by_count})
    middle = {method: {n: statistics.median(times[method][n]) for n in counts} for method in times}
    rows = []
    for method in times:
        cells = [f"{middle[method][n]:.1f} ({middle[method][n] / middle['pegbox'][n]:.1f} x)" for n in counts]
        rows.append([pictures.title(method), *cells])
    return table(["ms a suggestion, p50 (times Pegbox's)", *(f"n = {n}" for n in counts)], rows)


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return f"{model.group(1) if model else 'an unknown processor'}, {os.cpu_count()} cores"


def tables(folder, baseline, sets):
    """By name."""
    made = {}
    versions = {method: version(method, folder) for method in methods.METHODS}
    main = Results([folder / "pegbox.csv", folder / "peers.csv"])
    slow = Results([folder / "pegbox.csv", folder / "peers.csv", folder / "slow.csv"])
    for name, problems in sets.items():
        made[f"scores-{name}"] = score_table(main, baseline, problems, [20, 50, 100], 50, versions)
    made["problems"] = problem_table(main, sets, 50)
    made["losses"] = losses(main, sets, 50)
    if (folder / "slow.csv").exists() and "pegbox" in slow.methods(plans.SLOW.problems, plans.SLOW.trials):
        count = plans.SLOW.trials
        made["scores-slow"] = score_table(slow, baseline, plans.SLOW.problems, [count], count, versions)
    workers = Results([folder / "workers.csv"])
    if "bayesian" in workers.methods(sets["tuning"], 50):
        score = workers.score("bayesian", sets["tuning"], 50, baseline)
        seeds = min(len(workers.seeds("bayesian", problem, 50)) for problem in sets["tuning"])
        made["workers"] = (
            f"Ten workers at once, {len(sets['tuning'])} tuning problems, {seeds} seeds: score @50 {number(score)}."
        )
    failing = read_failing(folder / "failing.csv")
    if failing:
        failures = [count for count, _ in failing["failing"].values()]
        gap, free = (
            10 ** statistics.fmean(g for _, g in failing[name].values()) for name in ("failing", "failing_free")
        )
        made["failing"] = (
            f"{len(failures)} seeds: {number(statistics.fmean(failures), 1)} trials failed, {max(failures)} at most; "
            f"the best feasible value's gap is {gap:.2g}, {number(gap / free, 1)} times that of runs without failures."
        )
    times = read_times(folder / "time.csv")
    if times:
        made["time"] = time_table(times)
    waits = read_waits(folder / "wait.csv")
    if waits:
        middle, late = waits[len(waits) // 2], waits[int(0.99 * len(waits))]
        made["wait"] = (
            f"A free worker waits {number(middle, 1)} ms (p50), {number(late, 1)} ms (p99) for its next trial."
        )
    made["machine"] = f"Measured on {machine()}; Pegbox at {versions['pegbox']}."
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=pathlib.Path, required=True, help="the folder of the CSV files")
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the build folder")
    parser.add_argument("--pictures", type=pathlib.Path, required=True, help="the folder of the pictures")
    parser.add_argument("--page", type=pathlib.Path, help="docs/benchmarks.md; tables are only printed without it")
    arguments = parser.parse_args()
    server = ProblemServer(arguments.programs / "benchmarks" / "problem_server")
    results = Results([arguments.results / "pegbox.csv", arguments.results / "peers.csv"])
    sets = {name: [p for p in server.names(name) if p in results.gaps["pegbox"]] for name in ("tuning", "held-out")}
    server.close()
    baseline = Results([arguments.results / "random.csv"])
    made = tables(arguments.results, baseline, sets)
    for name, text in made.items():
        print(f"{name}\n\n{text}\n")
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    pictures.regret(results, baseline, sets, 100, arguments.pictures / "search_regret.svg")
    times = read_times(arguments.results / "time.csv")
    if times:
        pictures.suggestion_time(times, arguments.pictures / "suggestion_time.svg")
    if arguments.page:
        page = arguments.page.read_text()
        for name, text in made.items():
            marks = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
            page = marks.sub(lambda match, text=text: match.group(1) + text + "\n" + match.group(2), page)
        arguments.page.write_text(page)


if __name__ == "__main__":
    main()
