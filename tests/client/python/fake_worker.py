"""A worker's socket whose answers a test writes."""

import json
import pathlib
import queue
import socket
import tempfile
import threading
from typing import Any, List, Tuple

CONTINUE = {"directive": "CONTINUE"}
LONG_SECONDS = 60.0  # only a failing test waits so long


class Connection:
    """One program's connection. Lines come in by `receive`; nothing is answered by itself."""

    def __init__(self, accepted: socket.socket) -> None:
        self._socket = accepted
        accepted.settimeout(LONG_SECONDS)
        self._lines = accepted.makefile("r", encoding="utf-8")

    def receive(self) -> Any:
        """The next line's JSON. Raises EOFError at the end of the connection."""
        line = self._lines.readline()
        if not line:
            raise EOFError
        return json.loads(line)

    def answer(self, directive: Any) -> None:
        self._socket.sendall(json.dumps(directive).encode() + b"\n")

    def receive_and_continue(self) -> Any:
        line = self.receive()
        self.answer(CONTINUE)
        return line

    def close(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads
        except OSError:
            pass  # the program has closed it
        self._socket.close()
        self._lines.close()


def connected_pair() -> Tuple[socket.socket, Connection]:
    """The program's end of a connection, and the worker's."""
    program, worker = socket.socketpair()
    return program, Connection(worker)


class FakeWorker:
    """Listens at `path`; `accept` gives the next connection."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="pegbox-")
        self.path = str(pathlib.Path(self._folder.name) / "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._listener.settimeout(LONG_SECONDS)
        self._accepted: List[Connection] = []

    def accept(self) -> Connection:
        self._accepted.append(Connection(self._listener.accept()[0]))
        return self._accepted[-1]

    def close(self) -> None:
        for connection in self._accepted:
            connection.close()
        self._listener.close()
        self._folder.cleanup()


def answer_all(connection: Connection, directive: Any = None) -> "queue.Queue[List[Any]]":
    """Answers each line until the program closes the connection; the queue then gets all lines at
    once.
    """
    result: "queue.Queue[List[Any]]" = queue.Queue()

    def serve() -> None:
        lines = []
        try:
            while True:
                lines.append(connection.receive())
                connection.answer(directive or CONTINUE)
        except (EOFError, OSError, ValueError):
            result.put(lines)

    threading.Thread(target=serve, daemon=True).start()
    return result
