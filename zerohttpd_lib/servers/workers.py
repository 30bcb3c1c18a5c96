"""Child processes: started, replaced when they die, and ended with us, whatever becomes of us.

Used wherever a server has more than one process: by `forking` and `preforked`, and by `serve`
when several processes run an event loop each.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final, NoReturn

PR_SET_PDEATHSIG: Final = 1  # man 2 prctl
MOST_RESTARTS_A_SECOND: Final = 5
RAISE_AGAIN: Final = 0.2  # seconds
END_WITHIN: Final = 3.0  # seconds, for children that are asked to
_HELD: Final = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM}
_libc = ctypes.CDLL(None)


class Stopped(BaseException):
    """SIGINT or SIGTERM has come. Not an Exception, so that no server catches it by accident."""


def stop(signum: int, frame: object) -> NoReturn:
    """The handler of SIGINT and SIGTERM. From then on, further ones are ignored.

    An exception that comes up while a destructor runs is lost: Python prints it and goes on. So
    it is raised again a little later, until `has_stopped` says that it has arrived.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _stop_again)
    signal.setitimer(signal.ITIMER_REAL, RAISE_AGAIN, RAISE_AGAIN)
    raise Stopped


def _stop_again(signum: int, frame: object) -> None:
    """Raise it again, unless it has arrived: raised within its own `except`, it would get past that."""
    if not isinstance(sys.exc_info()[1], Stopped):
        raise Stopped


def has_stopped() -> None:
    """Stopped has been caught: it need not be raised again."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def run_workers(run: Callable[[int], None], count: int) -> None:
    """Keep `count` children alive; each calls `run` with its number. One that dies is replaced."""
    children: set[int] = set()
    numbers: dict[int, int] = {}  # process id -> number
    try:
        for number in range(count):
            numbers[fork(partial(run, number), children)] = number
        while True:
            pid, status = os.wait()
            children.discard(pid)
            if pid not in numbers:
                continue  # not one of the workers
            number = numbers.pop(pid)
            print(f"worker {number} ended ({_how(status)}); starting another", file=sys.stderr, flush=True)
            numbers[_fork_again(partial(run, number), children)] = number
    finally:
        end(children)


def _fork_again(run: Callable[[], None], children: set[int]) -> int:
    """fork(), as soon as the machine has a process left. The other workers serve meanwhile."""
    while True:
        time.sleep(1 / MOST_RESTARTS_A_SECOND)
        try:
            return fork(run, children)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOMEM):
                raise
            print(f"no new worker yet: {error.strerror}", file=sys.stderr, flush=True)


def fork(run: Callable[[], None], children: set[int]) -> int:
    """Call `run` in a child process. Returns its process id, which is then in `children` too.

    The child ends when `run` returns, and when this process ends. Raises OSError when the
    machine has no process left (man 2 fork, EAGAIN).
    """
    parent = os.getpid()
    # Held, because a signal that came between fork() and add() would find a child that nobody
    # knows of: one that `end` does not end.
    with _signals_held():
        pid = os.fork()
        if pid == 0:
            _be_a_child(run, parent)
        children.add(pid)
    return pid


def _be_a_child(run: Callable[[], None], parent: int) -> NoReturn:
    status = 1
    try:
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        # fork() copies everything but this wish (man 2 prctl): to be sent SIGTERM when the parent ends.
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)
        if os.getppid() == parent:  # else it ended before we asked to be told
            run()
        status = 0
    except Stopped:
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)  # not sys.exit(): the stack below us is the parent's, with its `finally`s


def end(children: set[int]) -> None:
    """Ask every child to end, and wait until all of them have. One that does not hear us, because it is
    stopped (man 7 signal, SIGSTOP) or hangs, is ended all the same."""
    with _signals_held():
        _send(signal.SIGTERM, children)
        deadline = time.monotonic() + END_WITHIN
        while not _have_ended(children) and (left := deadline - time.monotonic()) > 0:
            signal.sigtimedwait({signal.SIGCHLD}, left)
        _send(signal.SIGKILL, children)
        while not _have_ended(children):
            signal.sigwait({signal.SIGCHLD})


def _send(number: signal.Signals, children: set[int]) -> None:
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _have_ended(children: set[int]) -> bool:
    """All of them? Those that have are not among `children` any more."""
    for pid in list(children):
        try:
            ended = os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:  # somebody has asked before
            ended = True
        if ended:
            children.discard(pid)
    return not children


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals that come within this block are delivered at its end (man 2 sigprocmask)."""
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HELD)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
