"""The trial's end of the worker's Unix socket: JSON lines up, directives down.

Standard library only. Nothing that happens to the worker may crash or hang the training: what is
reported goes into a bounded queue, and a thread sends it, one line at a time, each again after a
lost connection until it was answered.
"""

import collections
import json
import os
import select
import socket
import sys
import threading
import time
from typing import Callable, Deque, Optional

MAX_QUEUED_LINES = 10_000
_MAX_REPLY_BYTES = 1 << 16
_RECONNECT_SECONDS = 1.0


def connect(path: str) -> socket.socket:
    """Connects to the worker's socket at `path`. Raises OSError when nobody listens there."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(1.0)  # of the connect: a full backlog makes it wait
        connection.connect(path)
        connection.settimeout(None)
    except OSError:
        connection.close()
        raise
    return connection


class ReportLink:
    """A connection that outlives its socket. Thread-safe; not for use after a fork."""

    def __init__(
        self, connection: socket.socket, reconnect: Optional[Callable[[], socket.socket]] = None
    ) -> None:
        """Takes over `connection`. Without `reconnect` its end is the end of all reports."""
        self._reconnect = reconnect
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)
        self._changed = threading.Condition()
        # Guarded by _changed.
        self._queue: Deque[bytes] = collections.deque()
        self._added = 0
        self._settled = 0  # answered, or dropped
        self._is_late = False  # a reply did not come in time, and has not come yet
        self._dropped = 0
        self._stop_reason: Optional[str] = None
        self._is_closed = False
        # Of the thread.
        self._socket: Optional[socket.socket] = connection
        self._unread = b""
        self._is_in_flight = False
        self._told_errors: set = set()
        threading.Thread(target=self._run, name="pegbox-report", daemon=True).start()

    @property
    def stop_reason(self) -> Optional[str]:
        """Why the trial is to stop; None while it may go on."""
        return self._stop_reason

    def send(self, line: str, wait: float) -> None:
        """Queues a line, and waits at most `wait` seconds for its answer.

        After an answer that did not come in time nobody waits until all have come. When 10,000
        lines wait, the oldest one is dropped.
        """
        with self._changed:
            if self._is_closed:
                return
            if len(self._queue) >= MAX_QUEUED_LINES:
                self._drop_oldest()
            self._queue.append(line.encode() + b"\n")
            self._added += 1
            number = self._added
        self._wake()
        if not self._is_late and not self._wait_settled(number, wait):
            self._is_late = True

    def flush(self, timeout: float) -> bool:
        """Waits until everything was answered; after a stop for at most a second. False: time ran
        out.
        """
        with self._changed:
            number = self._added
        return self._wait_settled(
            number, timeout if self._stop_reason is None else min(timeout, 1.0)
        )

    def close_in_child(self) -> None:
        """After a fork: gives up the copies of the descriptors; the parent's connection stays."""
        for descriptor in (self._wake_reader, self._wake_writer):
            os.close(descriptor)
        if self._socket is not None:
            self._socket.close()

    def _wait_settled(self, number: int, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._settled >= number, timeout)

    def _drop_oldest(self) -> None:
        # The first line is the one in flight, whose answer is still to come.
        del self._queue[1]
        self._settled += 1
        self._dropped += 1
        if self._dropped == 1:
            _warn(
                f"the worker does not take reports; the oldest of {MAX_QUEUED_LINES:,} are dropped"
            )

    def _wake(self) -> None:
        try:
            os.write(self._wake_writer, b"x")
        except BlockingIOError:
            pass  # full: awake anyway

    def _run(self) -> None:
        while not self._is_closed:
            try:
                self._send_next()
                self._wait_for_input()
            except OSError:
                self._lose_connection()

    def _send_next(self) -> None:
        if self._socket is None or self._is_in_flight:
            return
        with self._changed:
            line = self._queue[0] if self._queue else None
        if line is not None:
            self._is_in_flight = True
            self._socket.sendall(line)

    def _wait_for_input(self) -> None:
        poller = select.poll()
        poller.register(self._wake_reader, select.POLLIN)
        if self._socket is not None:
            poller.register(self._socket, select.POLLIN)
        ready = [descriptor for descriptor, _ in poller.poll()]
        if self._wake_reader in ready:
            os.read(self._wake_reader, 4096)
        if self._socket is not None and self._socket.fileno() in ready:
            data = self._socket.recv(4096)
            if not data:
                raise ConnectionResetError
            self._take(data)

    def _take(self, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        if len(self._unread) > _MAX_REPLY_BYTES:
            raise ConnectionResetError
        for line in lines:
            self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        try:
            reply = json.loads(line)
            directive = reply["directive"]
        except (ValueError, KeyError, TypeError):
            _warn(f"a line from the worker has no directive and is ignored: {line[:200]!r}")
            return
        if "error" in reply and reply["error"] not in self._told_errors:
            self._told_errors.add(reply["error"])
            _warn(f"the worker refused a report: {reply['error']}")
        with self._changed:
            if directive == "STOP" and self._stop_reason is None:
                self._stop_reason = str(reply.get("reason", "no reason given"))
            # A directive also comes unasked; the answer to the line in flight then follows.
            if self._is_in_flight:
                self._is_in_flight = False
                self._queue.popleft()
                self._settled += 1
                self._is_late = self._is_late and bool(self._queue)
            self._changed.notify_all()

    def _lose_connection(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._unread = b""
        self._is_in_flight = False
        if self._reconnect is None:
            self._close()
        while self._socket is None and self._reconnect is not None:
            try:
                self._socket = self._reconnect()
            except OSError:
                time.sleep(_RECONNECT_SECONDS)

    def _close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._queue.clear()
            self._settled = self._added
            self._changed.notify_all()


def _warn(text: str) -> None:
    print(f"pegbox: {text}", file=sys.stderr, flush=True)
