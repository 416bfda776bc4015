"""SageMaker's tuning scripts on Pegbox, with commands and with functions."""

import importlib.util
import pathlib
import tempfile
import unittest
from typing import Any, Dict, List

from pegbox.sagemaker import (
    CategoricalParameter,
    ContinuousParameter,
    Estimator,
    HyperparameterTuner,
    IntegerParameter,
    TuningJobCompletionCriteriaConfig,
)

RANGES = {
    "learning-rate": ContinuousParameter(1e-4, 1e-1),
    "layers": IntegerParameter(1, 4),
    "optimizer": CategoricalParameter(["adam", "sgd"]),
}
TRAINING = """
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--learning-rate", type=float, required=True)
parser.add_argument("--layers", type=int, required=True)
parser.add_argument("--optimizer", choices=["adam", "sgd"], required=True)
parser.add_argument("--epochs", type=int, required=True)
arguments = parser.parse_args()
os.listdir(os.environ["SM_CHANNEL_TRAINING"])
for epoch in range(1, arguments.epochs + 1):
    print(f"epoch {epoch}: accuracy={1 - arguments.learning_rate - 0.1 / epoch:.6f}")
"""
COLUMNS = [
    "learning-rate",
    "layers",
    "optimizer",
    "TrainingJobName",
    "TrainingJobStatus",
    "FinalObjectiveValue",
    "TrainingStartTime",
    "TrainingEndTime",
    "TrainingElapsedTimeSeconds",
]


class TunerTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="pegbox-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def estimator(self, run: Any, **options: Any) -> Estimator:
        options.setdefault("data", self.folder / "data")
        return Estimator(run, **options)

    def command(self, training: str = TRAINING, **options: Any) -> Estimator:
        (self.folder / "train.py").write_text(training)
        return self.estimator(
            ["/usr/bin/python3", "train.py"], working_directory=self.folder, **options
        )

    def test_a_tuning_script_runs_with_its_import_and_estimator_changed(self) -> None:
        estimator = self.command(hyperparameters={"epochs": 3}, hyperparameter_ranges=RANGES)
        # fmt: off
        tuner = HyperparameterTuner(estimator=estimator, objective_metric_name='validation:accuracy', objective_type='Maximize', max_jobs=20, max_parallel_jobs=3, early_stopping_type='Auto',  # noqa: E501
                                    metric_definitions=[{"Name": "validation:accuracy", "Regex": "accuracy=([0-9.]+)"},  # noqa: E501
                                                        {"Name": "pegbox:step", "Regex": r"epoch (\d+)"}])  # noqa: E501
        # fmt: on
        tuner.fit(str(self.folder))
        name = tuner.latest_tuning_job.name
        rows = tuner.analytics().rows()
        self.assertEqual([list(row) for row in rows], [COLUMNS] * 20)
        self.assertEqual(
            [row["TrainingJobName"] for row in rows], [f"{name}/{n}" for n in range(1, 21)]
        )
        self.assertLessEqual({row["TrainingJobStatus"] for row in rows}, {"Completed", "Stopped"})
        best = max(rows, key=lambda row: row["FinalObjectiveValue"])
        self.assertEqual(tuner.best_training_job(), best["TrainingJobName"])
        self.assertAlmostEqual(
            best["FinalObjectiveValue"], 1 - best["learning-rate"] - 0.1 / 3, places=5
        )
        hyperparameters = tuner.best_estimator().hyperparameters()
        self.assertEqual(hyperparameters["learning-rate"], best["learning-rate"])
        self.assertEqual(hyperparameters["epochs"], 3)
        description = tuner.describe()
        self.assertEqual(description["HyperParameterTuningJobStatus"], "Completed")
        self.assertEqual(description["BestTrainingJob"]["TrainingJobName"], best["TrainingJobName"])

    def test_placeholders_take_the_place_of_flags(self) -> None:
        code = "import sys; print('score', sys.argv[1:])"
        estimator = self.estimator(["/usr/bin/python3", "-c", code, "x={x}"])
        regex = r"score \['x=([0-9.]+)'\]"
        tuner = HyperparameterTuner(
            estimator,
            "score",
            {"x": ContinuousParameter(1, 2)},
            [{"Name": "score", "Regex": regex}],
            max_jobs=1,
        )
        tuner.fit()
        [row] = tuner.analytics().rows()
        self.assertEqual(row["FinalObjectiveValue"], row["x"])

    def test_a_function_gets_its_values_as_they_are_written(self) -> None:
        def train(params: Dict[str, Any]) -> float:
            assert params["sizes"] == [8, 4] and params["seed"] == 5, params
            assert isinstance(params["batch_size"], int) and params["one"] is None, params
            return params["batch_size"] * params["x"]

        tuner = HyperparameterTuner(
            self.estimator(train, hyperparameters={"sizes": [8, 4], "seed": 5}),
            "score",
            {
                "x": ContinuousParameter(0, 1),
                "batch_size": CategoricalParameter([16, 32]),
                "one": CategoricalParameter([None]),
            },
            max_jobs=4,
            max_parallel_jobs=2,
            base_tuning_job_name="My_Job",
        )
        tuner.fit(wait=False)
        tuner.wait()
        self.assertTrue(tuner.latest_tuning_job.name.startswith("my-job-"))
        self.assertEqual(tuner.describe()["TrainingJobStatusCounters"]["Completed"], 4)
        rows = tuner.analytics().rows()
        self.assertEqual({row["batch_size"] for row in rows} - {16.0, 32.0}, set())
        for row in rows:
            self.assertEqual(row["FinalObjectiveValue"], row["batch_size"] * row["x"])
            self.assertGreater(row["TrainingEndTime"], row["TrainingStartTime"])

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "needs pandas")
    def test_the_table_is_a_data_frame(self) -> None:
        tuner = HyperparameterTuner(
            self.estimator(lambda p: 1.0), "score", dict(RANGES), max_jobs=2
        )
        tuner.fit()
        self.assertEqual(list(tuner.analytics().dataframe().columns), COLUMNS)

    def test_a_job_can_be_stopped(self) -> None:
        def train(params: Dict[str, Any]) -> None:
            import pegbox

            step = 0
            while not pegbox.report(score=1, step=step):
                step += 1

        tuner = HyperparameterTuner(self.estimator(train), "score", dict(RANGES), max_jobs=2)
        tuner.fit(wait=False)
        while tuner.describe()["TrainingJobStatusCounters"]["InProgress"] == 0:
            pass
        tuner.stop_tuning_job()
        tuner.wait()
        self.assertEqual(tuner.describe()["HyperParameterTuningJobStatus"], "Stopped")

    def test_a_target_ends_the_job(self) -> None:
        criteria = TuningJobCompletionCriteriaConfig(target_objective_metric_value=0.5)
        tuner = HyperparameterTuner(
            self.estimator(lambda p: 0.75),
            "score",
            dict(RANGES),
            max_jobs=10,
            completion_criteria_config=criteria,
        )
        tuner.fit()
        self.assertLess(len(tuner.analytics().rows()), 10)

    def test_a_job_whose_trials_all_fail_is_an_error(self) -> None:
        tuner = HyperparameterTuner(
            self.command("raise ValueError('no data')", hyperparameters={"epochs": 1}),
            "score",
            dict(RANGES),
            max_jobs=10,
        )
        with self.assertRaisesRegex(RuntimeError, "no data"):
            tuner.fit()
        with self.assertRaisesRegex(ValueError, "has no trial with a value"):
            tuner.best_training_job()
        failed = tuner.training_job_summaries()[0]
        self.assertEqual(failed["TrainingJobStatus"], "Failed")
        self.assertIn("no data", failed["FailureReason"])


