"""The pictures of docs/benchmarks.md."""

import statistics

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

import methods  # noqa: E402

# The same bytes for the same numbers.
matplotlib.rcParams.update(
    {"svg.hashsalt": "pegbox", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
)

COLORS = {
    "pegbox": "#c0392b",
    "pegbox_in_process": "#e59866",
    "optuna_gp": "#1f618d",
    "optuna_tpe": "#5dade2",
    "optuna_cmaes": "#85929e",
    "hyperopt": "#27ae60",
    "ax": "#8e44ad",
    "smac": "#d4ac0d",
    "syne_tune": "#17a589",
    "hebo": "#6e2c00",
    "vizier": "#2c3e50",
}


def title(method):
    if method == "pegbox_in_process":
        return "Pegbox, without the server"
    return methods.METHODS[method].title


def style(method):
    return {
        "color": COLORS[method],
        "label": title(method),
        "linewidth": 2.2 if method == "pegbox" else 1.3,
        "zorder": 3 if method == "pegbox" else 2,
    }


def save(figure, path):
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=110)
    plt.close(figure)


def regret(results, baseline, sets, trials, path):
    """One panel a set of problems: the score after each number of trials."""
    figure, panels = plt.subplots(1, len(sets), figsize=(10, 3.8), sharey=True, layout="constrained")
    for panel, (name, problems) in zip(panels, sets.items(), strict=True):
        for method in COLORS:
            if method not in results.gaps:
                continue
            counts = [n for n in range(1, trials + 1) if all(results.seeds(method, p, n) for p in problems)]
            if counts:
                scores = [results.score(method, problems, n, baseline) for n in counts]
                panel.plot(counts, scores, **style(method))
        panel.axhline(0, color="#aaaaaa", linewidth=0.8)
        panel.set_title(f"{len(problems)} {name} problems")
        panel.set_xlabel("trials")
        panel.grid(alpha=0.25)
    panels[0].set_ylabel("mean log10 gap to the optimum,\nless random search's")
    figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, loc="outside right upper")
    save(figure, path)


def suggestion_time(times, path):
    figure, panel = plt.subplots(figsize=(5.5, 3.8), layout="constrained")
    for method, by_count in times.items():
        counts = sorted(by_count)
        panel.plot(counts, [statistics.median(by_count[n]) for n in counts], marker="o", **style(method))
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks(sorted({n for by_count in times.values() for n in by_count}))
    panel.get_xaxis().set_major_formatter(matplotlib.ticker.ScalarFormatter())
    panel.minorticks_off()
    panel.set_xlabel("trials so far")
    panel.set_ylabel("ms a suggestion (p50)")
    panel.set_title("ten parameters, one thread")
    panel.grid(alpha=0.25)
    panel.legend(frameon=False)
    save(figure, path)
