"""Programs in Optuna's manner on a real server."""

import gc
import importlib.util
import math
import pathlib
import random
import tempfile
import unittest
from typing import Any, List

import pegbox
import pegbox.optuna as optuna
from pegbox.optuna import distributions
from pegbox.optuna.study import MaxTrialsCallback

Trial = optuna.Trial
optuna.logging.set_verbosity(optuna.logging.WARNING)


def quadratic(trial: Trial) -> float:
    x = trial.suggest_float("x", -10, 10)
    return (x - 2) ** 2


class StudyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="pegbox-")
        cls.addClassCleanup(folder.cleanup)
        cls.server = pegbox.LocalServer(pathlib.Path(folder.name))
        cls.addClassCleanup(cls.server.close)
        cls.client = pegbox.Client(cls.server.address)
        cls.addClassCleanup(cls.client.close)

    def study(self, seed: int = 1, **options: Any) -> optuna.Study:
        options.setdefault("sampler", optuna.samplers.TPESampler(seed=seed))
        return optuna.create_study(storage=self.server.address, **options)

    def test_the_minimum_is_found(self) -> None:
        study = self.study()
        study.optimize(quadratic, n_trials=15)
        self.assertAlmostEqual(study.best_params["x"], 2, delta=0.5)
        self.assertEqual(study.best_value, min(trial.value for trial in study.trials))
        self.assertEqual([trial.number for trial in study.trials], list(range(15)))
        self.assertEqual({trial.state for trial in study.trials}, {optuna.TrialState.COMPLETE})

    def test_the_maximum_is_found(self) -> None:
        study = self.study(direction="maximize")
        study.optimize(lambda trial: -quadratic(trial), n_trials=15)
        self.assertAlmostEqual(study.best_value, 0, delta=0.3)

    def test_the_service_has_every_result_once(self) -> None:
        study = self.study()
        study.optimize(quadratic, n_trials=5)
        [job] = study.jobs
        told = self.client.trials(job, states=["COMPLETED"])
        self.assertEqual([trial.value for trial in told], [trial.value for trial in study.trials])

    def test_the_same_seed_gives_the_same_trials(self) -> None:
        searches: List[List[Any]] = []
        for _ in range(2):
            study = self.study(seed=7)
            study.optimize(quadratic, n_trials=6)
            searches.append([trial.params for trial in study.trials])
        self.assertEqual(searches[0], searches[1])

    def test_all_kinds_of_parameters(self) -> None:
        kinds = []

        def objective(trial: Trial) -> float:
            kinds.append(
                (
                    trial.suggest_float("log", 1e-5, 1, log=True),
                    trial.suggest_float("step", 0.5, 2, step=0.25),
                    trial.suggest_int("even", 2, 10, step=2),
                    trial.suggest_int("log_int", 1, 1000, log=True),
                    trial.suggest_categorical("choice", [None, 2, "a", (1, 2)]),
                    trial.suggest_categorical("one", ["only"]),
                    trial.suggest_int("fixed", 3, 3),
                )
            )
            self.assertEqual(trial.suggest_float("log", 1e-5, 1, log=True), kinds[-1][0])
            return kinds[-1][0]

        study = self.study()
        study.optimize(objective, n_trials=8)
        for log, step, even, log_int, choice, one, fixed in kinds:
            self.assertTrue(1e-5 <= log <= 1 and step in (0.5, 0.75, 1, 1.25, 1.5, 1.75, 2))
            self.assertIn(even, (2, 4, 6, 8, 10))
            self.assertTrue(1 <= log_int <= 1000 and isinstance(log_int, int))
            self.assertIn(choice, (None, 2, "a", (1, 2)))
            self.assertEqual((one, fixed), ("only", 3))
        self.assertGreater(len({kind[4] for kind in kinds}), 1)
        self.assertEqual(len(study.jobs), 1)

    def test_a_conditional_space_is_found_out_on_the_way(self) -> None:
        def objective(trial: Trial) -> float:
            if trial.suggest_categorical("model", ["line", "curve"]) == "line":
                return 5 + trial.suggest_float("slope", 0, 1)
            return (trial.suggest_float("bend", 0, 1) - 0.5) ** 2

        study = self.study()
        study.optimize(objective, n_trials=20)
        self.assertEqual(study.best_params["model"], "curve")
        self.assertLess(study.best_value, 0.05)
        self.assertEqual(len(study.jobs), 2)  # one for each time that a parameter was new
        for trial in study.trials:
            self.assertEqual("bend" in trial.params, trial.params["model"] == "curve")
        # The trial that asked for the new one counts in the job that has it.
        discoverer = next(trial for trial in study.trials if "bend" in trial.params)
        first = self.client.trials(study.jobs[1])[0]
        self.assertEqual(first.value, discoverer.value)

    def test_a_trial_is_pruned_and_counts_with_its_last_value(self) -> None:
        def objective(trial: Trial) -> float:
            x = trial.suggest_float("x", 0, 1)
            for step in range(5):
                trial.report(10 if trial.number == 5 else x, step)
                if trial.should_prune():
                    raise optuna.TrialPruned()
            return x

        study = self.study(pruner=optuna.pruners.MedianPruner(n_startup_trials=3))
        study.optimize(objective, n_trials=6)
        pruned = study.trials[5]
        self.assertEqual((pruned.state, pruned.value), (optuna.TrialState.PRUNED, 10))
        self.assertLess(len(pruned.intermediate_values), 5)
        self.assertNotEqual(study.best_trial.number, 5)
        stopped = self.client.trials(study.jobs[0], states=["EARLY_STOPPED"])
        self.assertIn(6, [trial.number for trial in stopped])

    def test_without_a_pruner_nothing_is_pruned(self) -> None:
        def objective(trial: Trial) -> float:
            for step in range(3):
                trial.report(trial.suggest_float("x", 0, 1) + trial.number * 100, step)
                self.assertFalse(trial.should_prune())
            return trial.number

        study = self.study(pruner=optuna.pruners.NopPruner())
        study.optimize(objective, n_trials=8)

    def test_ask_and_tell(self) -> None:
        study = self.study()
        for _ in range(3):
            trial = study.ask({"x": distributions.FloatDistribution(-1, 1)})
            study.tell(trial, trial.params["x"] ** 2)
        failed = study.ask()
        self.assertEqual(study.tell(failed, state=optuna.TrialState.FAIL).state, 3)
        other = study.ask()
        study.tell(other.number, float("nan"))
        self.assertEqual(
            [trial.state.name for trial in study.trials], ["COMPLETE"] * 3 + ["FAIL"] * 2
        )
        with self.assertRaisesRegex(ValueError, "told before"):
            study.tell(other, 1)
        self.assertEqual(study.tell(other, 1, skip_if_finished=True).state.name, "FAIL")

    def test_an_enqueued_first_trial_is_where_the_search_begins(self) -> None:
        study = self.study()
        study.enqueue_trial({"x": 3.0}, user_attrs={"why": "baseline"})
        study.enqueue_trial({"x": 2.0})
        study.enqueue_trial({"x": 2.0}, skip_if_exists=True)
        study.optimize(quadratic, n_trials=4)
        self.assertEqual([trial.params["x"] for trial in study.trials[:3]], [3.0, 2.0, 2.0])
        self.assertEqual(study.trials[0].user_attrs, {"why": "baseline"})
        self.assertEqual(study.best_value, 0)
        first = self.client.trials(study.jobs[0])[0]
        self.assertEqual((first.params["x"], first.value), (3.0, 1.0))

    def test_a_trial_that_was_run_elsewhere_is_added(self) -> None:
        added = optuna.create_trial(
            params={"x": 1.0},
            distributions={"x": distributions.FloatDistribution(-10, 10)},
            value=1.0,
        )
        study = self.study()
        study.add_trials([added, added])
        study.optimize(quadratic, n_trials=2)
        self.assertEqual([trial.params["x"] for trial in study.trials[:2]], [1.0, 1.0])
        self.assertEqual([trial.number for trial in study.trials], [0, 1, 2, 3])
        first, second, *_ = self.client.trials(study.jobs[0])
        self.assertEqual((first.params["x"], first.value), (1.0, 1.0))
        self.assertNotEqual(second.params["x"], 1.0)
        with self.assertRaisesRegex(ValueError, "must have the same names"):
            optuna.create_trial(params={"x": 1.0}, value=1.0)

    def test_an_objective_runs_again_with_a_trial_that_has_ended(self) -> None:
        study = self.study()
        study.optimize(quadratic, n_trials=2)
        self.assertEqual(quadratic(study.best_trial), study.best_value)
        self.assertEqual(quadratic(optuna.trial.FixedTrial({"x": 3.0})), 1.0)

    def test_a_study_s_end_leaves_the_server_to_the_others(self) -> None:
        with tempfile.TemporaryDirectory(prefix="pegbox-") as data:
            study = optuna.create_study(data=data)
            other = optuna.create_study(data=data)
            study.optimize(quadratic, n_trials=2)
            del study
            gc.collect()
            other.optimize(quadratic, n_trials=2)
            self.assertEqual(len(other.trials), 2)
            other.close()
            with self.assertRaises(pegbox.UnavailableError):
                pegbox.Client(other.server).list()

    def test_optunas_own_storage_is_not_used(self) -> None:
        with tempfile.TemporaryDirectory(prefix="pegbox-") as data:
            with self.assertWarnsRegex(UserWarning, "storage: sqlite:///a.db is not used"):
                study = optuna.create_study(storage="sqlite:///a.db", data=data)
            study.close()

    def test_a_study_of_an_earlier_program_is_not_loaded(self) -> None:
        study = self.study(study_name="again", load_if_exists=True)
        study.optimize(quadratic, n_trials=2)
        with self.assertRaisesRegex(ValueError, "load_if_exists: the study 'again' of an earlier"):
            self.study(study_name="again", load_if_exists=True)

    def test_exceptions_fail_the_trial_and_go_on_unless_caught(self) -> None:
        def objective(trial: Trial) -> float:
            trial.suggest_float("x", 0, 1)
            if trial.number % 2:
                raise ValueError("no such layer")
            return 1

        study = self.study()
        study.optimize(objective, n_trials=4, catch=(ValueError,))
        with self.assertRaisesRegex(ValueError, "no such layer"):
            study.optimize(objective, n_trials=4)
        states = [trial.state.name for trial in study.trials]
        self.assertEqual(states, ["COMPLETE", "FAIL", "COMPLETE", "FAIL", "COMPLETE", "FAIL"])
        failures = self.client.trials(study.jobs[0], states=["FAILED"])
        self.assertEqual(
            {trial.failure.detail for trial in failures}, {"ValueError: no such layer"}
        )

    def test_several_trials_at_once(self) -> None:
        study = self.study()
        study.optimize(quadratic, n_trials=12, n_jobs=3)
        self.assertEqual(len(study.get_trials(states=[optuna.TrialState.COMPLETE])), 12)
        self.assertEqual(len({trial.params["x"] for trial in study.trials}), 12)

    def test_a_callback_sees_each_trial_and_can_stop(self) -> None:
        seen = []

        def callback(study: optuna.Study, trial: optuna.FrozenTrial) -> None:
            seen.append(trial.number)
            if trial.number == 2:
                study.stop()

        study = self.study()
        study.optimize(quadratic, n_trials=10, callbacks=[callback])
        self.assertEqual(seen, [0, 1, 2])
        study.optimize(quadratic, callbacks=[MaxTrialsCallback(5)])
        self.assertEqual(len(study.trials), 5)
        study.optimize(quadratic, timeout=0)
        self.assertEqual(len(study.trials), 5)

    def test_a_range_that_depends_on_another_parameter_is_kept(self) -> None:
        def objective(trial: Trial) -> float:
            high = trial.suggest_int("high", 1, 8)
            low = trial.suggest_int("low", 0, high)
            self.assertLessEqual(low, high)
            return high + low

        study = self.study()
        study.optimize(objective, n_trials=10)
        self.assertEqual(len(study.trials), 10)

    def test_choices_stay_the_same(self) -> None:
        study = self.study()
        study.optimize(lambda trial: trial.suggest_categorical("a", [1, 2]), n_trials=1)
        with self.assertRaisesRegex(ValueError, "a: the choices must be the same"):
            study.optimize(lambda trial: trial.suggest_categorical("a", [1, 3]), n_trials=1)

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "needs pandas")
    def test_the_table_has_optunas_columns(self) -> None:
        study = self.study()
        study.optimize(quadratic, n_trials=2)
        self.assertEqual(
            list(study.trials_dataframe().columns),
            "number value datetime_start datetime_complete duration params_x state".split(),
        )


