"""The learner's process: `python -m zerohttpd_lib.grading.answer_process FD`.

FD is its end of a socket pair, which nobody else can reach. It says hello, runs the code that it
is sent, and obeys requests until the judge goes. Whatever the code does to this process, to
its modules or to the channel, the judge is another process and believes nothing but values.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import resource
import signal
import socket
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from .channel import Channel, Closed
from .package_view import withhold
from .system_calls import refuse_besides, refuse_some
from .values import Callback, Fd, Held, Reference, decode, encode

MEMORY: Final = 4 * 1_073_741_824  # bytes of address space
FILE_SIZE: Final = 64 * 1_048_576  # bytes; what is printed goes to a file, too
PROCESSOR_TIME: Final = 60  # seconds
PROCESSES: Final = 1000  # and threads, for all users but root; the guard takes fewer processes for too many
IN_A_BOX: Final = "ZEROHTTPD_BOX"  # the variable that is set there
_close, _detach = os.close, socket.socket.detach  # whatever becomes of these in a learner's process
HELLO: Final = b"!"  # what the judge is sent first
ANSWER: Final = "<your answer>"  # the name of its "file" in tracebacks


def limit_resources() -> None:
    """Of each process. The guard limits how many there are, and their memory together."""
    limits = [(resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_FSIZE, FILE_SIZE), (resource.RLIMIT_CORE, 0)]
    if IN_A_BOX in os.environ:  # outside of one, it would count all of the user's
        limits.append((resource.RLIMIT_NPROC, PROCESSES))
    for limit, most in [*limits, (resource.RLIMIT_CPU, PROCESSOR_TIME)]:
        _, hard = resource.getrlimit(limit)
        resource.setrlimit(limit, (most if hard == resource.RLIM_INFINITY else min(most, hard),) * 2)
    if IN_A_BOX in os.environ:
        refuse_some()


def new_namespace() -> dict[str, Any]:
    """As in a notebook: code runs in a module named __main__."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    return module.__dict__


def run(source: str, filename: str, namespace: dict[str, Any]) -> None:
    """Run a cell. Its first line may be `%%answer TASK`; line numbers are those of the cell."""
    first, newline, rest = source.partition("\n")
    if first.startswith("%%answer"):
        source = f"# {first}{newline}{rest}"
    exec(compile(source, filename, "exec"), namespace)


class Counts(NamedTuple):
    """What tells how often the socket was closed that was closed most often; how often something was sent after a send
    that was not taken whole, in the same call; and what begins a new call.
    """

    most_closings: Callable[[], int]
    sends_too_many: Callable[[], int]
    new_call: Callable[[], None]


def counting() -> tuple[type[socket.socket], Counts]:
    """A kind of socket that counts, and what tells. Nobody can set that."""
    closings: dict[int, int] = {}
    is_full: set[int] = set()
    too_many = [0]

    class Given(socket.socket):
        def close(self) -> None:
            closings[id(self)] = closings.get(id(self), 0) + 1
            super().close()

        def send(self, data: Any, *flags: int) -> int:
            return self._counted(memoryview(data).nbytes, lambda: super(Given, self).send(data, *flags))

        def sendmsg(self, buffers: Any, *more: Any) -> int:
            buffers = list(buffers)
            size = sum(memoryview(each).nbytes for each in buffers)
            return self._counted(size, lambda: super(Given, self).sendmsg(buffers, *more))

        def _counted(self, size: int, send: Callable[[], int]) -> int:
            too_many[0] += id(self) in is_full
            sent = 0
            try:
                sent = send()
            finally:
                if sent < size:
                    is_full.add(id(self))
            return sent

    return Given, Counts(lambda: max(closings.values(), default=0), lambda: too_many[0], is_full.clear)


