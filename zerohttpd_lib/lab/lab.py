"""`Lab`: what a notebook uses. It starts things, and ends all that it has started."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..load.plan import Plan, PlanError
from .article import RUNGS as ARTICLE_RUNGS
from .errors import LabError
from .idle_run import IdleRun
from .load_run import LoadRun
from .processes import interrupts_in_one_sentence
from .redis_server import Redis
from .server import Server
from .starting import InABox

if TYPE_CHECKING:
    from ..load.result import LoadResult
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
        _close_the_one_before()
        self._is_closed = False
        self._owner = os.getpid()
        self.servers: list[Server] = []  # those that run
        self.loads: list[LoadRun | IdleRun] = []
        self.redis = Redis(redis or os.environ.get("REDIS_URL") or None)
        atexit.register(self.close)
        _is_the_one_now(self)

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
        self._forget_what_is_over()
        server = Server(
            what, self.redis.address, port=port, workers=workers, share=share, record=record, box=box,
            when_stopped=self._forget,
        )  # fmt: skip
        self.servers.append(server)
        return server

    def _forget(self, server: Server) -> None:
        """It has ended. Whoever has it may still read its trace; when nobody has it any more, that goes, too."""
        with suppress(ValueError):
            self.servers.remove(server)

    def _forget_what_is_over(self) -> None:
        for server in [server for server in self.servers if server.has_ended]:
            server.stop()  # it has died by itself
        self.loads[:] = [run for run in self.loads if run.is_running]

    def load(
        self,
        server: Server | str,
        path: str = "/guestbook",
        *,
        progress: bool = True,
        record: bool = False,
        **settings: Any,
    ) -> LoadResult:
        """Put a server, or the URL of one, under load; return what came of it.

        The recorder slows a server, so it is put aside while seconds are measured: the trace has the waits
        until then, and those that come after. The result says so. With `record` it goes on meanwhile.

        `settings` are those of `Plan`, by name:

            clients=8           so many clients, each of which asks without pause for its next page
            idle=0              so many connections beside them that stay silent
            seconds=5.0         measured for so long, once it has settled; or requests=N: N requests, no matter when
            keep_alive=False    many requests on one connection
            rate=R              an open loop instead: R requests a second, whether or not the server keeps up
            think=Z             users who think instead: silent for Z seconds on average before each request
            timeout=30.0, cap=30.0, varied=False    see `Plan`

        Raises LabError for settings that cannot be had.
        """
        run = self.start_load(server, path, record=record, **settings)
        with interrupts_in_one_sentence():
            result = run.wait(progress)
        if isinstance(server, Server):
            server.check_answered(result)
        return result

    def start_load(
        self, server: Server | str, path: str = "/guestbook", *, record: bool = True, **settings: Any
    ) -> LoadRun:
        """The same, but return at once. `run.samples` grows meanwhile; `run.wait()` has the result.

        Somebody may want to watch the server: its waits are recorded, unless you say `record=False`.
        """
        self._check_open()
        if not isinstance(server, (str, Server)):
            raise LabError(f"{server!r} is neither a server nor a URL: start one with lab.serve(...).")
        try:
            plan = Plan.of(server if isinstance(server, str) else server.url + path, settings)
        except PlanError as problem:
            raise LabError(str(problem)) from None
        self._forget_what_is_over()
        recorded = server.is_recorded if isinstance(server, Server) else None
        put_aside = server.record if recorded and not record and isinstance(server, Server) else None
        run = LoadRun(plan, self.redis.pid, recorded, put_aside)
        self.loads.append(run)
        return run

    def hold_idle(self, server: Server, number: int) -> IdleRun:
        """Open `number` connections to a server, say nothing on them, and keep them until `stop()`."""
        self._check_open()
        server.check_alive()
        self._forget_what_is_over()
        run = IdleRun(Plan(server.url, idle=number))
        self.loads.append(run)
        return run

    def sweep(
        self,
        rungs: Sequence[str | type] = ARTICLE_RUNGS,
        clients: int | Sequence[int] = (20, 100, 500, 1000),
        idle: int | Sequence[int] = (0,),
        *,
        think: float | None = None,
        seconds: float = 1.0,
        rounds: int = 2,
        workers: Mapping[str, int] | None = None,
        file: str | Path | None = None,
        progress: bool = True,
        on_measurement: Callable[[Sweep], None] | None = None,
    ) -> Sweep:
        """Measure a table like the article's; see `Sweep`. `on_measurement` may draw it as it grows."""
        from .sweep import Sweep

        sweep = Sweep(
            self.redis, rungs, clients, idle,
            think=think, seconds=seconds, rounds=rounds, workers=workers, file=file,
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
        """Whether it answers nobody at the moment."""
        return self.redis.is_frozen

    def close(self) -> None:
        """End every server, load test and the Redis of this lab. May be repeated. In a fork it does nothing."""
        if self._owner != os.getpid():
            return
        self._is_closed = True
        with ExitStack() as ends:  # the last one first; and should one fail, or be interrupted, the others still end
            ends.callback(atexit.unregister, self.close)
            ends.callback(self.redis.stop)
            for each in (*self.servers, *self.loads):
                ends.callback(each.stop)
        self.loads.clear()

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
        self._forget_what_is_over()
        lines = [f"A lab with {self.redis!r}", *(f"  {server!r}" for server in self.servers)]
        return "\n".join(lines)


_in_this_notebook: list[Lab] = []


def _is_in_a_notebook() -> bool:
    return "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None


def _close_the_one_before() -> None:
    """A notebook that is run again makes a new lab: what the last one has started goes first."""
    if _is_in_a_notebook():
        while _in_this_notebook:
            _in_this_notebook[-1].close()
            _in_this_notebook.pop()


def _is_the_one_now(lab: Lab) -> None:
    if _is_in_a_notebook():
        _in_this_notebook.append(lab)
