"""A pegbox-server on this machine, in a data folder, as `pegbox run` keeps it. Standard library
only.
"""

import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Dict, List, Optional, Union

_START_SECONDS = 30.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.01
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def find_program(name: str) -> str:
    """The path of a program of Pegbox: in $PEGBOX_BIN_DIR, in the package's own bin/, beside
    Python, or on $PATH.

    Raises FileNotFoundError, with where it was looked for.
    """
    folders: List[pathlib.Path] = [
        pathlib.Path(__file__).parent / "bin",
        pathlib.Path(sys.executable).parent,
    ]
    if os.environ.get("PEGBOX_BIN_DIR"):
        folders.insert(0, pathlib.Path(os.environ["PEGBOX_BIN_DIR"]))
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    found = shutil.which(name)
    if found is not None:
        return found
    looked = ", ".join(map(str, folders))
    raise FileNotFoundError(
        f"{name}: not found in {looked} or on PATH; build it with ./dev build {name} and set "
        "PEGBOX_BIN_DIR to its folder, or name a server that runs elsewhere"
    )


def end_with_parent(sent: int = signal.SIGTERM) -> None:
    """Asks the kernel to send this process a signal when the thread that started it ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(sent), 0, 0, 0)


class LocalServer:
    """A server on a data folder: started here, shared with others of this process, or the one that
    runs there already. The last one of this process ends what was started.

    DIR/server holds the store, DIR/server/address the address, DIR/server.log the log.
    """

    def __init__(self, data: Union[str, "os.PathLike[str]"] = "./pegbox-data") -> None:
        """Returns when the server serves. RuntimeError: it ended at once, or took too long; with
        the end of its log.
        """
        self.data = pathlib.Path(data).resolve()
        self._is_closed = False
        with _servers_lock:
            started = _servers.get(self.data)
            if started is None or started.process.poll() is not None:
                address = _running_address(self.data)
                if address is not None:
                    self._is_closed = True  # nothing to end here
                    self.address: str = address
                    return
                started = _servers[self.data] = _start(self.data)
            started.users += 1
            self.address = started.address

    def __enter__(self) -> "LocalServer":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the server that was started in this process, unless others use it, and waits for its
        end.
        """
        with _servers_lock:
            started = None if self._is_closed else _servers.get(self.data)
            self._is_closed = True
            if started is None:
                return
            started.users -= 1
            if started.users > 0:
                return
            del _servers[self.data]
        _end(started.process)


class _StartedServer:
    def __init__(self, process: "subprocess.Popen[bytes]", address: str) -> None:
        self.process = process
        self.address = address
        self.users = 0


_servers_lock = threading.Lock()
_servers: Dict[pathlib.Path, _StartedServer] = {}  # guarded by _servers_lock; by data folder


def _start(data: pathlib.Path) -> _StartedServer:
    folder = data / "server"
    folder.mkdir(parents=True, exist_ok=True)
    address_file = folder / "address"
    address_file.unlink(missing_ok=True)
    command = [find_program("pegbox-server"), "--data", str(folder), "--listen", "127.0.0.1:0"]
    log_file = data / "server.log"
    with open(log_file, "ab") as log:
        process = subprocess.Popen(
            [*command, "--address-file", str(address_file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # an interrupt from the keyboard is for its parent
            preexec_fn=end_with_parent,
        )
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        address = _read_address(address_file)
        if address is not None:
            return _StartedServer(process, address)
        time.sleep(_POLL_SECONDS)
    _end(process)
    tail = log_file.read_text(errors="replace")[-2_000:]
    raise RuntimeError(f"pegbox-server did not start in {data}:\n{tail}")


def _running_address(data: pathlib.Path) -> Optional[str]:
    """Of a server on the folder that accepts connections."""
    address = _read_address(data / "server" / "address")
    return address if address is not None and _accepts_connections(address) else None


def _read_address(file: pathlib.Path) -> Optional[str]:
    try:
        return file.read_text().strip() or None
    except OSError:
        return None


class LocalWorker:
    """A worker for a server, in a data folder: DIR/worker and DIR/worker.log. Its end stops it."""

    def __init__(
        self, address: str, data: Union[str, "os.PathLike[str]"] = "./pegbox-data", slots: int = 1
    ) -> None:
        """`slots`: trials that it runs at once."""
        folder = pathlib.Path(data).resolve()
        (folder / "worker").mkdir(parents=True, exist_ok=True)
        program = find_program("pegbox-worker")
        search_path = f"{os.path.dirname(program)}:{os.environ.get('PATH', os.defpath)}"
        command = [program, "--server", address, "--data", str(folder / "worker")]
        self.log = folder / "worker.log"
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [*command, "--id", "local", "--slots", str(slots)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PATH": search_path},
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def wait(self, timeout: float) -> bool:
        """Whether it has ended by itself, after `timeout` seconds at most."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def __enter__(self) -> "LocalWorker":
        return self

    def __exit__(self, *unused: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends it, which ends its trials, and waits for its end."""
        _end(self._process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _accepts_connections(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1.0).close()
    except (OSError, ValueError):
        return False
    return True
