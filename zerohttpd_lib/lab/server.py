"""A server under the lab's hand: a process you can ask, load, look into and stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit
from weakref import ReferenceType, ref

from ..kernel.interest import InterestList, interest_list
from ..kernel.sockets import Address
from ..trace.attach import control_file
from ..trace.control import ASIDE, map_words
from .asking import ask
from .errors import LabError, NoInterestList, ServerHangs, ServerTrouble
from .page import Page
from .server_processes import census, frozen
from .starting import InABox, Started, check, trace_in
from .visitors import Visitor

if TYPE_CHECKING:
    from ..load.result import LoadResult
    from ..trace.file import TraceFile
    from ..trace.reader import Trace
    from ..trace.stepper import Stepper
    from .saved_run import Run

ANSWER_TIME: Final = 5.0  # seconds for one answer
DYING_TIME: Final = 0.5  # seconds: a server that dies closes its sockets first, then says why
TRACE_TIME: Final = 1.0  # seconds for a server that listens to begin its trace


class Server:
    """A running server. `url`, `pid`; ask it with `get` and `post`, look into it with `trace`
    and `interest_list()`, end it with `stop()`.

    `what` is the name of a rung, or a class of your own that keeps the contract in
    zerohttpd_lib/servers/__init__.py. What `workers` means is for the rung to say; None leaves
    the number to it; for a `box`, see starting.py. Raises ServerTrouble when the server does not come up.
    """

    def __init__(
        self,
        what: str | type,
        redis_address: Address,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        workers: int | None = None,
        share: str | None = None,
        record: bool | str = True,
        when_stopped: Callable[[Server], None] = lambda server: None,
        box: InABox | None = None,
    ) -> None:
        check(what, record)
        self._was_stopped = False
        self._when_stopped = when_stopped
        self.what = what
        self.name = what if isinstance(what, str) else what.__name__
        self.redis_address = redis_address
        spec = {
            "what": what,
            "host": host,
            "port": port,
            "redis_address": redis_address,
            "workers": workers,
            "share": share,
        }
        started = Started(self.name, spec, record, box)
        self._process, self.url, self.pid = started.process, started.url, started.pid
        self._trace_path = trace_in(self._process.folder) if record else None
        self._control_path = Path(control_file(str(trace_in(self._process.folder))))
        self._trace_file: TraceFile | None = None
        self._stepper: ReferenceType[Stepper] | None = None
        self.visitors: list[Visitor] = []

    @property
    def address(self) -> Address:
        """The (host, port) to connect to."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    # Asking.

    def get(self, path: str = "/guestbook", timeout: float = ANSWER_TIME) -> Page:
        """GET a page. Raises ServerTrouble when no answer comes within `timeout` seconds."""
        return self._ask("GET", path, None, timeout)

    def post(self, path: str = "/guestbook", timeout: float = ANSWER_TIME, **fields: str) -> Page:
        """POST a form. A field's underscores become hyphens: post(guest_name="Ada", guest_remarks="Hi")."""
        form = urlencode({name.replace("_", "-"): value for name, value in fields.items()})
        return self._ask("POST", path, form, timeout)

    def _ask(self, method: str, path: str, form: str | None, timeout: float) -> Page:
        self.check_alive()
        if self.is_held:
            raise LabError(
                f"The {self.name} server is held by its stepper, and answers nobody. Resume it first; "
                "to ask it while it is held, use server.add_client()."
            )
        try:
            return ask(self.address, method, path, form, timeout)
        except TimeoutError:
            raise self._hangs(f"gave no answer within {timeout:g} seconds") from None
        except (OSError, HTTPException) as problem:
            self._process.ends_within(DYING_TIME)
            self.check_alive()
            raise ServerTrouble(
                f"The {self.name} server ended the connection without a whole answer ({problem!r}). "
                f"It said:\n{self.errors() or 'nothing'}"
            ) from None

    def errors(self) -> str:
        """What the server has written to its standard output and error so far."""
        return self._process.errors()

    def check_alive(self, within: float = 0.0) -> None:
        """Raises ServerTrouble, with its last words, when the server has ended, or ends within so many seconds."""
        if self._process.ends_within(within) if within else self._process.has_ended():
            how = "was stopped" if self._was_stopped else self._process.how_it_ended()
            raise ServerTrouble(f"The {self.name} server {how}. It said:\n{self.errors() or 'nothing'}")

    def _hangs(self, how: str) -> ServerHangs:
        """Take its last stack, end it, and say so."""
        stack = self._process.last_stack(self.pid)
        self._end()
        return ServerHangs(f"The {self.name} server {how} and was ended. It was here:\n{stack}")

    def check_answered(self, result: LoadResult) -> None:
        """After a load test: raises ServerTrouble when the server died of it, or answered nothing."""
        self.check_alive()
        if self.is_held:
            return  # they were not answered, and that is what was wanted
        if len(result.latencies) == 0 and set(result.failures) <= {"no answer", "timeout"}:
            raise self._hangs(f"answered none of {max(len(result.waiting), result.failed):,} requests")

    # Looking.

    @property
    def is_recorded(self) -> bool:
        """Whether its waits are written down, so that `trace` has them."""
        return self._trace_path is not None

    def record(self, wanted: bool) -> None:
        """False: put the recorder aside for a while, so that it does not slow the server. True: go on."""
        if self._control_path.exists():
            with suppress(FileNotFoundError):  # it has ended since
                map_words(str(self._control_path))[ASIDE] = not wanted

    @property
    def trace(self) -> Trace:
        """What the server's waits have been until now (until its end, once it has ended)."""
        return self.newest(None)

    def newest(self, waits: int | None = 2000, *, with_list: bool = False) -> Trace:
        """The same, but no more than so many of the newest waits: quicker, for live pictures.

        They have no `listed`, the interest list that they began with, unless you want it.
        """
        if self._trace_path is None:
            raise LabError("This server is not recorded. Start it with lab.serve(..., record=True).")
        if self._trace_file is None:
            from ..trace.file import TraceFile

            self._wait_for_trace(self._trace_path)
            try:
                self._trace_file = TraceFile(self._trace_path)
            except FileNotFoundError:
                raise ServerTrouble(
                    f"The {self.name} server has no trace: it has ended, or has no wait() to record. "
                    f"It said:\n{self.errors() or 'nothing'}"
                ) from None
        runs = not self._process.has_ended() and not self.is_held
        return self._trace_file.snapshot(waits, time.perf_counter() if runs else None, with_list)

    def to_run(self, result: LoadResult | None = None) -> Run:
        """All that is known about this server's run until now, with the result of a load test, if you like."""
        from .saved_run import Run

        interest: InterestList | None = None
        with suppress(LabError):
            interest = self.interest_list()
        return Run.of(self.name, self.trace, result, interest or ())

    def stepper(self) -> Stepper:
        """What holds this server before its next wait, and lets it go a step at a time.

        Of several processes it holds the first. Raises LabError when the server cannot be held.
        """
        from ..trace.stepper import Stepper

        self.check_alive()
        known = self._stepper() if self._stepper is not None else None
        if known is not None and not known.is_closed:
            return known
        _ = self.newest(1)  # which says, if there is nothing to hold, why
        stepper = Stepper(str(self._control_path), lambda: self.newest(1), self._process.has_ended)
        self._stepper = ref(stepper)
        return stepper

    @property
    def is_held(self) -> bool:
        """Whether a stepper keeps this server from going on."""
        stepper = self._stepper() if self._stepper is not None else None
        return stepper is not None and stepper.state.where not in ("running", "ended")

    def add_client(self) -> Visitor:
        """A client that connects, and does nothing until you tell it to."""
        self.check_alive()
        self.visitors.append(Visitor(self.address))
        return self.visitors[-1]

    def _wait_for_trace(self, path: Path) -> None:
        """The server begins it just after it has begun to listen, which may be a moment ago."""
        deadline = time.monotonic() + TRACE_TIME
        while not path.exists() and not self._process.has_ended() and time.monotonic() < deadline:
            time.sleep(0.005)

    def interest_list(self) -> InterestList:
        """What the kernel has on the server's interest list now. Raises NoInterestList if there is none.

        The server is stopped while it is read, so that the list is that of one moment. Of several
        processes that wait, it is the list of the first.
        """
        self.check_alive()
        with self.frozen() as pids:
            for pid in pids:
                with suppress(ProcessLookupError, FileNotFoundError):  # ended since
                    found = interest_list(pid, self.address[1], self.redis_address[1])
                    if found is not None:
                        return found
        self.check_alive(DYING_TIME)  # it may have closed its descriptors already
        raise NoInterestList(
            f"The kernel keeps no interest list for the {self.name} server: it has no epoll descriptor. "
            "A poll server has its list in its own memory, and shows it to the kernel at each call; "
            "a blocking server has none at all."
        )

    def census(self) -> tuple[int, int]:
        """How many processes and how many threads the server is made of, at this moment."""
        self.check_alive()
        return census(self.pid)

    def beside(self) -> list[int]:
        """The processes that it is made of, but for `pid`: also those that are nobody's children any more."""
        return self._process.beside(self.pid)

    def frozen(self) -> AbstractContextManager[list[int]]:
        """Within this block the server does not run. Its clients, and the kernel, wait for it."""
        return frozen(self.pid)

    def stop(self) -> None:
        """End the server. Its trace can still be read. One that does not end within 3 s is killed."""
        if not self._process.is_ours:  # in a fork
            return
        self._was_stopped = self._was_stopped or not self.has_ended
        stepper = self._stepper() if self._stepper is not None else None
        if stepper is not None:
            stepper.close()  # held, it would not hear that it should stop
        for visitor in self.visitors:
            visitor.hang_up()
        self._keep_trace()
        if not self._process.ask_to_stop():
            print(self._hangs("did not stop when asked"))
        self._end()

    def _end(self) -> None:
        self._keep_trace()
        self._process.stop()
        self._when_stopped(self)

    def _keep_trace(self) -> None:
        """Its file goes when the server goes. What is mapped into memory stays."""
        if self._trace_path is not None and self._trace_file is None:
            from ..trace.file import TraceFile

            with suppress(FileNotFoundError):
                self._trace_file = TraceFile(self._trace_path)

    @property
    def has_ended(self) -> bool:
        """Whether its process is gone, by itself or because it was stopped."""
        return self._process.has_ended()

    def __repr__(self) -> str:
        state = "has ended" if self.has_ended else f"process {self.pid}"
        return f"{self.name} server at {self.url} ({state})"
