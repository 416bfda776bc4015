"""Training programs in Python as trials of the real programs: server, worker, guard."""

import unittest

import local_run


class TrialRunTest(unittest.TestCase):
    def run_job(self, training: str, job: str) -> local_run.LocalRun:
        run = local_run.LocalRun("import sys, pegbox\n" + training, job)
        self.addCleanup(run.close)
        return run

    def test_reports_and_checkpoints_reach_the_server(self) -> None:
        run = self.run_job(
            """
p = pegbox.params(epochs=3)
(pegbox.checkpoint_dir() / "best").write_text(str(p["x"]))
for epoch in range(1, p["epochs"] + 1):
    loss = p["x"] / epoch
    pegbox.report({"validation:loss": loss, "train:loss": 0}, step=epoch, checkpoint=epoch == 2)
""",
            """
objective: {metric: "validation:loss", goal: minimize}
parameters:
  - {name: x, double: {min: 1, max: 2}}
  - {name: optimizer, categorical: {values: [adam, sgd]}}
max_jobs: 2
""",
        )
        self.assertEqual(run.result.returncode, 0, run.result.stderr)
        trials = run.trials()
        self.assertEqual([trial["state"] for trial in trials], ["COMPLETED"] * 2)
        for number, trial in enumerate(trials, 1):
            x = trial["parameters"]["x"]["double_value"]
            self.assertAlmostEqual(trial["value"], x / 3)
            self.assertEqual((trial["last_step"], trial["checkpoint_step"]), ("3", "2"))
            checkpoint = run.folder / "data/worker/checkpoints/job" / str(number) / "best"
            self.assertEqual(checkpoint.read_text(), str(x))
        rows = run.ask("trial", "job/1")["measurements"]
        self.assertEqual(len(rows), 6)

    def test_a_rule_stops_the_program_at_its_next_report(self) -> None:
        run = self.run_job(
            """
try:
    for epoch in range(1, 100):
        pegbox.report(loss=max(1, 5 - epoch), step=epoch, on_stop="raise")
except pegbox.TrialStopped as stopped:
    print("stopped by", stopped)
    sys.exit(3)  # a trial that was stopped has not failed
""",
            """
objective: {metric: loss, goal: minimize}
parameters: [{name: x, double: {min: 1, max: 2}}]
max_jobs: 1
early_stopping: [{patience: {patience: 3}}]
""",
        )
        self.assertEqual(run.result.returncode, 0, run.result.stderr)
        [trial] = run.trials()
        self.assertEqual(
            (trial["state"], trial["value"], trial["best_step"]), ("COMPLETED", 1, "4")
        )
        self.assertEqual(trial["stop"]["rule"], "patience")
        self.assertIn("stopped by", run.log(1))

    def test_an_exception_is_a_failure_of_the_trial(self) -> None:
        run = self.run_job(
            "pegbox.report(loss=1)\nraise ValueError('no such layer')",
            """
objective: {metric: loss, goal: minimize}
parameters: [{name: x, double: {min: 1, max: 2}}]
max_jobs: 1
""",
        )
        [trial] = run.trials()
        self.assertEqual((trial["state"], trial["failure"]["kind"]), ("FAILED", "EXIT_CODE"))
        self.assertIn("no such layer", trial["failure"]["detail"])


if __name__ == "__main__":
    unittest.main()
