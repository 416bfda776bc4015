"""The callbacks in the real libraries' training loops; a library that is not installed is skipped.

`run_with_libraries` installs them all and runs this file.
"""

import importlib.util
import os
import pathlib
import tempfile
import threading
import unittest
import warnings
from typing import Any, List, Optional

import fake_worker
from pegbox import in_trial

os.environ.setdefault("KERAS_BACKEND", "jax")
STOP = {"directive": "STOP", "reason": "fell behind"}
MANY = 100_000  # rounds or epochs: a training that is not stopped does not end


def needs(*modules: str) -> Any:
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return unittest.skipIf(missing, f"not installed: {', '.join(missing)}")


class CallbackTest(unittest.TestCase):
    def setUp(self) -> None:
        warnings.simplefilter("ignore")  # those of the libraries
        folder = tempfile.TemporaryDirectory(prefix="pegbox-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.addCleanup(setattr, in_trial, "_reporter", in_trial._reporter)
        self.begin()

    def begin(self, stop_at: Optional[int] = None) -> None:
        """A new attempt of a trial, whose `stop_at`-th report is answered by a stop."""
        program, worker = fake_worker.connected_pair()
        self.addCleanup(worker.close)
        in_trial._reporter = in_trial.Reporter()
        in_trial._reporter.use(program)
        self.lines: List[Any] = []
        threading.Thread(target=self.serve, args=(worker, self.lines, stop_at), daemon=True).start()

    def serve(
        self, worker: fake_worker.Connection, lines: List[Any], stop_at: Optional[int]
    ) -> None:
        try:
            while True:
                lines.append(worker.receive())
                worker.answer(STOP if len(lines) == stop_at else fake_worker.CONTINUE)
        except (EOFError, OSError, ValueError):
            pass

    def assert_reports(self, metrics: List[str], steps: List[int]) -> None:
        in_trial._reporter.flush(fake_worker.LONG_SECONDS)
        self.assertEqual([line["step"] for line in self.lines], steps)
        for line in self.lines:
            self.assertEqual(sorted(line["metrics"]), metrics)


@needs("torch")
class TorchTest(CallbackTest):
    def train(self, epochs: int) -> List[int]:
        import torch
        from pegbox.callbacks.torch import TrainingLoop

        self.model = torch.nn.Linear(1, 1)
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
        loop = TrainingLoop(folder=self.folder, model=self.model, optimizer=optimizer)
        done = []
        for epoch in loop.epochs(epochs):
            loss = (self.model(torch.ones(1, 1)) - 3).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loop.report({"validation:loss": loss})
            done.append(epoch)
        return done

    def test_each_epoch_is_reported_with_its_checkpoint(self) -> None:
        self.assertEqual(self.train(3), [1, 2, 3])
        self.assert_reports(["validation:loss"], [1, 2, 3])
        self.assertTrue(all(line["checkpoint"] for line in self.lines))

    def test_the_next_attempt_goes_on_from_the_checkpoint(self) -> None:
        self.train(2)
        weight = self.model.weight.item()
        self.begin()
        self.assertEqual(self.train(2), [])
        self.assertEqual(self.model.weight.item(), weight)
        self.assertEqual(self.train(4), [3, 4])
        self.assert_reports(["validation:loss"], [3, 4])

    def test_a_stop_ends_the_training(self) -> None:
        self.begin(stop_at=2)
        self.assertEqual(self.train(MANY), [1, 2])


@needs("keras", "jax")
class KerasTest(CallbackTest):
    def fit(self, epochs: int) -> None:
        import keras
        import numpy
        from pegbox.callbacks.keras import PegboxCallback

        model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
        model.compile(optimizer="sgd", loss="mse")
        x = numpy.ones((4, 1))
        model.fit(
            x, x, validation_data=(x, x), epochs=epochs, verbose=0, callbacks=[PegboxCallback()]
        )

    def test_each_epoch_is_reported(self) -> None:
        self.fit(3)
        self.assert_reports(["loss", "val_loss"], [1, 2, 3])

    def test_a_stop_ends_the_training(self) -> None:
        self.begin(stop_at=2)
        self.fit(MANY)
        self.assert_reports(["loss", "val_loss"], [1, 2])


@needs("torch", "lightning")
class LightningTest(CallbackTest):
    def fit(self, epochs: int, **options: Any) -> None:
        import lightning
        import torch
        from pegbox.callbacks.lightning import PegboxCallback

        class Model(lightning.LightningModule):
            def __init__(self) -> None:
                super().__init__()
                self.layer = torch.nn.Linear(1, 1)

            def training_step(self, batch: Any, index: int) -> Any:
                return self.layer(batch).square().mean()

            def validation_step(self, batch: Any, index: int) -> None:
                self.log("val_loss", self.layer(batch).square().mean())

            def configure_optimizers(self) -> Any:
                return torch.optim.SGD(self.parameters(), lr=0.01)

        data = torch.utils.data.DataLoader(torch.ones(8, 1), batch_size=2)
        trainer = lightning.Trainer(
            max_epochs=epochs,
            callbacks=[PegboxCallback()],
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )
        trainer.fit(Model(), data, data)

    def test_each_validation_is_reported(self) -> None:
        self.fit(3)
        self.assert_reports(["val_loss"], [1, 2, 3])

    def test_with_several_validations_an_epoch_the_step_is_the_optimizers(self) -> None:
        self.fit(2, val_check_interval=0.5)
        self.assert_reports(["val_loss"], [2, 4, 6, 8])

    def test_a_stop_ends_the_training(self) -> None:
        self.begin(stop_at=2)
        self.fit(MANY)
        self.assert_reports(["val_loss"], [1, 2])


@needs("torch", "transformers", "accelerate")
class TransformersTest(CallbackTest):
    def train(self, **options: Any) -> None:
        import torch
        import transformers
        from pegbox.callbacks.transformers import PegboxCallback

        class Model(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layer = torch.nn.Linear(1, 1)

            def forward(self, x: Any, labels: Any) -> Any:
                prediction = self.layer(x)
                return {"loss": (prediction - labels).square().mean(), "logits": prediction}

        data = [{"x": torch.ones(1), "labels": torch.ones(1)}] * 8
        arguments = transformers.TrainingArguments(
            output_dir=str(self.folder),
            per_device_train_batch_size=4,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            **options,
        )
        trainer = transformers.Trainer(
            model=Model(),
            args=arguments,
            train_dataset=data,
            eval_dataset=data,
            callbacks=[PegboxCallback()],
        )
        trainer.train()

    def steps(self) -> List[int]:
        in_trial._reporter.flush(fake_worker.LONG_SECONDS)
        self.assertTrue(all("eval_loss" in line["metrics"] for line in self.lines))
        return [line["step"] for line in self.lines]

    def test_each_evaluation_is_reported(self) -> None:
        self.train(num_train_epochs=3, eval_strategy="epoch")
        self.assertEqual(self.steps(), [1, 2, 3])

    def test_evaluations_by_steps_are_reported_by_steps(self) -> None:
        self.train(num_train_epochs=3, eval_strategy="steps", eval_steps=3)
        self.assertEqual(self.steps(), [3, 6])

    def test_a_stop_ends_the_training(self) -> None:
        self.begin(stop_at=2)
        self.train(num_train_epochs=MANY, eval_strategy="epoch")
        self.assertEqual(self.steps(), [1, 2])


@needs("xgboost", "numpy")
class XgboostTest(CallbackTest):
    def train(self, rounds: int, function: str = "train", **options: Any) -> None:
        import numpy
        import xgboost
        from pegbox.callbacks.xgboost import PegboxCallback

        x = numpy.arange(20.0).reshape(-1, 1)
        data = xgboost.DMatrix(x, x.ravel())
        settings = {"max_depth": 2, "nthread": 1}
        if function == "train":
            options.update(evals=[(data, "validation")], verbose_eval=False)
        getattr(xgboost, function)(settings, data, rounds, callbacks=[PegboxCallback()], **options)

    def test_each_round_is_reported(self) -> None:
        self.train(3)
        self.assert_reports(["validation:rmse"], [1, 2, 3])

    def test_the_mean_of_the_folds_is_reported(self) -> None:
        self.train(3, "cv", nfold=2)
        self.assert_reports(["test:rmse", "train:rmse"], [1, 2, 3])

    def test_a_stop_ends_the_training(self) -> None:
        self.begin(stop_at=2)
        self.train(MANY)
        self.assertLess(len(self.lines), MANY)


@needs("lightgbm", "numpy")
class LightgbmTest(CallbackTest):
    def train(self, rounds: int, function: str = "train", **options: Any) -> None:
        import lightgbm
        import numpy
        from pegbox.callbacks.lightgbm import PegboxCallback

        x = numpy.arange(20.0).reshape(-1, 1)
        data = lightgbm.Dataset(x, x.ravel())
        settings = {"objective": "l2", "min_data_in_leaf": 2, "verbose": -1, "num_threads": 1}
        if function == "train":
            options.update(valid_sets=[data], valid_names=["validation"])
        getattr(lightgbm, function)(settings, data, rounds, callbacks=[PegboxCallback()], **options)

    def test_each_round_is_reported(self) -> None:
        self.train(3)
        self.assert_reports(["validation:l2"], [1, 2, 3])

    def test_the_mean_of_the_folds_is_reported(self) -> None:
        self.train(3, "cv", nfold=2, stratified=False)
        self.assert_reports(["valid:l2"], [1, 2, 3])

    def test_a_stop_ends_the_training(self) -> None:
        self.begin(stop_at=2)
        self.train(MANY)
        self.assertLess(len(self.lines), MANY)


if __name__ == "__main__":
    unittest.main()
