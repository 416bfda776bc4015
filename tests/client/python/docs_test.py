"""Runs the Python of the docs, from top to bottom, with the real programs."""

import os
import pathlib
import re
import tempfile
import unittest
from typing import Any, Dict, List
from unittest import mock

import pegbox
from pegbox.local_server import LocalWorker

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
TRAINING = """
import sys, pegbox
pegbox.report({"loss": 1, "validation:accuracy": 0.5}, step=1)
"""


def blocks(document: str) -> List[str]:
    return re.findall(r"^```python\n(.*?)^```$", (DOCS / document).read_text(), re.M | re.S)


class DocsTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="pegbox-")
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        os.mkdir("data")
        pathlib.Path("train.py").write_text(TRAINING)
        here = {"PYTHONPATH": str(pathlib.Path(pegbox.__file__).parents[1])}
        environment = mock.patch.dict(os.environ, here)
        environment.start()
        self.addCleanup(environment.stop)

    def run_blocks(self, document: str, count: int, names: Dict[str, Any]) -> Dict[str, Any]:
        found = blocks(document)
        self.assertEqual(len(found), count)
        for block in found:
            try:
                import pandas  # noqa: F401
            except ImportError:
                block = re.sub(r"(, )?[\w.()]*dataframe\(\)", "", block)
            exec(compile(block, document, "exec"), names)
        return names

    def test_python(self) -> None:
        with pegbox.LocalServer("server") as server, LocalWorker(server.address, "server"):
            with mock.patch.dict(os.environ, {"PEGBOX_SERVER": server.address}):
                names = self.run_blocks(
                    "python.md",
                    4,
                    {
                        "os": os,
                        "train_epoch": lambda p: (p["lr"], 0.5),
                        "save_model": lambda path: path.write_text("model"),
                        "build": lambda layers, dropout: layers + dropout,
                        "train_one_epoch": lambda model, lr: 1 / model - lr,
                        "loss_after": lambda epoch, params: params["x"] / epoch,
                    },
                )
            self.addCleanup(names["client"].close)
            self.assertEqual(len(names["result"].trials), 8)
            self.assertEqual(names["client"].get(names["job"].id).end_reason, "MAX_JOBS")

    def test_from_optuna(self) -> None:
        names = self.run_blocks("from-optuna.md", 1, {})
        self.assertEqual(len(names["study"].trials), 21)

    def test_from_sagemaker(self) -> None:
        names = self.run_blocks("from-sagemaker.md", 1, {})
        self.assertEqual(len(names["tuner"].analytics().rows()), 20)


if __name__ == "__main__":
    unittest.main()
