"""The client over a real server: jobs, ask and tell, errors."""

import dataclasses
import datetime
import importlib.util
import pathlib
import tempfile
import threading
import unittest
from typing import Any, List
from unittest import mock

import pegbox
from pegbox import client as client_module
from pegbox import failures

SPACE = {"lr": pegbox.Double(1e-5, 1e-1, scale="log"), "layers": (1, 4)}


class ServerTest(unittest.TestCase):
    """One server for the tests of a class."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="pegbox-")
        cls.addClassCleanup(folder.cleanup)
        cls.data = pathlib.Path(folder.name)
        cls.server = cls.enter(pegbox.LocalServer(cls.data))
        cls.client = cls.enter(pegbox.Client(cls.server.address))

    @classmethod
    def enter(cls, resource: Any) -> Any:
        cls.addClassCleanup(resource.close)
        return resource

    def create(self, space: Any = None, **fields: Any) -> pegbox.Job:
        return self.client.create(
            space or SPACE, **{"metric": "loss", "max_jobs": 3, "seed": 1, **fields}
        )

    def ask(self, job: pegbox.Job, **options: Any) -> pegbox.RunningTrial:
        trial = self.client.ask(job.id, **options)
        assert trial is not None
        return trial


class JobTest(ServerTest):
    def test_a_job_is_as_it_was_asked_for(self) -> None:
        job = self.create(job_id="mine", goal="maximize", max_parallel_jobs=2, display_name="first")
        found = self.client.get("mine")
        self.assertEqual(
            dataclasses.replace(found, counts=job.counts), job
        )  # trials are queued meanwhile
        self.assertEqual(
            (
                job.id,
                job.state,
                job.metric,
                job.goal,
                job.max_jobs,
                job.max_parallel_jobs,
                job.seed,
                job.display_name,
            ),
            ("mine", "RUNNING", "loss", "maximize", 3, 2, 1, "first"),
        )
        self.assertLess(
            datetime.datetime.now(datetime.timezone.utc) - job.create_time,
            datetime.timedelta(hours=1),
        )
        self.assertIn("mine", [listed.id for listed in self.client.list()])

    def test_every_domain_gives_values_of_its_kind(self) -> None:
        job = self.create(
            {
                "double": pegbox.Double(0, 1, default=1),
                "log": pegbox.Double(1e-3, 1, scale="log", include_zero=True),
                "integer": (1, 4),
                "discrete": [16, 32],
                "categorical": pegbox.Categorical(["adam", "sgd"], default="sgd"),
                "momentum": pegbox.Double(0, 0.9, when={"categorical": "sgd"}),
                "beta": pegbox.Double(0, 0.9, when={"categorical": ["adam"]}),
                "bool": [True, False],
                "constant": 3,
                "fixed": "text",
            }
        )
        params = self.ask(job).params
        self.assertEqual((params["double"], params["categorical"]), (1.0, "sgd"))
        self.assertEqual((params["constant"], params["fixed"]), (3, "text"))
        kinds = {
            name: type(params[name]) for name in ("log", "integer", "discrete", "bool", "momentum")
        }
        self.assertEqual(
            kinds,
            {"log": float, "integer": int, "discrete": float, "bool": bool, "momentum": float},
        )
        self.assertNotIn("beta", params)

    def test_limits_change_and_a_job_pauses_resumes_and_stops(self) -> None:
        job = self.create()
        self.assertEqual(self.client.update(job.id, max_jobs=5).max_jobs, 5)
        changed = self.client.update(job.id, max_parallel_jobs=4, max_runtime=60.5)
        self.assertEqual((changed.max_jobs, changed.max_parallel_jobs), (5, 4))
        self.assertEqual(self.client.pause(job.id).state, "PAUSED")
        self.assertIsNone(self.client.ask(job.id, wait=0))
        self.assertEqual(self.client.resume(job.id).state, "RUNNING")
        self.client.stop(job.id)
        ended = self.client.wait(job.id)
        self.assertEqual(
            (ended.state, ended.end_reason, ended.has_ended), ("STOPPED", "USER", True)
        )
        self.assertIsNone(self.client.ask(job.id))

    def test_watching_tells_all_that_changed(self) -> None:
        job = self.create(max_jobs=2)
        rows: List[pegbox.Measurement] = []
        ended = set()

        def watch() -> None:
            with pegbox.Client(self.server.address) as client:
                for event in client.watch(job.id):
                    for measurements in event.measurements.values():
                        rows.extend(measurements)
                    ended.update(n for n, trial in event.trials.items() if trial.has_ended)

        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(2):
            with self.ask(job) as trial:
                trial.report(loss=0.5, step=1)
        watcher.join()
        self.assertEqual(
            [(row.metric, row.step, row.value) for row in rows], [("loss", 1, 0.5)] * 2
        )
        self.assertEqual(ended, {1, 2})

    def test_errors_have_classes(self) -> None:
        self.create(job_id="taken")
        self.create(job_id="stopped")
        self.client.stop("stopped")
        self.client.wait("stopped")
        for kind, base, call in (
            (pegbox.NotFoundError, LookupError, lambda: self.client.get("nowhere")),
            (pegbox.NotFoundError, LookupError, lambda: self.client.trial("taken", 99)),
            (pegbox.AlreadyExistsError, pegbox.PegboxError, lambda: self.create(job_id="taken")),
            (pegbox.InvalidArgumentError, ValueError, lambda: self.create(max_jobs=0)),
            (
                pegbox.FailedPreconditionError,
                pegbox.PegboxError,
                lambda: self.client.pause("stopped"),
            ),
        ):
            with self.subTest(kind=kind), self.assertRaises(kind) as caught:
                call()
            self.assertIsInstance(caught.exception, base)
            self.assertEqual(caught.exception.code, kind.code)

    def test_without_a_server_a_call_is_unavailable(self) -> None:
        with pegbox.Client("127.0.0.1:1") as client, self.assertRaises(pegbox.UnavailableError):
            client.list()

    def test_what_has_no_place_in_a_message_is_told_by_its_name(self) -> None:
        for fields, told in (
            ({"goal": "up"}, "goal: must be one of minimize, maximize; got 'up'"),
            ({"scope": "mean"}, "scope: must be one of best, last; got 'mean'"),
            ({"algorithm": "tpe"}, "algorithm: must be one of bayesian, random, sobol"),
            ({"space": {"x": None}}, 'space["x"]: must be a domain'),
            (
                {"space": {"x": [1, "a"]}},
                'space["x"]: the values of a choice must be all texts, all numbers',
            ),
            (
                {"space": {"x": pegbox.Double(0, 1, scale="exp")}},
                'space["x"].scale: must be one of linear, log',
            ),
            (
                {"space": {"x": pegbox.Double(0, 1, when={"y": 1})}},
                'space["x"].when: the parent must be',
            ),
            (
                {"space": {"x": pegbox.Double(0, 1, when={})}},
                'space["x"].when: must name one parent',
            ),
        ):
            with self.subTest(fields=fields), self.assertRaises(ValueError) as caught:
                self.create(**fields)
            self.assertIn(told, str(caught.exception))


class AskAndTellTest(ServerTest):
    def test_a_search_ends_with_its_best_trial(self) -> None:
        job = self.create(max_jobs=4)
        values = []
        while (trial := self.client.ask(job.id)) is not None:
            with trial:
                for epoch in range(1, 4):
                    self.assertFalse(
                        trial.report(step=epoch, loss=trial.params["lr"] / epoch, other=1)
                    )
            self.assertEqual(trial.result.state, "COMPLETED")
            values.append(trial.result.value)
        best = self.client.best(job.id)
        self.assertEqual(best.value, min(values))
        self.assertEqual(self.client.recommended(job.id).state, "COMPLETED")
        self.assertEqual(self.client.get(job.id).best_trial, best.number)
        self.assertEqual(self.client.trials(job.id, best_first=True)[0], best)
        self.assertEqual(len(self.client.measurements(job.id, 1)), 6)
        self.assertEqual(
            [row.step for row in self.client.measurements(job.id, 1, "loss")], [1, 2, 3]
        )

    def test_rows_have_a_column_for_each_parameter(self) -> None:
        job = self.create(max_jobs=1)
        with self.ask(job) as trial:
            trial.complete(loss=2)
        [row] = self.client.rows(job.id)
        self.assertEqual((row["number"], row["state"], row["value"]), (1, "COMPLETED", 2.0))
        self.assertEqual(row["param_layers"], trial.params["layers"])
        self.assertGreaterEqual(row["seconds"], 0)
        if importlib.util.find_spec("pandas") is not None:
            self.assertEqual(list(self.client.dataframe(job.id).columns), list(row))

    def test_a_rule_stops_a_trial(self) -> None:
        job = self.create(early_stopping=[pegbox.Patience(1), pegbox.Median(min_steps=3)])
        with self.ask(job) as trial:
            self.assertFalse(trial.report(step=1, loss=1))
            verdict = trial.report(step=2, loss=2)
            self.assertTrue(verdict and trial.should_stop)
            self.assertIn("has not become better", verdict.reason)
        self.assertEqual(trial.result.stop.rule, "patience")

    def test_an_exception_is_the_failure_that_it_is(self) -> None:
        job = self.create(max_jobs=20, max_consecutive_failures=0)
        for error, kind in (
            (ValueError("no such layer"), "EXIT_CODE"),
            (MemoryError(), "OUT_OF_MEMORY"),
            (FloatingPointError("overflow"), "DIVERGED"),
            (SystemExit(3), "EXIT_CODE"),
        ):
            with self.subTest(error=error), self.assertRaises(type(error)):
                with self.ask(job) as trial:
                    raise error
            self.assertEqual((trial.result.state, trial.result.failure.kind), ("FAILED", kind))
            self.assertIn(type(error).__name__, trial.result.failure.detail)

    def test_a_trial_that_was_interrupted_is_run_again(self) -> None:
        job = self.create()
        with self.assertRaises(KeyboardInterrupt), self.ask(job) as first:
            raise KeyboardInterrupt
        self.assertEqual(first.result.state, "QUEUED")
        again = self.ask(job)
        self.assertEqual((again.number, again.trial.attempt), (first.number, 2))
        self.assertEqual(again.params, first.params)

    def test_a_stop_that_is_raised_ends_the_trial_well(self) -> None:
        with self.ask(self.create()) as trial:
            trial.report(loss=1)
            raise pegbox.TrialStopped("enough")
        self.assertEqual(trial.result.state, "COMPLETED")

    def test_an_exception_can_be_left_behind(self) -> None:
        with self.ask(self.create(), on_error="continue") as trial:
            raise ValueError("no such layer")
        self.assertEqual(trial.result.state, "FAILED")

    def test_a_trial_whose_lease_has_ended_is_somebody_elses(self) -> None:
        job = self.create()
        lost = self.ask(job, lease=1)
        again = self.ask(job)
        self.assertEqual((again.number, again.trial.attempt), (lost.number, 2))
        verdict = lost.report(loss=1)
        self.assertTrue(verdict)
        self.assertEqual(verdict.reason, "another attempt of the trial runs by now")
        with self.assertRaises(pegbox.AbortedError):
            lost.complete()
        again.complete(loss=1)

    def test_a_lease_is_kept_while_the_trial_runs(self) -> None:
        job = self.create()
        with self.ask(job, lease=2) as trial:
            # Nobody else can have it, however long it takes to ask.
            self.assertIsNone(self.client.ask(job.id, wait=5))
            trial.complete(loss=1)
        self.assertEqual(trial.result.attempt, 1)

    def test_a_server_that_is_away_for_a_while_is_waited_for(self) -> None:
        with tempfile.TemporaryDirectory(prefix="pegbox-") as folder:
            server = pegbox.LocalServer(folder)
            self.addCleanup(server.close)
            with pegbox.Client(server.address) as client:
                job = client.create(SPACE, metric="loss", max_jobs=1)
                with client.ask(job.id) as trial:
                    trial.report(loss=2)
                    server.close()
                    with mock.patch.object(client_module, "_PATIENCE_SECONDS", 0.5):
                        with self.assertRaises(pegbox.UnavailableError):
                            trial.report(loss=1)
                    self.restart(server)
                    trial.report(loss=1, step=1)
                self.assertEqual((trial.result.state, trial.result.value), ("COMPLETED", 1.0))

    def restart(self, server: pegbox.LocalServer) -> None:
        """At the same address."""
        import subprocess

        from pegbox.local_server import find_program

        folder = server.data / "server"
        (folder / "address").unlink(missing_ok=True)
        command = [find_program("pegbox-server"), "--data", str(folder), "--listen", server.address]
        with open(folder / "log", "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)


class FailureTest(unittest.TestCase):
    def test_a_library_s_own_out_of_memory_error_counts(self) -> None:
        class OutOfMemoryError(RuntimeError):  # as torch's and cupy's
            pass

        self.assertEqual(failures.failure_of(OutOfMemoryError("CUDA")).kind, "OUT_OF_MEMORY")

    def test_a_good_exit_is_none(self) -> None:
        for error in (SystemExit(), SystemExit(0), pegbox.TrialStopped("")):
            self.assertIsNone(failures.failure_of(error))

    def test_a_long_message_is_cut(self) -> None:
        self.assertEqual(len(failures.failure_of(ValueError("x" * 5_000)).detail), 1_000)


if __name__ == "__main__":
    unittest.main()
