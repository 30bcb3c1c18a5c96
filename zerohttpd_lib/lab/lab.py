"""`Lab`: what a notebook uses. It starts things, and ends all that it has started."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from ..load.plan import Plan
from ..load.result import LoadResult
from ..published import RUNGS as ARTICLE_RUNGS
from .load_run import IdleRun, LoadRun
from .processes import LabError, interrupts_in_one_sentence
from .redis_server import Redis
from .server import InABox, Server
from .sweep import Sweep


class Lab:
    """A Redis, and servers and load tests on demand, each in a process of its own.

    `redis`: the URL of a Redis of yours; without it the one in the environment variable
    REDIS_URL; without that a throw-away one. Raises LabError, which says what is missing. In a
    notebook there is one lab at a time: a new one closes the one before.

        lab = Lab()
        server = lab.serve("epoll")
        server.get("/guestbook")
        lab.load(server, clients=8, idle=1000, seconds=3)
        lab.close()
    """

    def __init__(self, redis: str | None = None) -> None:
        _close_the_one_before(self)
        self.redis = Redis(redis or os.environ.get("REDIS_URL") or None)
        self._is_closed = False
        self.servers: list[Server] = []
        self.loads: list[LoadRun | IdleRun] = []
        atexit.register(self.close)

    def serve(
        self,
        what: str | type = "epoll",
        *,
        port: int = 0,
        workers: int | None = None,
        share: str | None = None,
        record: bool | str = True,
        box: InABox | None = None,
    ) -> Server:
        """Start a rung by its name, or a class of yours. With `record`, `server.trace` has its waits.

        `record="details"`: also each call on a socket, and for which event it was made; this costs speed.
        Of several processes the first is recorded, and it is the one that a stepper holds.
        `workers`: how many processes or threads, where the rung has a pool; without it, as many as it likes.
        `share`: how the processes share the port, where the rung has a choice. `box`: see `Server`.
        """
        self._check_open()
        server = Server(what, self.redis.address, port=port, workers=workers, share=share, record=record, box=box)
        self.servers.append(server)
        return server

    def load(
        self,
        server: Server | str,
        path: str = "/guestbook",
        *,
        clients: int = 8,
        idle: int = 0,
        seconds: float | None = None,
        requests: int | None = None,
        keep_alive: bool = False,
        timeout: float = 30.0,
        progress: bool = True,
    ) -> LoadResult:
        """Put a server, or the URL of one, under load; return what came of it.

        `clients` ask without pause, each for its next page when it has the last one, for
        `seconds` or until `requests` are answered, while `idle` connections stay silent.
        """
        run = self.start_load(
            server, path, clients=clients, idle=idle, seconds=seconds, requests=requests,
            keep_alive=keep_alive, timeout=timeout,
        )  # fmt: skip
        with interrupts_in_one_sentence():
            result = run.wait(progress)
        if isinstance(server, Server):
            server.check_answered(result)
        return result

    def start_load(
        self,
        server: Server | str,
        path: str = "/guestbook",
        *,
        clients: int = 8,
        idle: int = 0,
        seconds: float | None = None,
        requests: int | None = None,
        keep_alive: bool = False,
        timeout: float = 30.0,
    ) -> LoadRun:
        """The same, but return at once. `run.samples` grows meanwhile; `run.wait()` has the result."""
        self._check_open()
        if not isinstance(server, (str, Server)):
            raise LabError(f"{server!r} is neither a server nor a URL: start one with lab.serve(...).")
        url = server if isinstance(server, str) else server.url + path
        plan = Plan(url, clients, idle, seconds, requests, keep_alive, timeout)
        run = LoadRun(plan, self.redis.pid)
        self.loads.append(run)
        return run

    def hold_idle(self, server: Server, number: int) -> IdleRun:
        """Open `number` connections to a server, say nothing on them, and keep them until `stop()`."""
        self._check_open()
        server.check_alive()
        run = IdleRun(Plan(server.url, idle=number))
        self.loads.append(run)
        return run

    def sweep(
        self,
        rungs: Sequence[str | type] = ARTICLE_RUNGS,
        clients: int | Sequence[int] = (20, 100, 500, 1000),
        idle: int | Sequence[int] = (0,),
        *,
        seconds: float = 0.6,
        rounds: int = 2,
        workers: Mapping[str, int] | None = None,
        file: str | Path | None = None,
        progress: bool = True,
        on_measurement: Callable[[Sweep], None] | None = None,
    ) -> Sweep:
        """Measure a table like the article's; see `Sweep`. `on_measurement` may draw it as it grows."""
        sweep = Sweep(
            self.redis, rungs, clients, idle, seconds=seconds, rounds=rounds, workers=workers, file=file
        )  # fmt: skip
        with interrupts_in_one_sentence():
            return sweep.run(progress=progress, on_measurement=on_measurement)

    def freeze_redis(self) -> None:
        """Stop Redis where it is: it keeps its connections, and answers nobody. `thaw_redis()` ends that."""
        self._check_open()
        self.redis.freeze()

    def thaw_redis(self) -> None:
        """Let a frozen Redis go on."""
        self.redis.thaw()

    @property
    def redis_is_frozen(self) -> bool:
        return self.redis.is_frozen

    def close(self) -> None:
        """End every server, load test and the Redis of this lab. May be repeated."""
        for run in self.loads:
            run.stop()
        for server in self.servers:
            server.stop()
        self.redis.stop()
        self._is_closed = True
        atexit.unregister(self.close)

    def _check_open(self) -> None:
        if self._is_closed:
            raise LabError("This lab is closed. Start a new one: lab = Lab().")

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        lines = [f"A lab with {self.redis!r}", *(f"  {server!r}" for server in self.servers)]
        return "\n".join(lines)


_in_this_notebook: list[Lab] = []


def _close_the_one_before(lab: Lab) -> None:
    """A notebook that is run again makes a new lab: what the last one has started goes first."""
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        for other in _in_this_notebook:
            other.close()
        _in_this_notebook[:] = [lab]