class ArgumentTest(unittest.TestCase):
    def tuner(self, run: Any = lambda p: 1.0, **options: Any) -> HyperparameterTuner:
        options = {"hyperparameter_ranges": dict(RANGES), "max_jobs": 1, **options}
        return HyperparameterTuner(run, "score", **options)

    def test_what_is_not_here_is_named(self) -> None:
        one = TuningJobCompletionCriteriaConfig
        refused: List[Dict[str, Any]] = [
            {"warm_start_config": object()},
            {"strategy_config": object()},
            {"estimator_name": "one"},
            {"autotune": True},
            {"hyperparameters_to_keep_static": ["x"]},
        ]
        for options in refused:
            [name] = options
            with (
                self.subTest(name),
                self.assertRaisesRegex(ValueError, f"^{name}: Pegbox does not"),
            ):
                self.tuner(**options)
        for name in ("max_number_of_training_jobs_not_improving", "complete_on_convergence"):
            with (
                self.subTest(name),
                self.assertRaisesRegex(ValueError, f"^{name}: Pegbox does not"),
            ):
                self.tuner(completion_criteria_config=one(**{name: 3}))

    def test_a_mistake_is_named_with_its_mend(self) -> None:
        function_metrics = [{"Name": "a", "Regex": "(.)"}]
        for options, told in (
            ({"objective_type": "max"}, "objective_type: must be one of Maximize, Minimize"),
            ({"early_stopping_type": "on"}, "early_stopping_type: must be one of Off, Auto"),
            ({"metric_definitions": function_metrics}, "metric_definitions: are for commands"),
            ({"hyperparameter_ranges": {}}, "hyperparameter_ranges: must have at least one range"),
            (
                {"hyperparameter_ranges": {"x": ContinuousParameter(0, 1, "Log")}},
                'hyperparameter_ranges\\["x"\\].scaling_type: must be one of Auto, Linear',
            ),
            ({"run": "train.py"}, "run: must be a function or a list"),
            ({"run": []}, "run: must be a function or a list"),
        ):
            with self.subTest(told), self.assertRaisesRegex(ValueError, told):
                self.tuner(**options)
        with self.assertRaisesRegex(ValueError, 'inputs\\["training"\\]: must be a folder'):
            self.tuner().fit("s3://bucket/data")
        with self.assertRaisesRegex(ValueError, "call fit first"):
            self.tuner().best_training_job()
        with self.assertRaisesRegex(ValueError, "algorithm: must be one of bayesian"):
            self.tuner(strategy="Grid")

    def test_tags_are_not_dropped_silently(self) -> None:
        with self.assertWarnsRegex(UserWarning, "tags"):
            self.tuner(tags=[{"Key": "a", "Value": "b"}])

    def test_wide_ranges_are_logarithmic_unless_told_otherwise(self) -> None:
        self.assertEqual(ContinuousParameter(1e-4, 1e-1).domain("x").scale, "log")
        self.assertEqual(ContinuousParameter(1e-2, 1e-1).domain("x").scale, "linear")
        self.assertEqual(ContinuousParameter(0, 1e-1).domain("x").scale, "linear")
        self.assertEqual(IntegerParameter(1, 1024).domain("x").scale, "log")
        self.assertEqual(IntegerParameter(1, 1024, "Linear").domain("x").scale, "linear")
        self.assertEqual(
            ContinuousParameter(1, 2, "ReverseLogarithmic").domain("x").scale, "reverse_log"
        )


if __name__ == "__main__":
    unittest.main()
