"""`Answer`: a learner's answer, running in a process of its own, under the judge's hand.

What a check does with it is in checks/__init__.py. Every method here raises `Wrong` when the code
does not do what was asked, with one of the codes "does-not-run" (an exception), "missing-name",
"exits" (the process has ended, or has cut the channel) and "too-slow".
"""

from __future__ import annotations

import re
import secrets
import select
import socket
import struct
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ..lab.errors import LabError
from ..lab.processes import GuardedProcess, new_folder
from .answer_process import ANSWER
from .answer_server import server_class
from .box import NONE, Box
from .channel import Channel, Closed, Garbled
from .values import Fd, Held, decode, encode
from .verdict import Raised, Wrong

if TYPE_CHECKING:
    from ..lab.lab import Lab
    from ..lab.redis_server import Redis
    from ..lab.server import Server

START_TIME: Final = 10.0  # seconds for a Python to start
CALL_TIME: Final = 8.0  # seconds for one call, where the check does not say otherwise
CREDENTIALS: Final = struct.Struct("iII")  # pid, uid, gid


class DidNotStart(LabError):
    """The learner's process did not come up: nothing that the answer could have done."""


class Answer:
    """A process, in a box, that has run the setup cell and the answer. `deadline` is a time.monotonic().

    With `network` it can connect to sockets of the judge's. Raises DidNotStart.
    """

    def __init__(self, setup: str, source: str, deadline: float, *, box: Box = NONE, network: bool = False) -> None:
        self.setup, self.source, self.deadline = setup, source, deadline
        self._lab: Lab | None = None
        self._box = box
        ours, theirs = socket.socketpair()
        self._channel = Channel(ours)
        arguments = ["-m", "zerohttpd_lib.grading.answer_process", str(theirs.fileno())]
        command = box.for_an_answer(arguments, setup=setup, network=network)
        folder = new_folder("answer")
        self._process = GuardedProcess(command, folder, grace=0.2, cwd=folder, keep=(theirs.fileno(),))
        theirs.close()
        self._pid = self._be_greeted()
        self._ask("withhold", CALL_TIME, setup=setup)
        self._ask("run", CALL_TIME, source=setup, filename="<setup>")
        self._ask("run", CALL_TIME, source=source, filename=ANSWER)

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

    # What a check asks.

    def value(self, name: str) -> Any:
        """The value of a variable."""
        return self._ask("value", CALL_TIME, name=name)

    def call(self, name: str, *arguments: Any, seconds: float = CALL_TIME) -> Any:
        """What a function of the answer's returns."""
        return self._ask("call", seconds, name=name, arguments=_encoded(arguments))

    def make(self, name: str, *arguments: Any, seconds: float = CALL_TIME) -> Remote:
        """An object: an instance of a class of the answer's, or whatever a function of it returns."""
        return Remote(self, self._ask("make", seconds, name=name, arguments=_encoded(arguments)))

    def give(self, sock: socket.socket | int, *, as_socket: bool = False) -> Any:
        """Hand a socket or descriptor over. Returns its number there; or an `Fd` of it, with `as_socket`.

        The judge's own descriptor stays open: close it, or keep it to see what becomes of the socket.
        """
        fd = sock if isinstance(sock, int) else sock.fileno()
        number = self._ask("take", CALL_TIME, descriptors=(fd,))
        return Fd(number) if as_socket else number

    def run(self, source: str, *, seconds: float = CALL_TIME) -> None:
        """Run code of the check's in the learner's process: something that drives the answer."""
        self._ask("run", seconds, source=source, filename="<check>")

    def serve(self, name: str, *, record: bool = True) -> Server:
        """The answer's server class, run by the lab in a process of its own, with this lab's Redis."""
        from ..lab.errors import ServerDidNotStart

        self.make_sure_of(name)
        try:
            return self.serve_class(server_class(self.setup, self.source, name), record=record)
        except ServerDidNotStart as trouble:
            raise Wrong("does-not-run", say=_last_words(str(trouble))) from None

    def serve_class(self, what: type, *, record: bool = True) -> Server:
        """A class of `server_class`, served from a box. Raises ServerTrouble."""

        def in_a_box(arguments: list[str], folder: Path) -> list[str]:
            return self._box.for_an_answer(arguments, setup=self.setup, folder=folder, network=True)

        return self.lab.serve(what, record=record, box=in_a_box)

    @property
    def lab(self) -> Lab:
        """A lab of the judge's, made when it is first asked for."""
        if self._lab is None:
            from ..lab.lab import Lab

            self._lab = Lab()
            _keep_for_ourselves(self._lab.redis)
        return self._lab

    def make_sure_of(self, name: str) -> None:
        """Raises Wrong("missing-name") when the answer does not define `name`."""
        self._ask("value", CALL_TIME, name=name)

    # How it asks.

    def _ask(self, what: str, seconds: float, *, descriptors: tuple[int, ...] = (), **request: Any) -> Any:
        deadline = min(time.monotonic() + seconds, self.deadline)
        ticket = secrets.token_hex(8)  # so that a reply that was written beforehand answers nothing
        try:
            self._channel.send({"id": ticket, "do": what, **request}, descriptors, deadline)
            reply = self._channel.receive(deadline)
            if reply.get("id") == ticket:
                return self._understand(reply, request.get("name", ""))
        except TimeoutError:
            self._hangs(request.get("name", ""), seconds)
        except Closed:
            self._has_ended()
        except (Garbled, ValueError, RecursionError):
            pass
        raise Wrong("exits", say="Your code has written into the channel to the judge, which then stopped listening.")

    def _understand(self, reply: dict[str, Any], name: str) -> Any:
        if "value" in reply:
            return decode(reply["value"])
        if "missing" in reply:
            missing = str(reply["missing"])
            raise Wrong("missing-name", say=f"Your answer does not define {missing}.", hints=_SPELLING)
        if "exits" in reply:
            raise Wrong("exits", say="Your code calls sys.exit() or exit().", hints=_RETURN)
        raised = reply.get("raised")
        if not isinstance(raised, dict):
            raise ValueError("no reply")
        kind, text, line = str(raised.get("kind")), str(raised.get("text")), raised.get("line")
        where = f" in line {line} of the cell" if isinstance(line, int) else ""
        if kind in ("ImportError", "ModuleNotFoundError") and "zerohttpd_lib" in text:
            say = f"Your code imports a part of the library{where} that it cannot have while it is judged: {text}."
            raise Wrong("library", say=say, hints=_YOURS)
        what = f"{kind}: {text}" if text else kind
        raise Raised(kind, text, f"{name or 'Your code'} raised {what},{where or ' outside of the cell'}.")

    def _hangs(self, name: str, seconds: float) -> NoReturn:
        what = f"{name}() did not return" if name else "Your code did not end"
        stack = self._process.last_stack(self._pid) if not self._process.has_ended() else ""
        line = re.search(re.escape(ANSWER) + r'", line (\d+)', stack)
        where = f" It was in line {line[1]} of the cell." if line else ""
        raise Wrong("too-slow", say=f"{what} within {seconds:g} seconds.{where}", hints=_LOOP)

    def _has_ended(self) -> NoReturn:
        how = "cut the channel to the judge" if not self._process.ends_within(2) else self._process.how_it_ended()
        raise Wrong("exits", say=f"The process that ran your code {how}.", hints=_RETURN)

    def close(self) -> None:
        """End the process and the lab."""
        self._channel.sock.close()
        self._process.stop()
        if self._lab is not None:
            self._lab.close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self.close()


