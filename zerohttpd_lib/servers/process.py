"""Run a server: the listening socket, the worker processes, the signals.

What a server class need not know. `serve` stays in the foreground until SIGINT or SIGTERM and
leaves no process behind.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from .. import sockets
from ..trace.recorder import Recorder
from . import Server

_PR_SET_PDEATHSIG = 1  # man 2 prctl
_MOST_RESTARTS_A_SECOND = 5


def serve(
    make_server: Callable[[socket.socket, sockets.Address], Server],
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    redis_address: sockets.Address,
    workers: int = 1,
    trace_file: str | None = None,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve until SIGINT or SIGTERM, then return.

    `announce` is called once, with "http://HOST:PORT", when connections are accepted. With
    several workers, each is a process with a server of its own on the one listening socket; a
    worker that dies is replaced. Only the first worker writes to `trace_file`.
    Raises CannotListen when the port is taken or the address is not ours.
    """
    sockets.raise_descriptor_limit()
    try:
        listener = sockets.listen(host, port)
    except OSError as error:
        raise CannotListen(
            f"Cannot listen on {host} port {port}: {error.strerror}. "
            "Choose another port (0 takes any free one), or stop what uses this one."
        ) from None
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    address = f"[{host}]" if ":" in host else host
    announce(f"http://{address}:{listener.getsockname()[1]}")

    def run_server(number: int) -> None:
        server = make_server(listener, redis_address)
        if trace_file is not None and number == 0:
            Recorder(trace_file).attach(server)
        server.run()

    try:
        if workers == 1:
            run_server(0)
        else:
            _run_workers(run_server, workers)
    except _Stopped:
        pass
    finally:
        listener.close()


class CannotListen(Exception):
    """The address and port cannot be had. The message says why, in one sentence."""


class _Stopped(BaseException):
    """SIGINT or SIGTERM has come. Not an Exception, so that no server catches it by accident."""


def _stop(signum: int, frame: object) -> NoReturn:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise _Stopped


def _run_workers(run_server: Callable[[int], None], count: int) -> None:
    """Keep `count` workers alive. They end with us, even if we are killed."""
    workers: dict[int, int] = {}  # process id -> number
    try:
        for number in range(count):
            workers[_fork(run_server, number)] = number
        while True:
            pid, status = os.wait()
            number = workers.pop(pid, -1)
            if number < 0:
                continue  # not one of the workers
            print(f"worker {number} ended ({_how(status)}); starting another", file=sys.stderr, flush=True)
            time.sleep(1 / _MOST_RESTARTS_A_SECOND)
            workers[_fork(run_server, number)] = number
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        for pid in workers:
            os.waitpid(pid, 0)


def _fork(run_server: Callable[[int], None], number: int) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.signal(signal.SIGTERM, _stop)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() == parent:  # else it died before we asked to be told
            run_server(number)
            status = 0
    except _Stopped:
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
