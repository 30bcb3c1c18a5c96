"""One request, and its answer: the time limit is for all of it."""

from __future__ import annotations

import socket
import time
from itertools import cycle

import pytest
from tiny_server import TinyServer

from zerohttpd_lib.lab.asking import LONGEST_PAGE, ask

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


def trickles(sock: socket.socket, before: bytes) -> None:
    sock.recv(65_536)
    sock.sendall(before)
    for byte in cycle(b"x"):
        try:
            sock.send(bytes([byte]))
        except OSError:  # who asked has gone
            return
        time.sleep(0.05)


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nX-Head: ", HEAD])
def test_a_byte_now_and_then_does_not_begin_the_time_anew(before: bytes) -> None:
    with TinyServer(lambda sock: trickles(sock, before)) as tiny:
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            ask(tiny.address, "GET", "/", None, 0.5)
        assert time.monotonic() - started >= 0.5


def test_a_page_in_pieces_is_whole_if_it_comes_in_time() -> None:
    def in_pieces(sock: socket.socket) -> bool:
        sock.recv(65_536)
        for byte in HEAD + b"hello":
            sock.send(bytes([byte]))
        return True

    with TinyServer(in_pieces) as tiny:
        page = ask(tiny.address, "GET", "/", None, 20)
    assert (page.status, page.text) == (200, "hello")


def test_of_a_page_without_an_end_no_more_is_read_than_a_page_can_have() -> None:
    def endless(sock: socket.socket) -> None:
        sock.recv(65_536)
        sock.sendall(HEAD)
        try:
            while True:
                sock.sendall(bytes(1_048_576))
        except OSError:  # who asked has gone
            pass

    with TinyServer(endless) as tiny:
        assert len(ask(tiny.address, "GET", "/", None, 60).body) == LONGEST_PAGE
