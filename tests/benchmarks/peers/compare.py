"""Runs the methods of a plan on its problems, one process at a time, each with one thread and in its own environment.

A run that was ended goes on where its CSV file ends. Seeds are outermost, so that whatever has been run by then
compares every method on every problem.

Example: compare.py --plan short --methods pegbox --csv build/search-bench/short/pegbox.csv
"""

import argparse
import os
import pathlib
import subprocess
import sys

import methods
import plans
import problems
import run_method

HERE = pathlib.Path(__file__).parent
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "CUDA_VISIBLE_DEVICES": "",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONWARNINGS": "ignore",
}


def is_done(arguments, method, problem_names, seed, trials):
    done = run_method.finished(arguments.csv, trials)
    return all((method, problem, seed) in done for problem in problem_names)


def run(arguments, method, problem_names, seed, trials):
    environment = arguments.environments / methods.METHODS[method].environment
    command = [
        environment / "bin" / "python",
        HERE / "run_method.py",
        *("--method", method),
        *("--problems", ",".join(problem_names)),
        *("--seeds", f"{seed}:{seed}"),
        *("--trials", str(trials)),
        *("--csv", arguments.csv),
        *("--programs", arguments.programs),
    ]
    server = {"PEGBOX_SERVER": str((arguments.programs / "bin" / "pegbox-server").resolve())}
    return subprocess.run(command, env={**os.environ, **ONE_THREAD, **server}).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    all_plans = {plan.title: plan for plan in (plans.FULL, plans.SLOW, plans.SHORT)}
    parser.add_argument("--plan", choices=all_plans, default="short", help="see plans.py (default: short)")
    parser.add_argument("--methods", help="comma-separated; the plan's by default")
    parser.add_argument("--problems", help="comma-separated; the plan's by default")
    parser.add_argument("--seeds", type=int, help="runs of each; the plan's by default")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, help="of each run; the plan's by default")
    parser.add_argument("--csv", type=pathlib.Path, required=True, help="where the rows are appended")
    parser.add_argument("--environments", type=pathlib.Path, default="build/peers", help="made by make_environments")
    parser.add_argument("--programs", type=pathlib.Path, default="build/release", help="the build folder")
    arguments = parser.parse_args()
    arguments.csv.parent.mkdir(parents=True, exist_ok=True)
    plan = all_plans[arguments.plan]
    chosen = arguments.methods.split(",") if arguments.methods else plan.methods
    names = arguments.problems.split(",") if arguments.problems else list(plan.problems)
    if not names:
        server = problems.ProblemServer(arguments.programs / "benchmarks" / "problem_server")
        names = server.names("tuning") + server.names("held-out")
        server.close()
    trials = arguments.trials or plan.trials
    failed = set()
    for seed in range(arguments.first_seed, arguments.seeds or plan.seeds):
        for method in chosen:
            if method in failed or is_done(arguments, method, names, seed, trials):
                continue
            if run(arguments, method, names, seed, trials) != 0:
                failed.add(method)
                print(f"{method}: failed, see above; the others go on", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