class Remote:
    """An object in the learner's process. It can be an argument of other calls."""

    def __init__(self, answer: Answer, number: int) -> None:
        self._answer = answer
        self.held = Held(number)

    def call(self, method: str, *arguments: Any, seconds: float = CALL_TIME) -> Any:
        """What one of its methods returns."""
        of, encoded = self.held.number, _encoded(arguments)
        return self._answer._ask("call", seconds, of=of, name=method, arguments=encoded)

    def get(self, attribute: str) -> Any:
        """The value of one of its attributes."""
        return self._answer._ask("value", CALL_TIME, of=self.held.number, name=attribute)


def _keep_for_ourselves(redis: Redis) -> None:
    """From now on Redis lets servers read and write keys, and nobody but us do more.

    Whoever may use CONFIG and MODULE can have Redis write files and run them (redis.io, ACL, Security).
    """
    from ..lab.redis_server import ask

    password = secrets.token_hex(16)
    users = (f"judge on >{password} ~* &* +@all", "default -@admin -@dangerous -@scripting")
    replies = ask(redis.address, *(f"ACL SETUSER {user}" for user in users))
    if replies != [b"OK", b"OK"]:
        raise LabError(f"Redis does not let the judge have it for itself: {replies}.")
    redis.log_in("judge", password)


_YOURS: Final = ["That is the library's: write yours. What you may use, the first cell of the notebook imports."]
_SPELLING: Final = ["The name has to be spelt as in the cell that you were given."]
_RETURN: Final = ["Let your code come to its end by itself: return from the function."]
_LOOP: Final = ["Look for a loop that does not end, or for a call that waits for what never comes."]


def _encoded(arguments: tuple[Any, ...]) -> list[Any]:
    return [encode(argument.held if isinstance(argument, Remote) else argument) for argument in arguments]


def _is_readable(sock: socket.socket, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(sock, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))


def _last_words(text: str) -> str:
    """Of a message with a traceback, what it begins with, the last line of the cell, and the exception."""
    lines = text.strip().splitlines()
    line = re.findall(re.escape(ANSWER) + r'", line (\d+)', text)
    where = f" (line {line[-1]} of the cell)" if line else ""
    return f"{lines[0]} {lines[-1].strip()}{where}" if len(lines) > 1 else lines[0]
