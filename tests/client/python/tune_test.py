"""`pegbox.tune` with the real server, which it starts by itself."""

import importlib.util
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from typing import Any, Callable, Dict, List

import pegbox
import tuned_functions

SPACE = {"x": (0.0, 1.0)}


def is_alive(process: int) -> bool:
    try:
        status = pathlib.Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"  # ended, and waits for whoever adopted it


class TuneTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="pegbox-")
        self.addCleanup(folder.cleanup)
        self.data = pathlib.Path(folder.name)

    def tune(
        self, function: Callable[[Dict[str, Any]], Any], space: Any = None, **options: Any
    ) -> pegbox.TuneResult:
        options = {"max_jobs": 3, "seed": 1, "data": self.data, "progress": False, **options}
        return pegbox.tune(function, space or SPACE, **options)

    def log(self, result: pegbox.TuneResult, number: int) -> str:
        return (self.data / "tune" / result.job.id / str(number) / "log.txt").read_text()

    def test_the_minimum_of_a_function_is_found(self) -> None:
        told: List[pegbox.Trial] = []
        result = self.tune(
            lambda p: (p["x"] - 0.3) ** 2, max_jobs=15, max_parallel_jobs=2, on_trial=told.append
        )
        self.assertAlmostEqual(result.best_params["x"], 0.3, delta=0.05)
        self.assertEqual(result.best_value, min(trial.value for trial in result.trials))
        self.assertEqual([trial.state for trial in result.trials], ["COMPLETED"] * 15)
        self.assertEqual(sorted(trial.number for trial in told), list(range(1, 16)))
        self.assertEqual(result.job.end_reason, "MAX_JOBS")

    def test_the_same_seed_gives_the_same_search(self) -> None:
        searches = [
            [
                trial.params
                for trial in self.tune(
                    tuned_functions.parabola, data=self.data / name, max_jobs=8
                ).trials
            ]
            for name in ("one", "two")
        ]
        self.assertEqual(searches[0], searches[1])

    def test_ints_of_a_choice_come_as_ints(self) -> None:
        result = self.tune(
            lambda p: [1] * p["batch_size"] and 1, {"batch_size": [16, 32]}, max_jobs=2
        )
        self.assertEqual(type(result.best_params["batch_size"]), int)
        self.assertEqual({row["param_batch_size"] for row in result.rows}, {16, 32})

    def test_a_function_reports_as_a_trial_does(self) -> None:
        def function(params: Dict[str, Any]) -> None:
            print("in", pegbox.trial_name())
            (pegbox.checkpoint_dir() / "best").write_text("x")
            for epoch in range(1, 100):
                if pegbox.report(loss=abs(epoch - 3), step=epoch):
                    print("stopped at", epoch)
                    return

        result = self.tune(function, metric="loss", max_jobs=1, early_stopping=[pegbox.Patience(2)])
        self.assertEqual(
            (result.best_value, result.best.best_step, result.best.stop.rule), (0, 3, "patience")
        )
        self.assertEqual(
            self.log(result, 1), f"in tuningJobs/{result.job.id}/trials/1\nstopped at 5\n"
        )
        self.assertTrue((self.data / "tune" / result.job.id / "1/checkpoints/best").exists())

    def test_a_function_that_does_not_listen_is_ended(self) -> None:
        def function(params: Dict[str, Any]) -> None:
            child = subprocess.Popen(["sleep", "1000"])
            print(child.pid, flush=True)
            pegbox.report(loss=1)
            pegbox.report(loss=2)
            time.sleep(1_000)

        result = self.tune(
            function,
            metric="loss",
            max_jobs=1,
            early_stopping=[pegbox.Patience(1)],
            grace_period=0.1,
        )
        self.assertEqual((result.best.state, result.best.value), ("COMPLETED", 1))
        self.assertFalse(is_alive(int(self.log(result, 1))))

    def test_failures_are_told_and_the_search_goes_on(self) -> None:
        def function(params: Dict[str, Any]) -> float:
            if params["how"] == "exception":
                raise ValueError("no such layer")
            if params["how"] == "signal":
                os.kill(os.getpid(), signal.SIGKILL)
            if params["how"] == "exit":
                os._exit(7)
            if params["how"] == "nan":
                return float("nan")
            return 1

        hows = ["exception", "exit", "fine", "nan", "signal"]
        result = self.tune(function, {"how": hows}, max_jobs=5, max_consecutive_failures=0)
        failures = {trial.params["how"]: trial.failure for trial in result.trials}
        kinds = {how: failure and failure.kind for how, failure in failures.items()}
        self.assertEqual(
            kinds,
            {
                "exception": "EXIT_CODE",
                "exit": "EXIT_CODE",
                "fine": None,
                "nan": "DIVERGED",
                "signal": "SIGNAL",
            },
        )
        self.assertEqual(failures["exception"].detail, "ValueError: no such layer")
        self.assertEqual((failures["exit"].exit_code, failures["signal"].signal), (7, 9))

    def test_no_value_at_all_is_an_error_with_the_last_failure(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "no trial has a value.*KeyError: 'y'.*log.txt"):
            self.tune(lambda p: p["y"])

    def test_fresh_interpreters_run_a_function_that_they_can_import(self) -> None:
        result = self.tune(tuned_functions.environment, max_jobs=2, start_method="spawn")
        with pegbox.LocalServer(self.data) as server, pegbox.Client(server.address) as client:
            processes = {client.measurements(result.job.id, n, "process")[0].value for n in (1, 2)}
        self.assertEqual(len(processes - {os.getpid()}), 2)

    @unittest.skipUnless(importlib.util.find_spec("cloudpickle"), "needs cloudpickle")
    def test_fresh_interpreters_run_any_function_with_cloudpickle(self) -> None:
        offset = 0.3
        result = self.tune(lambda p: (p["x"] - offset) ** 2, max_jobs=1, start_method="spawn")
        self.assertEqual(result.best.state, "COMPLETED")

    def test_a_server_that_runs_on_the_folder_is_used(self) -> None:
        with pegbox.LocalServer(self.data) as server, pegbox.Client(server.address) as client:
            result = self.tune(tuned_functions.parabola, max_jobs=1)
            named = self.tune(tuned_functions.parabola, max_jobs=1, server=server.address)
            self.assertEqual([job.id for job in client.list()], [named.job.id, result.job.id])

    def test_what_cannot_be_is_told_before_anything_starts(self) -> None:
        with self.assertRaisesRegex(ValueError, 'start_method: must be "fork" or "spawn"'):
            self.tune(tuned_functions.parabola, start_method="thread")
        with self.assertRaisesRegex(ValueError, 'space\\["x"\\]: must be a domain'):
            self.tune(tuned_functions.parabola, {"x": None})
        with self.assertRaisesRegex(ValueError, "goal: must be one of"):
            self.tune(tuned_functions.parabola, goal="up")
        self.assertEqual(list(self.data.iterdir()), [])

    def test_an_interrupt_stops_the_job_and_leaves_nothing_running(self) -> None:
        script = (
            "import os, pegbox, time\n"
            "def function(params):\n"
            "  print(os.getpid(), flush=True)\n"
            "  open(os.path.join(os.environ['MARK'], str(os.getpid())), 'w').close()\n"
            "  time.sleep(1000)\n"
            f"pegbox.tune(function, {{'x': (0.0, 1.0)}}, data={str(self.data)!r}, job_id='job',"
            " max_parallel_jobs=2)\n"
        )
        marks = self.data / "marks"
        marks.mkdir()
        program = subprocess.Popen(
            [sys.executable, "-c", script],
            stderr=subprocess.PIPE,
            env={**os.environ, "MARK": str(marks)},
        )
        deadline = time.monotonic() + 60
        while len(list(marks.iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=60)
        self.assertIn(b"KeyboardInterrupt", errors)
        for mark in marks.iterdir():
            self.assertFalse(is_alive(int(mark.name)))
        with pegbox.LocalServer(self.data) as server, pegbox.Client(server.address) as client:
            self.assertEqual(client.wait("job").end_reason, "USER")
            states = [trial.state for trial in client.trials("job")]
        self.assertEqual(set(states), {"CANCELED"})


if __name__ == "__main__":
    unittest.main()
