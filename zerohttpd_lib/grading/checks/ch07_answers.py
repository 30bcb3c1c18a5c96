"""A server of requests that are numbers, and looks at the threads of a process, which should sleep (man 5 proc)."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

GAP: Final = 0.005  # seconds between two answers that were held back: time to read one before the next
NO_NEWS: Final = 2.0  # seconds without a new request: none will come before somebody is answered


class Answers:
    """A server of requests that are numbers. `hold`: answer nobody until so many have come; then the last one first.
    `rest_after`: so many seconds are between the first byte of an answer and all others.
    """

    def __init__(
        self, hold: int = 0, when_come: Callable[[int], None] = lambda number: None, *, rest_after: float = 0.0
    ) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = self.listener.getsockname()
        self.arrived: dict[int, float] = {}  # when each request came, by its number
        self.connected: dict[int, float] = {}  # when its connection was accepted
        self.answered: dict[int, float] = {}
        self.closed: dict[int, float] = {}  # when its client had closed it
        self.strange: list[bytes] = []
        self.gave_up = 0  # how many had come when nobody came any more; 0: all came that were waited for
        self._hold, self._when_come = hold, when_come
        self._gap = GAP if hold else 0.0
        self._held: list[tuple[int, socket.socket]] = []
        self._rest_after = rest_after
        self._rests: list[tuple[float, socket.socket]] = []  # when the rest of an answer is due
        self._poller = select.poll()
        self._accepted: dict[socket.socket, float] = {}
        self._clients: dict[int, tuple[int | None, socket.socket]] = {}  # with the number, once it is answered
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Answers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self.listener.close()

    def _serve(self) -> None:
        self._poller.register(self.listener, select.POLLIN)
        news = time.monotonic()
        while not self._is_over.is_set():
            if self._serve_those_who_are_ready():
                news = time.monotonic()
            while self._rests and self._rests[0][0] < time.monotonic():
                _send(self._rests.pop(0)[1], b"one\n")
            if self._held and time.monotonic() - news > NO_NEWS:
                self.gave_up = len(self.arrived)
                self._answer_held()
        self._serve_those_who_are_ready()  # they have closed, as far as they have, by now
        for sock in (*(sock for _, sock in self._clients.values()), *(sock for _, sock in self._held)):
            sock.close()

    def _serve_those_who_are_ready(self) -> bool:
        ready = self._poller.poll(20)
        for fd, _ in ready:
            if fd == self.listener.fileno():
                sock, _ = self.listener.accept()
                self._accepted[sock] = time.monotonic()
                self._watch(None, sock)
                continue
            self._poller.unregister(fd)
            number, sock = self._clients.pop(fd)
            if number is None:
                self._take(sock)
            else:  # there is nothing more to come but its end
                self.closed[number] = time.monotonic()
                sock.close()
        return bool(ready)

    def _watch(self, number: int | None, sock: socket.socket) -> None:
        self._clients[sock.fileno()] = number, sock
        self._poller.register(sock, select.POLLIN)

    def _take(self, sock: socket.socket) -> None:
        line = b""
        with suppress(OSError):
            sock.settimeout(NO_NEWS)
            line = sock.recv(64)
        if not line.endswith(b"\n") or not line.strip().isdigit():
            self.strange.append(line)
            return sock.close()
        number = int(line)
        self.arrived[number] = time.monotonic()
        self.connected[number] = self._accepted.pop(sock)
        self._when_come(len(self.arrived))
        self._held.append((number, sock))
        if len(self.arrived) >= self._hold:
            self._answer_held()

    def _answer_held(self) -> None:
        self._hold = 0
        while self._held:
            number, sock = self._held.pop()
            self.answered[number] = time.monotonic()
            if self._rest_after:
                _send(sock, b"d", is_all=False)
                self._rests.append((time.monotonic() + self._rest_after, sock))
            else:
                _send(sock, b"done\n")
            self._watch(number, sock)
            time.sleep(self._gap)


def _send(sock: socket.socket, data: bytes, *, is_all: bool = True) -> None:
    with suppress(OSError):  # its client has gone, or it is closed by now
        sock.sendall(data)
        if is_all:
            sock.shutdown(socket.SHUT_WR)


class Looks:
    """Looks at all threads of a process, again and again, until the end of the block: do they sleep (man 5 proc)?"""

    def __init__(self, pid: int) -> None:
        self._threads = Path(f"/proc/{pid}/task")
        self._running: Counter[str] = Counter()
        self._all = 0
        self._is_over = threading.Event()
        self._looker = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Looks:
        self._looker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._looker.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.004):
            self._all += 1
            for thread in self._threads.glob("*/stat"):
                with suppress(OSError):  # it has ended
                    self._running[thread.parent.name] += thread.read_text().rpartition(")")[2].split()[0] == "R"

    @property
    def busiest(self) -> float:
        """Of the thread that slept least, the share of looks at which it ran, or waited for a processor."""
        return max(self._running.values(), default=0) / max(self._all, 1)
