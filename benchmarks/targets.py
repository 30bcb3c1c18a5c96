"""Start a rung, or a peer, each under the lab's guard: whatever becomes of us, they end with us."""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from typing import Final, NoReturn, Protocol
from urllib.parse import urlsplit

from zerohttpd_lib.app.guestbook import REMARKS, VISITOR_COUNT, render_page
from zerohttpd_lib.lab.errors import LabError
from zerohttpd_lib.lab.processes import GuardedProcess, new_folder
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.lab.server import Server
from zerohttpd_lib.servers import RUNGS

from .floor import FloorServer
from .peers import nginx

PEERS: Final = {  # by name: the program in peers/, and the way in which it asks Redis
    "uvicorn": ("uvicorn_app", "in turn"),
    "uvicorn, pipeline": ("uvicorn_app", "pipeline"),
    "granian": ("granian_app", "in turn"),
    "granian, pipeline": ("granian_app", "pipeline"),
    "aiohttp": ("aiohttp_app", "in turn"),
    "nginx": ("nginx", ""),
}
FLOOR: Final = "floor"
OURS: Final[dict[str, str | type]] = {**{rung: rung for rung in RUNGS}, FLOOR: FloorServer}
START_TIME: Final = 10.0  # seconds
PAGES: Final = 20  # asked for one after the other, to count how often Redis is asked for each
REMARKS_LEFT: Final = [f"This is remark number {number} - Guest {number}".encode() for number in range(1, 6)]


class Target(Protocol):
    """What takes part in the benchmark. `url` is that of its guestbook page's server."""

    url: str

    def stop(self) -> object: ...


class Missing(Exception):
    """A program is not installed. The message is a sentence that names the command to mend it."""


class Peer:
    """A server that is not ours, in a process of its own. Raises Missing or LabError."""

    def __init__(self, name: str, redis: Redis) -> None:
        self.name = name
        if name == "nginx":
            self._start_nginx()
        else:
            self._start_python(redis)
        deadline = time.monotonic() + START_TIME
        while not _answers(self.url):
            if self._process.has_ended() or time.monotonic() > deadline:
                self._give_up()
            time.sleep(0.02)

    def _start_python(self, redis: Redis) -> None:
        program, way = PEERS[self.name]
        host, port = redis.address
        command = [sys.executable, "-m", f"benchmarks.peers.{program}", host, str(port), way]
        self._process = GuardedProcess(command, new_folder(program))
        waiting = select.poll()
        waiting.register(self._process.output, select.POLLIN)
        line = self._process.output.readline() if waiting.poll(START_TIME * 1000) else ""
        if not line:
            self._give_up()
        self.url: str = json.loads(line)["url"]

    def _start_nginx(self) -> None:
        program = nginx.find()
        if program is None:
            raise Missing(f"nginx is not installed ({nginx.INSTALL})")
        port, folder = _free_port(), new_folder("nginx")
        self._process = GuardedProcess(nginx.command(program, folder, port, render_page(REMARKS_LEFT, 1)), folder)
        self.url = f"http://127.0.0.1:{port}"

    def _give_up(self) -> NoReturn:
        self._process.stop()
        raise LabError(f"{self.name} did not start. It said: {self._process.errors()[-500:] or 'nothing'}")

    def stop(self) -> object:
        return self._process.stop()


class Targets(ExitStack):
    """Those that could be started, by name; `left_out` has a sentence for each of the others."""

    def __init__(self, names: Iterable[str], redis: Redis) -> None:
        super().__init__()
        self.running: dict[str, Target] = {}
        self.left_out: list[str] = []
        try:
            for name in names:
                self._start(name, redis)
        except BaseException:
            self.close()
            raise

    def _start(self, name: str, redis: Redis) -> None:
        try:
            target = Server(OURS[name], redis.address, record=False) if name in OURS else Peer(name, redis)
        except (LabError, Missing) as problem:
            self.left_out.append(f"{name} was left out: {str(problem).splitlines()[0]}.")
            return
        self.callback(target.stop)
        if page_of(target) == expected_page():
            self.running[name] = target
        else:
            self.left_out.append(f"{name} was left out: it does not serve the same page.")


def sign(redis: Redis) -> None:
    """Leave the remarks that all pages of the benchmark show."""
    redis.client.delete(REMARKS.decode(), VISITOR_COUNT.decode())
    redis.client.rpush(REMARKS.decode(), *REMARKS_LEFT)


def expected_page() -> bytes:
    return without_the_number(render_page(REMARKS_LEFT, 1))


def page_of(target: Target, path: str = "/guestbook") -> bytes:
    return without_the_number(ask(target, path)[0])


def without_the_number(page: bytes) -> bytes:
    """The page with every digit made an x, and its padding too: visitors are counted meanwhile."""
    return bytes(ord("x") if byte in b"0123456789, " else byte for byte in page)


def ask(target: Target, path: str = "/guestbook") -> tuple[bytes, bool]:
    """One page; and does the server keep the connection when asked to?"""
    parts = urlsplit(target.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=START_TIME)
    try:
        connection.request("GET", path, headers={"Connection": "keep-alive"})
        response = connection.getresponse()
        return response.read(), not response.will_close
    except (OSError, HTTPException):
        return b"", False
    finally:
        connection.close()


def keeps_alive(target: Target) -> bool:
    return ask(target)[1]


def takes_queries(target: Target) -> bool:
    """Does it answer varied requests, whose targets have something behind a question mark?"""
    return page_of(target, "/guestbook?visit=1") == expected_page()


def trips_to_redis(target: Target, redis: Redis) -> int:
    """How often does it go to Redis for a page? Counted by Redis: what it has read, but for ends of connections."""
    ask(target)  # what is connected once for all is connected now
    before = _reads(redis)
    for _ in range(PAGES):
        ask(target)
    return round((_reads(redis) - before) / PAGES)


def _reads(redis: Redis) -> int:
    told = redis.client.info()
    ended = told["total_connections_received"] - told["connected_clients"]
    return int(told["total_reads_processed"] - ended)


def _answers(url: str) -> bool:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
