"""`Asked`: a learner's process, and how it is asked. `Answer`, in answer.py, is what a check asks it."""

from __future__ import annotations

import inspect
import json
import re
import secrets
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, Final, NoReturn

from ..lab.errors import LabError
from ..lab.processes import GuardedProcess, new_folder
from .answer_process import ANSWER
from .channel import LONGEST_MESSAGE, SHOWN, Channel, Closed, Garbled, TooLong
from .replies import RETURN, understood
from .values import Callback, decode, encode
from .verdict import Wrong

START_TIME: Final = 10.0  # seconds for a Python to start
CREDENTIALS: Final = struct.Struct("iII")  # pid, uid, gid


class DidNotStart(LabError):
    """The learner's process did not come up: nothing that the answer could have done."""


class OutOfTime(LabError):
    """The machine was too slow for the check: nothing that the answer could have done."""


class Asked:
    """A process that `command` starts, of the number of its end of the channel. It has time until `deadline`, a
    time.monotonic(). `pid` is its number here. Raises DidNotStart.
    """

    def __init__(self, command: Callable[[int], list[str]], deadline: float) -> None:
        self.deadline = deadline
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        self._tickets: list[str] = []  # of all that was asked
        self._callbacks: list[Callable[..., Any]] = []
        self._started = time.monotonic()
        self._waited = 0.0  # seconds until now in which the learner's process was asked
        self._runs_theirs = False  # from when on the process runs code of the learner's
        folder = new_folder("answer")
        keep = (theirs.fileno(),)
        self._process = GuardedProcess(command(theirs.fileno()), folder, grace=0.2, cwd=folder, keep=keep)
        theirs.close()
        self.pid = self._be_greeted()

    def _be_greeted(self) -> int:
        """Wait until the process has started. Returns its number here, as the kernel has it (man 7 unix)."""
        sock = self._channel.sock
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        beside: list[Any] = []
        if _is_readable(sock, START_TIME):
            _, beside, _, _ = sock.recvmsg(1, socket.CMSG_SPACE(CREDENTIALS.size))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        if not beside:
            said = self._process.errors()
            self._process.stop()
            raise DidNotStart(f"The learner's process did not start. It said:\n{said or 'nothing'}")
        pid, _, _ = CREDENTIALS.unpack(beside[0][2])
        return int(pid)

    def callback(self, function: Callable[..., Any]) -> Callback:
        """Something to hand over: when the answer calls it there, `function` is called here, and what it returns is
        returned there. It may ask the answer for something meanwhile. A socket that was given arrives as its `Fd`.
        """
        self._callbacks.append(function)
        return Callback(len(self._callbacks) - 1)

    def _ask(self, what: str, seconds: float, *, descriptors: tuple[int, ...] = (), **request: Any) -> Any:
        started = time.monotonic()
        deadline = min(started + seconds, self.deadline)
        ticket = secrets.token_hex(8)  # so that a reply that was written beforehand answers nothing
        self._tickets.append(ticket)
        name = request.get("name", "")
        try:
            self._channel.send({"id": ticket, "do": what, **request}, descriptors, deadline)
            reply = self._reply_to(ticket, deadline)
            self._waited += time.monotonic() - started
            return understood(reply, name)
        except TimeoutError:
            if self._is_out_of_time(started, seconds):
                raise OutOfTime(f"The time for this task was over before {name or 'the answer'} had its own.") from None
            self._hangs(name, seconds)
        except Closed:
            self._has_ended()
        except TooLong:
            say = f"What {name or 'your code'} has for the judge is longer than {LONGEST_MESSAGE:,} bytes."
            raise Wrong("too-much", say=say, hints=["Return what the task asks for, and no more than that."]) from None
        except Garbled as garbled:
            self._garbles(garbled.data)

    def _is_out_of_time(self, started: float, seconds: float) -> bool:
        """Whether the answer was slow, or we were: it has not had this many seconds, nor half of all there were."""
        self._waited += time.monotonic() - started
        return time.monotonic() < started + seconds and self._waited < (self.deadline - self._started) / 2

    def _reply_to(self, ticket: str, deadline: float) -> dict[str, Any]:
        """The reply with this ticket. One to what was asked before comes late, and is for nobody."""
        while (reply := self._channel.receive(deadline)).get("id") != ticket or "called" in reply:
            if reply.get("id") not in self._tickets:
                raise Garbled(json.dumps(reply).encode()[:SHOWN])
            if "called" in reply:
                self._call_back(reply, deadline)
        return reply

    def _call_back(self, message: dict[str, Any], deadline: float) -> None:
        """The answer has called a function of ours. Raises Wrong where it takes other arguments."""
        try:
            function = self._callbacks[int(message["called"])]
            arguments = [decode(argument, lambda reference: reference) for argument in message["arguments"]]
        except (LookupError, TypeError, ValueError, RecursionError):
            raise Garbled(json.dumps(message).encode()[:SHOWN]) from None
        takes = inspect.signature(function)
        try:
            takes.bind(*arguments)
        except TypeError:
            yours, expected = len(arguments), len(takes.parameters)
            say = "Your code has called a callback with so many arguments."
            hints = ["Call it with what the task says, and with nothing else."]
            raise Wrong("calls-otherwise", yours=yours, expected=expected, say=say, hints=hints) from None
        self._channel.send({"do": "return", "value": encode(function(*arguments))}, (), deadline)

    def _garbles(self, data: bytes) -> NoReturn:
        """Nobody but the learner's process has the other end. Before it ran their code, it was ours alone: that is
        no mistake of theirs. And it is said only of whom it happens to twice: see judge.py.
        """
        if not self._runs_theirs:
            raise DidNotStart(f"Before it ran the answer, the learner's process replied {data!r}.")
        say = f"Your code has written into the channel to the judge, in place of a reply: {data!r}."
        raise Wrong("writes-to-judge", say=say, hints=_OWN_DESCRIPTORS)

    def _hangs(self, name: str, seconds: float) -> NoReturn:
        what = f"{name}() did not return" if name else "Your code did not end"
        stack = self._process.last_stack(self.pid) if not self._process.has_ended() else ""
        line = re.search(re.escape(ANSWER) + r'", line (\d+)', stack)
        where = f" It was in line {line[1]} of the cell." if line else ""
        raise Wrong("too-slow", say=f"{what} within {seconds:g} seconds.{where}", hints=_LOOP)

    def _has_ended(self) -> NoReturn:
        if not self._runs_theirs:
            raise DidNotStart(f"It has ended before it ran the answer. It said:\n{self._process.errors() or 'nothing'}")
        how = "cut the channel to the judge" if not self._process.ends_within(2) else self._process.how_it_ended()
        raise Wrong("exits", say=f"The process that ran your code {how}.", hints=RETURN)


_OWN_DESCRIPTORS: Final = ["Write to, and close, only descriptors that your code has opened or was given."]
_LOOP: Final = ["Look for a loop that does not end, or for a call that waits for what never comes."]


def _is_readable(sock: socket.socket, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))
