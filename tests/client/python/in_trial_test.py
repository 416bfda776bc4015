"""What a trial reports and hears over the worker's socket, and what happens when there is none."""

import os
import subprocess
import sys
import time
import unittest
from typing import Callable, Dict, Optional

import fake_worker
import pegbox
from pegbox import in_trial, report_link

LONG_SECONDS = fake_worker.LONG_SECONDS
STOP = {"directive": "STOP", "reason": "fell behind"}


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LONG_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def start(code: str, environment: Optional[Dict[str, str]] = None) -> "subprocess.Popen[str]":
    """Runs Python code in a process that has no variables of Pegbox but these."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PEGBOX_")}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**inherited, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class ReporterTest(unittest.TestCase):
    def setUp(self) -> None:
        connection, self.worker = fake_worker.connected_pair()
        self.reporter = in_trial.Reporter()
        self.reporter.use(connection)
        self.addCleanup(self.worker.close)

    def report(
        self, step: Optional[int], wait: float = LONG_SECONDS, **values: float
    ) -> pegbox.Verdict:
        return self.reporter.report(step, values, False, wait)

    def test_a_line_says_step_metrics_and_checkpoint(self) -> None:
        self.reporter.report(3, {"validation:loss": 0.5}, True, 0)
        self.assertEqual(
            self.worker.receive(),
            {"step": 3, "metrics": {"validation:loss": 0.5}, "checkpoint": True},
        )

    def test_without_a_step_the_next_one_is_taken(self) -> None:
        for step in (None, None, 7, None):
            self.report(step, wait=0, loss=1)
        steps = [self.worker.receive_and_continue()["step"] for _ in range(4)]
        self.assertEqual(steps, [0, 1, 7, 8])

    def test_the_verdict_on_a_report_is_the_answer_to_it(self) -> None:
        fake_worker.answer_all(self.worker, STOP)
        verdict = self.report(1, loss=1)
        self.assertTrue(verdict)
        self.assertEqual(verdict.reason, "fell behind")

    def test_a_stop_stays(self) -> None:
        self.report(1, wait=0, loss=1)
        self.worker.receive()
        self.worker.answer(STOP)
        self.assertTrue(wait_until(self.reporter.verdict))
        fake_worker.answer_all(self.worker)
        self.assertEqual(self.report(2, loss=1).reason, "fell behind")

    def test_a_stop_is_heard_between_reports(self) -> None:
        self.assertFalse(self.reporter.verdict())
        self.worker.answer(STOP)
        self.assertTrue(wait_until(self.reporter.verdict))

    def test_after_a_late_answer_nobody_waits_until_all_have_come(self) -> None:
        self.report(1, wait=0.001, loss=1)
        self.assertFalse(self.report(2, wait=100 * LONG_SECONDS, loss=1))  # or this test never ends
        self.assertEqual([self.worker.receive_and_continue()["step"] for _ in range(2)], [1, 2])
        self.assertTrue(self.reporter.flush(LONG_SECONDS))
        fake_worker.answer_all(self.worker, STOP)
        self.assertTrue(self.report(3, loss=1))

    def test_a_worker_that_takes_nothing_costs_the_oldest_reports(self) -> None:
        for step in range(report_link.MAX_QUEUED_LINES + 5):
            self.report(step, wait=0, loss=1)
        steps = [
            self.worker.receive_and_continue()["step"] for _ in range(report_link.MAX_QUEUED_LINES)
        ]
        self.assertEqual(steps, [0, *range(6, report_link.MAX_QUEUED_LINES + 5)])
        self.assertTrue(self.reporter.flush(LONG_SECONDS))

    def test_what_is_no_directive_is_ignored(self) -> None:
        self.report(1, wait=0, loss=1)
        self.worker.receive()
        for line in ([1], {"reason": "x"}, "STOP"):
            self.worker.answer(line)
        self.assertFalse(self.reporter.flush(0.01))
        self.worker.answer(fake_worker.CONTINUE)
        self.assertTrue(self.reporter.flush(LONG_SECONDS))
        self.assertFalse(self.reporter.verdict())

    def test_the_end_of_a_connection_that_cannot_come_again_is_no_error(self) -> None:
        self.worker.close()
        for step in range(3):
            self.assertFalse(self.report(step, loss=1))
        self.assertTrue(self.reporter.flush(LONG_SECONDS))


class ProgramTest(unittest.TestCase):
    def setUp(self) -> None:
        self.worker = fake_worker.FakeWorker()
        self.addCleanup(self.worker.close)

    def start(self, code: str, **environment: str) -> "subprocess.Popen[str]":
        program = start(
            "import os, pegbox\n" + code,
            {
                "PEGBOX_SOCKET": self.worker.path,
                "PEGBOX_TRIAL": "tuningJobs/a/trials/1",
                **environment,
            },
        )
        self.addCleanup(program.communicate)
        self.addCleanup(program.kill)
        return program

    def test_hyperparameters_come_over_the_defaults(self) -> None:
        program = self.start(
            "print(pegbox.params({'lr': 1.0, 'momentum': 0.5}, epochs=3))\n"
            "print(pegbox.params(epochs=3.0))\n"
            "print(pegbox.attempt(), pegbox.seed())",
            PEGBOX_PARAMS='{"lr": 0.1, "epochs": 5.0}',
            PEGBOX_ATTEMPT="2",
            PEGBOX_SEED="18446744073709551615",
        )
        out, _ = program.communicate()
        self.assertEqual(
            out,
            "{'lr': 0.1, 'momentum': 0.5, 'epochs': 5}\n{'epochs': 5.0, 'lr': 0.1}\n"
            "2 18446744073709551615\n",
        )

    def test_what_was_reported_before_the_end_is_sent(self) -> None:
        program = self.start("for i in range(500): pegbox.report(loss=i, wait=0)")
        lines = fake_worker.answer_all(self.worker.accept()).get(timeout=LONG_SECONDS)
        self.assertEqual([line["step"] for line in lines], list(range(500)))
        self.assertEqual(program.wait(), 0)

    def test_a_stop_that_is_not_caught_ends_the_program_well(self) -> None:
        program = self.start(
            "pegbox.report(loss=1, on_stop='raise', wait=60)\nprint('not stopped')"
        )
        fake_worker.answer_all(self.worker.accept(), STOP)
        self.assertEqual(program.communicate(), ("", ""))
        self.assertEqual(program.returncode, 0)

    def test_a_stop_passes_handlers_of_exceptions(self) -> None:
        program = self.start(
            "try:\n"
            "  try: pegbox.report(loss=1, on_stop='raise', wait=60)\n"
            "  except Exception: pass\n"
            "except pegbox.TrialStopped as stopped: print(stopped)"
        )
        fake_worker.answer_all(self.worker.accept(), STOP)
        self.assertEqual(program.communicate()[0], "fell behind\n")

    def test_a_line_whose_connection_broke_is_sent_again(self) -> None:
        program = self.start("pegbox.report(loss=1, step=4, wait=60)")
        first = self.worker.accept()
        self.assertEqual(first.receive()["step"], 4)
        first.close()
        self.assertEqual(self.worker.accept().receive_and_continue()["step"], 4)
        self.assertEqual(program.wait(), 0)

    def test_a_forked_child_reports_over_its_own_connection(self) -> None:
        program = self.start(
            "pegbox.report(parent=1, step=1, wait=60)\n"
            "if os.fork() == 0:\n"
            "  pegbox.report(child=1, step=2, wait=60)\n"
            "  os._exit(0)\n"
            "os.wait()\n"
            "pegbox.report(parent=1, step=3, wait=60)"
        )
        parent = self.worker.accept()
        self.assertEqual(parent.receive_and_continue()["step"], 1)
        self.assertEqual(self.worker.accept().receive_and_continue()["step"], 2)
        self.assertEqual(parent.receive_and_continue()["step"], 3)
        self.assertEqual(program.wait(), 0)

    def test_what_the_worker_refuses_is_told_once(self) -> None:
        program = self.start("for i in range(3): pegbox.report(loss=i, wait=60)")
        fake_worker.answer_all(
            self.worker.accept(), {"directive": "CONTINUE", "error": "step: too large"}
        )
        self.assertEqual(
            program.communicate(), ("", "pegbox: the worker refused a report: step: too large\n")
        )

    def test_without_a_listener_reports_go_to_standard_output(self) -> None:
        program = self.start(
            "pegbox.report(loss=1, step=2)", PEGBOX_SOCKET=self.worker.path + "-not"
        )
        out, err = program.communicate()
        self.assertEqual(out, 'PEGBOX_METRICS {"step": 2, "metrics": {"loss": 1.0}}\n')
        self.assertIn("PEGBOX_SOCKET: cannot connect to", err)


class WithoutPegboxTest(unittest.TestCase):
    def run_code(self, code: str) -> str:
        program = start("import pathlib, sys, pegbox\n" + code)
        out, err = program.communicate()
        self.assertEqual((program.returncode, err), (0, ""))
        return out

    def test_the_program_works_on_its_own(self) -> None:
        out = self.run_code(
            "print(pegbox.params(lr=0.1), pegbox.is_trial(), pegbox.trial_name(), pegbox.seed(5))\n"
            "print(pegbox.report(loss=0.5, on_stop='raise').should_stop, pegbox.should_stop())"
        )
        self.assertEqual(
            out,
            "{'lr': 0.1} False  5\n"
            'PEGBOX_METRICS {"step": 0, "metrics": {"loss": 0.5}}\n'
            "False False\n",
        )

    def test_checkpoints_go_to_a_temporary_folder(self) -> None:
        folder = self.run_code(
            "folder = pegbox.checkpoint_dir()\n"
            "(folder / 'best').write_text('x')\n"
            "assert folder == pegbox.checkpoint_dir()\n"
            "print(folder)"
        ).strip()
        self.assertFalse(os.path.exists(folder))

    def test_the_import_needs_the_standard_library_only(self) -> None:
        out = self.run_code(
            "print([m for m in ('grpc', 'google', 'numpy', 'pandas') if m in sys.modules])"
        )
        self.assertEqual(out, "[]\n")


class BadReportTest(unittest.TestCase):
    def assert_refused(self, error: type, message: str, *arguments: object, **more: object) -> None:
        with self.assertRaises(error) as caught:
            pegbox.report(*arguments, **more)
        self.assertIn(message, str(caught.exception))

    def test_names_of_metrics(self) -> None:
        for name in ("", "a b", "é", "x" * 129, 3):
            self.assert_refused(
                ValueError, "metrics: a metric's name has 1 to 128 characters", {name: 1}
            )

    def test_values(self) -> None:
        for value in ("high", None, [1, 2]):
            self.assert_refused(TypeError, 'metrics["loss"]: must be a number; got', loss=value)

    def test_steps(self) -> None:
        self.assert_refused(
            ValueError, "step: must be an integer from 0 to 2^53; got -1", step=-1, loss=1
        )
        self.assert_refused(
            ValueError, "step: must be an integer from 0 to 2^53", step=2**53 + 1, loss=1
        )
        self.assert_refused(
            TypeError, "step: must be an integer from 0 to 2^53; got 0.5", step=0.5, loss=1
        )

    def test_a_report_of_nothing(self) -> None:
        self.assert_refused(ValueError, "report: says nothing", step=1)

    def test_what_to_do_at_a_stop(self) -> None:
        self.assert_refused(
            ValueError, 'on_stop: must be "return" or "raise"', loss=1, on_stop="exit"
        )


if __name__ == "__main__":
    unittest.main()
