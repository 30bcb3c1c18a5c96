"""The recorder: hooks around a server's watch, modify, forget and wait.

The server's code knows nothing of it. `attach` puts a wrapper in front of each of the four
methods; without a recorder there is no wrapper, and no cost. A recorder that fails says so
once and is off from then on; the server does not notice.

What it costs, a load test would measure as the server's. So there it can be put aside: it writes
nothing, and costs a few hundredths; afterwards it goes on.

What a hook notes goes to a list first. It is packed, all at once, when the server comes back to
wait: to pack twenty entries in one call costs little more than to pack one.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from time import perf_counter
from traceback import walk_tb
from types import FrameType
from typing import Any, Final

from . import layout
from .hooks import Method, hook, two_numbers
from .lines import Lines
from .peers import Peers, how_it_waits, watched_already
from .ready import Ready, Turns
from .writer import TraceWriter

ALL_BITS: Final = 0xFFFF_FFFF


class Recorder:
    """Writes a trace to `path`, a new file.

    With `details` it is to note calls on sockets, too, and to whom the server turns; see calls.py.
    Raises what TraceWriter raises.
    """

    def __init__(self, path: str, *, details: bool = False) -> None:
        self._writer = TraceWriter(path, details)
        self._codes = self._writer.codes
        self._peers = Peers()
        self.lines = Lines(self._codes)
        self.details = details
        self.is_off = False
        self._pending: list[int] = []  # three numbers for each entry that is not written yet
        self._known: dict[int, int] = {}  # role and step when we last asked, by descriptor
        self._watched: set[int] = set()
        self._is_handling = False
        self.held = 0.0  # seconds for which this batch was held up: not the server's own
        # Words that others look at, or write; see control.py.
        self.aside: Sequence[int] = (0,)  # not 0: somebody wants to time the server as it is without us
        self.command: Sequence[int] = (0,)  # not 0: somebody holds the server, or lets it go by steps
        self.in_call: Any = [0, 0, 0]  # which call it is in, since when, and which line made it
        self.after_each: Callable[[], None] = lambda: None  # call or change: here it may be held
        self.is_aside = False
        self._missed: dict[int, tuple[Any, ...] | None] = {}  # how it was watched since, by descriptor; None: no more

    def attach(self, server: Any) -> None:
        """Record what `server` waits for from now on.

        It, or its `poller`, must have a method wait() -> [(descriptor, events), ...]; watch, modify
        and forget are used where there are any, and so is the server's describe(fd) -> (role, next step).
        """
        self._describe = getattr(server, "describe", lambda fd: ("unknown", ""))
        waiter = self._waiter = what_waits(server)
        hook(waiter, "wait", self._around_wait)
        for kind, note, count in (
            (layout.WATCH, self._watch, 2),
            (layout.MODIFY, self._modify, 2),
            (layout.FORGET, self._forget, 1),
        ):
            name = layout.KINDS[kind]
            if hasattr(waiter, name) and not _does_nothing(getattr(waiter, name)):
                hook(waiter, name, self._around_change(kind, note, count))
        self.guarded(self._watch_all, waiter)

    def _around_wait(self, wait: Method) -> Method:
        def recorded_wait(*arguments: Any, **named: Any) -> Any:
            called = perf_counter()
            if not self.is_aside:
                self.guarded(self._finish_wait, called)
            ready = wait(*arguments, **named)
            if self.aside[0]:
                self.is_aside = True
                return ready
            if self.is_aside:
                self.guarded(self._come_back)
            self.guarded(self._start_wait, called, perf_counter(), ready)
            return Turns(ready, self._turn) if self.details and type(ready) is list and not self.is_off else ready

        return recorded_wait

    def _around_change(self, kind: int, note: Callable[..., None], count: int) -> Callable[[Method], Method]:
        """`count`: of the arguments, if it is called as most servers call it."""

        def around(change: Method) -> Method:
            def recorded_change(*arguments: Any, **named: Any) -> Any:
                is_usual = not named and len(arguments) == count and type(arguments[0]) is int
                numbers = arguments if is_usual else two_numbers(change, arguments, named)
                result = change(*arguments, **named)
                if not self.is_off:
                    try:  # guarded() once more, for it is called several times for each request
                        if not self.is_aside:
                            note(*numbers)
                        elif kind != layout.MODIFY:
                            self._missed[numbers[0]] = numbers if kind == layout.WATCH else None
                    except Exception as problem:
                        self._fail(problem)
                    if self.details:
                        self.after_each()
                return result

            return recorded_change

        return around

    def switch_off(self) -> None:
        """Record nothing more. What hooks there are stay, and do nothing."""
        self.is_off = True

    def guarded(self, action: Callable[..., None], *arguments: Any) -> None:
        """Do what is ours to do. The first time that it fails is the last one: the server matters more."""
        if self.is_off:
            return
        try:
            action(*arguments)
        except Exception as problem:
            self._fail(problem)

    def _fail(self, problem: Exception) -> None:
        if _comes_from_a_signal(problem):
            raise problem
        self.switch_off()
        print(f"the recorder failed and is off: {problem!r}", file=sys.stderr, flush=True)

    # The waits.

    def _start_wait(self, called: float, returned: float, ready: Ready) -> None:
        if not hasattr(ready, "__len__"):  # what can be gone through only once is the server's to go through
            raise TypeError(f"a ready list that is a {type(ready).__name__}")
        watched, first = len(self._watched), self._writer.entries
        known, codes, describe, pending = self._known, self._codes, self._describe, self._pending
        before = len(pending)
        for fd, events in ready:
            code = known[fd] = codes[describe(fd)]
            pending += (fd, events, code)  # READY is 0: the code of role and step is all there is to it
        how_many = (len(pending) - before) // 3  # that have been handed on, whatever the list says of its length
        self.write_pending()
        self._writer.write_wait(called, returned, watched, how_many, first)
        self._is_handling = True

    def _finish_wait(self, done: float) -> None:
        """The server is back at wait(): now the time it took to handle the last one is known."""
        self.write_pending()
        if self._is_handling:
            self._writer.write_done(done - self.held)
            self._is_handling = False
            self.held = 0.0
        elif not self._writer.waits:
            self._writer.write_how(how_it_waits(self._waiter))

    def is_back(self) -> None:
        """The server is about to wait, but will be kept from it for some time."""
        self.guarded(self._finish_wait, perf_counter())

    # Aside: no wait is written down. Only who came and went is kept, to be right again afterwards.

    def _come_back(self) -> None:
        """Write down what has become of them, as changes after the last wait that is recorded."""
        self.is_aside = False
        for fd, watched in self._missed.items():
            if fd in self._watched:
                self._forget(fd)
            if watched is not None:
                self._watch(*watched)
        self._missed.clear()
        self.write_pending()

    # The entries.

    def _watch_all(self, waiter: Any) -> None:
        """What was watched before there were hooks."""
        for fd, events in watched_already(waiter):
            self._watch(fd, events)

    def _watch(self, fd: int, events: int) -> None:
        self._note_line(fd)
        role, _ = described = self._describe(fd)
        code = self._known[fd] = self._codes[described]
        self._watched.add(fd)
        self._pending += self._peers.begin(fd, role, code, self._writer)
        self._pending += (fd, events & ALL_BITS, code | layout.WATCH)

    def _modify(self, fd: int, events: int) -> None:
        self._note_line(fd)
        code = self._known[fd] = self._codes[self._describe(fd)]
        self._pending += (fd, events & ALL_BITS, code | layout.MODIFY)

    def _forget(self, fd: int, events: int = 0) -> None:
        """The server may know it no more: as it was when we last asked."""
        self._note_line(fd)
        self._watched.discard(fd)
        self._pending += self._peers.end(fd, self._writer)
        self._pending += (fd, 0, self.code_of(fd) | layout.FORGET)

    def _note_line(self, fd: int) -> None:
        if self.details:
            # In front of it are this method, the one that notes the change, and the hook, which the server has called.
            self._pending += (fd, 0, self.lines.code(sys._getframe(3)) | layout.LINE)

    def _turn(self, fd: int, number: int) -> None:
        self.guarded(self.note, fd & ALL_BITS, number, layout.TURN)

    def line_of(self, caller: FrameType) -> int:
        """Which of the server's lines has led to `caller`, as a next step has it; 0 once the recorder is off."""
        if self.is_off:
            return 0
        try:
            return self.lines.code(caller)
        except Exception as problem:
            self._fail(problem)
            return 0

    def code_of(self, fd: int) -> int:
        """Role and next step of a descriptor as they were when we last asked."""
        code = self._known.get(fd)
        return self._codes["unknown", ""] if code is None else code

    def forget_role(self, fd: int) -> None:
        """The number is another's now."""
        self._known.pop(fd, None)

    def note(self, fd: int, number: int, code: int) -> None:
        if self.is_aside:
            return
        self._pending += (fd, number, code)
        if len(self._pending) >= 3 * layout.UNCOUNTED:
            self.write_pending()

    def write_pending(self) -> None:
        if self._pending:
            self._writer.write_entries(self._pending)
            self._pending.clear()


def _does_nothing(method: Any) -> bool:
    """A method that names nothing calls nothing: EdgeEpoll.modify. There is no change to write down."""
    code = getattr(method, "__code__", None)
    return code is not None and not code.co_names and not code.co_freevars


def _comes_from_a_signal(problem: Exception) -> bool:
    """A handler of the server's that raises does so in whatever runs just then: in a hook, it is not of the hook."""
    handlers = [getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()]
    return any(frame.f_code in handlers for frame, _ in walk_tb(problem.__traceback__))


def what_waits(server: Any) -> Any:
    """The server itself or its `poller`, whichever has a method `wait`; None when neither has."""
    for waiter in (server, getattr(server, "poller", None)):
        if hasattr(waiter, "wait"):
            return waiter
    return None
