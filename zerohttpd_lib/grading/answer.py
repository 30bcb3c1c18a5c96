"""`Answer`: a learner's answer, running in a process of its own, under the judge's hand.

What a check does with it is in checks/__init__.py. Every method here raises `Wrong` when the code
does not do what was asked, with one of the codes "does-not-run" (an exception), "missing-name",
"exits" (the process has ended, or has cut the channel), "too-slow", "too-much" and "writes-to-judge".
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from ..lab.errors import LabError
from .answer_process import ANSWER
from .answer_server import server_class
from .asked import Asked
from .box import NONE, Box
from .lookout import Lookout
from .replies import is_withheld, library
from .values import Fd, Held, encode
from .verdict import Wrong

if TYPE_CHECKING:
    from ..lab.lab import Lab
    from ..lab.redis_server import Redis
    from ..lab.server import Server

CALL_TIME: Final = 8.0  # seconds for one call, where the check does not say otherwise
DYING_TIME: Final = 0.5  # seconds: a server that dies closes its sockets first


class Answer(Asked):
    """A process, in a box, that has run the setup cell and the answer. `deadline` is a time.monotonic().

    With `network` it can connect to sockets of the judge's. `refused`: system calls that it cannot make, by name
    (system_calls.py). Raises DidNotStart.
    """

    def __init__(
        self,
        setup: str,
        source: str,
        deadline: float,
        *,
        box: Box = NONE,
        network: bool = False,
        refused: Sequence[str] = (),
    ) -> None:
        self.setup, self.source = setup, source
        self._lab: Lab | None = None
        self._served: list[Server] = []
        self._box = box

        def command(fd: int) -> list[str]:
            arguments = ["-m", "zerohttpd_lib.grading.answer_process", str(fd)]
            return box.for_an_answer(arguments, setup=setup, network=network)

        super().__init__(command, deadline)
        self._lookouts = [Lookout(self.pid, lambda: self._process.beside(self.pid))]
        self._ask("withhold", CALL_TIME, setup=setup)
        if refused:
            self._ask("refuse", CALL_TIME, calls=list(refused))
        self._ask("run", CALL_TIME, source=setup, filename="<setup>")
        self._runs_theirs = True
        self._ask("run", CALL_TIME, source=source, filename=ANSWER)

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

    def hold(self, function: Remote, *arguments: Any, seconds: float = CALL_TIME) -> Remote:
        """What a function that is held there returns, to be held there as well."""
        return Remote(
            self, self._ask("make", seconds, of=function.held.number, name="__call__", arguments=_encoded(arguments))
        )

    def give(self, sock: socket.socket | int, *, as_socket: bool = False) -> Any:
        """Hand a socket or descriptor over. Returns its number there; or an `Fd` of it, with `as_socket`.

        The judge's own descriptor stays open: close it, or keep it to see what becomes of the socket.
        """
        fd = sock if isinstance(sock, int) else sock.fileno()
        number = self._ask("take", CALL_TIME, descriptors=(fd,))
        return Fd(number) if as_socket else number

    def on(self, fd: Fd, method: str, *arguments: Any) -> Any:
        """Call a method of a socket that was given."""
        return self._ask("call", CALL_TIME, socket=fd.number, name=method, arguments=_encoded(arguments))

    def most_closings(self) -> int:
        """How often the socket was closed that was closed most often, of those that were given."""
        return int(self._ask("count", CALL_TIME, which="most_closings"))

    def sends_too_many(self) -> int:
        """How often a socket that was given was sent something after a send() that was not taken whole, in one call."""
        return int(self._ask("count", CALL_TIME, which="sends_too_many"))

    def run(self, source: str, *, seconds: float = CALL_TIME) -> None:
        """Run code of the check's in the learner's process: something that drives the answer."""
        self._ask("run", seconds, source=source, filename="<check>")

    def serve(
        self, name: str, *, record: bool | str = True, workers: int | None = None, threads: bool = False
    ) -> Server:
        """The answer's server class, run by the lab in a process of its own, or in so many, with this lab's Redis.

        `threads`: whether it may have some. See `expect_nobody_beside`.
        """
        from ..lab.errors import ServerDidNotStart

        self.make_sure_of(name)
        what = server_class(self.setup, self.source, name)
        try:
            return self.serve_class(what, record=record, workers=workers, threads=threads)
        except ServerDidNotStart as trouble:
            raise did_not_start(str(trouble)) from None

    def serve_class(
        self, what: type, *, record: bool | str = True, workers: int | None = None, threads: bool = False
    ) -> Server:
        """A class of `server_class`, served from a box. Raises ServerTrouble."""

        def in_a_box(arguments: list[str], folder: Path) -> list[str]:
            return self._box.for_an_answer(arguments, setup=self.setup, folder=folder, network=True)

        server = self.lab.serve(what, record=record, workers=workers, box=in_a_box)
        self._served.append(server)
        self._lookouts.append(Lookout(server.pid, server.beside, most=workers or 0, threads=threads))
        return server

    def close_there(self, number: int) -> None:
        """Close a descriptor there, in such a way that no code of the learner's is told."""
        self._ask("close", CALL_TIME, number=number)

    def expect_nobody_beside(self) -> None:
        """Raises Wrong("processes") when its process, or a server's, was ever not the only one: what others do, no
        check looks at. And Wrong("threads") when a server that was to have one thread had more.
        """
        for lookout in self._lookouts:
            lookout.expect_nobody()

    def expect_to_be_alone(self) -> None:
        """Raises Wrong("threads"), too: for a call that must not wait, neither may somebody else wait for it."""
        self.expect_nobody_beside()
        if self.has_threads():
            say = "Your code has started a thread, and it runs still."
            raise Wrong("threads", say=say, hints=["Nobody has to wait here, so nothing has to wait elsewhere: ask."])

    def has_threads(self) -> bool:
        """Whether its process has more than the one that waits for us."""
        return len(os.listdir(f"/proc/{self.pid}/task")) > 1

    def said(self) -> str:
        """What the servers made from it have written to their standard error."""
        return "\n".join(server.errors() for server in self._served)

    def check_servers(self) -> None:
        """Raises ServerTrouble when one of the servers made from it has ended by itself, or is about to."""
        for server in self._served:
            server.check_alive(DYING_TIME)

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

    def close(self) -> None:
        """End the process and the lab."""
        for lookout in self._lookouts:
            lookout.close()
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


_NOT_STARTED: Final = [
    "It ended while it was made, or when run() began. Look at that line: nobody had asked it for anything yet."
]


def _encoded(arguments: tuple[Any, ...]) -> list[Any]:
    return [encode(argument.held if isinstance(argument, Remote) else argument) for argument in arguments]


def did_not_start(text: str) -> Wrong:
    """`text`: what a server of the answer's has said before it ended."""
    kind, _, what = text.strip().splitlines()[-1].partition(": ")
    if is_withheld(kind, what):
        return library(_where(text), what)
    return Wrong("does-not-run", say=_last_words(text), hints=_NOT_STARTED)


def _last_words(text: str) -> str:
    """Of a message with a traceback, what it begins with, the last line of the cell, and the exception."""
    lines, line = text.strip().splitlines(), _where(text).removeprefix(" in ")
    where = f" ({line})" if line else ""
    return f"{lines[0]} {lines[-1].strip()}{where}" if len(lines) > 1 else lines[0]


def _where(text: str) -> str:
    """The last line of the cell that a traceback goes through, in words; "" for none."""
    line = re.findall(re.escape(ANSWER) + r'", line (\d+)', text)
    return f" in line {line[-1]} of the cell" if line else ""