class ArgumentTest(unittest.TestCase):
    def test_what_is_not_here_is_named(self) -> None:
        for options, told in (
            ({"directions": ["minimize", "maximize"]}, "directions: Pegbox has one objective"),
            ({"direction": "up"}, "direction: must be minimize or maximize"),
        ):
            with self.subTest(told), self.assertRaisesRegex(ValueError, told):
                optuna.create_study(**options)
        with self.assertWarnsRegex(UserWarning, "TPESampler: Pegbox does not use n_startup_trials"):
            optuna.samplers.TPESampler(n_startup_trials=3)
        with self.assertRaisesRegex(ValueError, "constraints_func: Pegbox has no constraints"):
            optuna.samplers.TPESampler(constraints_func=lambda trial: [0])
        with self.assertRaisesRegex(ValueError, "interval_steps"):
            optuna.pruners.MedianPruner(interval_steps=2)

    def test_ranges_are_checked(self) -> None:
        for make in (
            lambda: distributions.FloatDistribution(2, 1),
            lambda: distributions.FloatDistribution(0, 1, log=True),
            lambda: distributions.IntDistribution(1, 10, log=True, step=2),
            lambda: distributions.IntDistribution(1, 10, step=0),
            lambda: distributions.CategoricalDistribution(()),
        ):
            self.assertRaises(ValueError, make)

    def test_samples_and_middles_lie_in_their_ranges(self) -> None:
        source = random.Random(1)
        for distribution in (
            distributions.FloatDistribution(0.1, 0.9),
            distributions.FloatDistribution(1e-4, 1, log=True),
            distributions.FloatDistribution(0, 1, step=0.3),
            distributions.IntDistribution(-3, 9),
            distributions.IntDistribution(1, 100, log=True),
            distributions.IntDistribution(1, 10, step=4),
        ):
            values = [distribution.middle()] + [distribution.sample(source) for _ in range(50)]
            for value in values:
                self.assertTrue(distribution.low <= value <= distribution.high, value)
                if distribution.step:
                    steps = (value - distribution.low) / distribution.step
                    self.assertTrue(math.isclose(steps, round(steps), abs_tol=1e-9))


if __name__ == "__main__":
    unittest.main()