class Servant:
    """Obeys: each request names something to do, and gets one reply."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.namespace = new_namespace()
        self.sockets: dict[int, socket.socket] = {}
        self.held: list[Any] = []
        self.callbacks: dict[int, Callable[..., Any]] = {}
        self.new_socket, self.counts = counting()
        self.ticket = ""  # of what is asked just now

    def serve(self) -> None:
        while True:
            self.reply_to(self.channel.receive())

    def reply_to(self, request: dict[str, Any]) -> None:
        reply: dict[str, Any]
        before, self.ticket = self.ticket, request["id"]
        try:
            reply = {"value": encode(self.obey(request))}
        except Missing as missing:
            reply = {"missing": str(missing)}
        except SystemExit:
            reply = {"exits": True}
        except BaseException as problem:
            reply = {"raised": describe(problem)}
        self.ticket = before
        self.channel.send({"id": request["id"], **reply})

    def obey(self, request: dict[str, Any]) -> Any:
        arguments = [decode(argument, self.find) for argument in request.get("arguments", [])]
        match request["do"]:
            case "withhold":
                withhold(request["setup"])
            case "refuse":
                with contextlib.suppress(OSError):  # no filter here, and so no box: it is one's own work
                    refuse_besides(request["calls"])
            case "run":
                run(request["source"], request["filename"], self.namespace)
            case "take":  # a descriptor, which came beside the message
                return self.channel.descriptors.pop(0)
            case "close":
                if sock := self.sockets.pop(request["number"], None):
                    _detach(sock)
                return _close(request["number"])
            case "count":
                return getattr(self.counts, request["which"])()
            case "value":
                return self.target(request)
            case "call":
                self.counts.new_call()
                return self.known(self.target(request)(*arguments))
            case "make":
                self.held.append(self.target(request)(*arguments))
                return len(self.held) - 1

    def target(self, request: dict[str, Any]) -> Any:
        """What is asked for: a name of the answer's, or an attribute of an object that we hold."""
        name = request["name"]
        if "socket" in request:
            return getattr(self.sockets[request["socket"]], name)
        if "of" in request:
            thing = self.held[request["of"]]
            if not hasattr(thing, name):
                raise Missing(f"{type(thing).__name__}.{name}")
            return getattr(thing, name)
        if name not in self.namespace:
            raise Missing(name)
        return self.namespace[name]

    def find(self, reference: Reference) -> Any:
        """A descriptor's socket object is the same at each call, and stays when the learner drops it."""
        if isinstance(reference, Held):
            return self.held[reference.number]
        if isinstance(reference, Callback):
            return self.callbacks.setdefault(reference.number, self.new_callback(reference.number))
        sock = self.sockets.get(reference.number)
        if sock is None or sock.fileno() != reference.number:
            sock = self.sockets[reference.number] = self.new_socket(fileno=reference.number)
        return sock

    def new_callback(self, number: int) -> Callable[..., Any]:
        """A function of which nobody here knows what it is for: it tells the judge what it was called with, does what
        that asks for meanwhile, and returns what that says."""

        def callback(*arguments: Any) -> Any:
            given = [encode(self.known(argument)) for argument in arguments]
            self.channel.send({"id": self.ticket, "called": number, "arguments": given})
            while (request := self.channel.receive())["do"] != "return":
                self.reply_to(request)
            return decode(request["value"], self.find)

        return callback

    def known(self, argument: Any) -> Any:
        """What the judge calls this socket, if it is one that it has handed over."""
        for number, sock in self.sockets.items():
            if sock is argument:
                return Fd(number)
        return argument


class Missing(Exception):
    """The answer does not define this."""


def describe(problem: BaseException) -> dict[str, Any]:
    """An exception as plain values; `line` is the innermost one that is the learner's."""
    line = None
    if isinstance(problem, SyntaxError) and problem.filename == ANSWER:
        line = problem.lineno
    for frame in traceback.extract_tb(problem.__traceback__):
        line = frame.lineno if frame.filename == ANSWER else line
    try:
        text = str(problem.msg if isinstance(problem, SyntaxError) else problem)[:500]
    except Exception:  # its __str__ is the learner's, too
        text = ""
    return {"kind": type(problem).__name__, "text": text, "line": line}


def main(fd: int) -> int:
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    os.dup2(2, 1)  # what the learner prints is nobody's input
    channel = Channel(socket.socket(fileno=fd), takes_descriptors=True)
    channel.sock.set_inheritable(False)
    limit_resources()
    channel.sock.send(HELLO)
    with contextlib.suppress(Closed):  # the judge has heard enough
        Servant(channel).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
