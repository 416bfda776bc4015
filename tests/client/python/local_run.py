"""`pegbox run` with a Python training program, in a folder of its own."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any, List

import pegbox

PROGRAM = pathlib.Path(os.environ["PEGBOX_BIN_DIR"]) / "pegbox"
TIMEOUT_SECONDS = 120
PACKAGE_FOLDER = pathlib.Path(pegbox.__file__).parent.parent


class LocalRun:
    """Runs the job to its end; what came of it is asked by `pegbox`. Its end removes the folder."""

    def __init__(self, training: str, job: str) -> None:
        """`job` is a job file without its `trial`, which runs the Python code `training`."""
        self._folder = tempfile.TemporaryDirectory(prefix="pegbox-")
        self.folder = pathlib.Path(self._folder.name)
        (self.folder / "train.py").write_text(training)
        command = json.dumps([sys.executable, str(self.folder / "train.py")])
        trial = f"trial:\n  command: {command}\n  environment: {{PYTHONPATH: '{PACKAGE_FOLDER}'}}\n"
        (self.folder / "job.yaml").write_text(job + trial)
        self.result = self._pegbox("run", str(self.folder / "job.yaml"), "--id", "job")

    def close(self) -> None:
        self._folder.cleanup()

    def ask(self, *arguments: str) -> Any:
        """The JSON document that a command of `pegbox` answers with."""
        result = self._pegbox("--output", "json", *arguments)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def trials(self) -> List[Any]:
        return self.ask("trials", "job")["trials"]

    def log(self, number: int) -> str:
        return self._pegbox("logs", f"job/{number}").stdout

    def _pegbox(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(PROGRAM), "--data", str(self.folder / "data"), *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
