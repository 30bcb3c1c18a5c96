"""The array that goes into poll(2), and what comes back in it."""

import errno
import select
import signal
import socket
import threading

import pytest

from zerohttpd_lib.kernel.pollfd import PollFd, poll


def test_an_entry_is_laid_out_as_the_manual_has_it() -> None:
    entry = bytes(PollFd(0x01020304, 0x0506, 0x0708))
    assert entry == b"\x04\x03\x02\x01\x06\x05\x08\x07"  # int, short, short, on a little-endian machine


def test_it_says_the_same_as_select_poll() -> None:
    with socket.socket() as unconnected:
        ours, theirs = socket.socketpair()
        theirs.send(b"x")
        asked = {ours.fileno(): select.POLLIN, theirs.fileno(): select.POLLOUT, unconnected.fileno(): 0}
        array = (PollFd * 3)(*(PollFd(fd, events) for fd, events in asked.items()))
        other = select.poll()
        for fd, events in asked.items():
            other.register(fd, events)
        assert poll(array) == 3
        assert [(entry.fd, entry.revents) for entry in array] == other.poll(0)
        ours.close()
        theirs.close()


def test_nothing_ready_is_zero_and_clears_what_was_there() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        array = (PollFd * 1)(PollFd(ours.fileno(), select.POLLIN, revents=select.POLLIN))
        assert poll(array, milliseconds=1) == 0
        assert array[0].revents == 0


def test_an_entry_shows_its_events_by_name() -> None:
    assert repr(PollFd(7, select.POLLIN, select.POLLIN | select.POLLHUP)) == "fd    7   events IN       revents IN|HUP"


def test_a_signal_ends_the_wait_with_its_errno() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    done = threading.Event()
    sender = threading.Thread(target=send_signals, args=(threading.get_ident(), done))
    sender.start()
    try:
        with pytest.raises(OSError) as caught:
            poll((PollFd * 1)(PollFd(-1, 0)), milliseconds=10_000)
    finally:
        done.set()
        sender.join()
        signal.signal(signal.SIGUSR1, before)
    assert caught.value.errno == errno.EINTR


def send_signals(thread: int, done: threading.Event) -> None:
    """One is enough, if it comes while the other thread is in poll(): so, many."""
    while not done.wait(0.01):
        signal.pthread_kill(thread, signal.SIGUSR1)
