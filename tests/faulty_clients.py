"""Clients that do wrong. Each function makes some; they go on until the stack is closed."""

from __future__ import annotations

import random
import select
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

from arena import FAULTY, PAGE, STATIC
from raw_client import PATIENCE, ask, connect, leave_with_reset, read_to_end, status

from zerohttpd_lib.app.http_wire import MAX_BODY, MAX_HEAD, MAX_LINE
from zerohttpd_lib.lab import Server

POST = (
    b"POST /guestbook HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 33\r\n\r\n"
    b"guest-name=Ada&guest-remarks=gone"
)
STEPS = [b"", PAGE[:1], PAGE[:8], PAGE[:-2], POST[:-5], POST, PAGE, STATIC, b"nonsense\r\n\r\n", PAGE * 3]
TOO_LONG = {
    413: b"POST /guestbook HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%b" % (MAX_BODY + 1, b"x" * 200_000),
    414: b"GET /" + b"a" * (MAX_LINE + 200_000) + b" HTTP/1.1\r\nHost: h\r\n\r\n",
    431: b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * (MAX_HEAD // 6) + b"\r\n",
}
MSS = 1460  # as over Ethernet; loopback's is 65,483, and the kernel would set aside megabytes for each client


def silent(server: Server, stack: ExitStack) -> None:
    for _ in range(FAULTY):
        stack.enter_context(connect(server.url))


def slow_senders(server: Server, stack: ExitStack) -> None:
    for _ in range(FAULTY):
        stack.enter_context(connect(server.url)).sendall(PAGE[:20])


def slow_readers(server: Server, stack: ExitStack) -> None:
    """Until they read on, which they do at the end. The remarks must make a page of 1 MB."""
    socks = [connect_with_tiny_window(server.url) for _ in range(FAULTY)]
    stack.callback(read_whole_pages, socks)
    for sock in socks:
        sock.sendall(PAGE)
    select.select(socks, [], [], PATIENCE)  # the server is at it


def connect_with_tiny_window(url: str) -> socket.socket:
    sock = socket.socket()
    sock.settimeout(PATIENCE)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, MSS)
    sock.connect((urlsplit(url).hostname, urlsplit(url).port))
    return sock


def read_whole_pages(socks: list[socket.socket]) -> None:
    """All at once: a server that serves one after the other has an order of its own."""
    with ThreadPoolExecutor(len(socks)) as pool:
        pages = list(pool.map(read_to_end, socks))
    for sock, page in zip(socks, pages, strict=True):
        sock.close()
        assert status(page) == 200
        assert len(page) > 1 << 20


def leavers(server: Server, stack: ExitStack) -> None:
    for step in STEPS:
        with connect(server.url) as sock:
            sock.sendall(step)


def resets(server: Server, stack: ExitStack) -> None:
    for step in STEPS:
        sock = connect(server.url)
        sock.sendall(step)
        leave_with_reset(sock)


def half_closed(server: Server, stack: ExitStack) -> None:
    for request in (PAGE, STATIC, POST):
        with connect(server.url) as sock:
            sock.sendall(request)
            sock.shutdown(socket.SHUT_WR)
            assert status(read_to_end(sock)) == 200
    with connect(server.url) as sock:
        sock.sendall(PAGE[:-2])
        sock.shutdown(socket.SHUT_WR)
        assert read_to_end(sock) == b""


def storm(server: Server, stack: ExitStack) -> None:
    socks = [connect(server.url) for _ in range(150)]
    asking, resetting, staying = socks[::3], socks[1::3], socks[2::3]
    for sock in asking:
        sock.sendall(PAGE)
    for sock in resetting:
        leave_with_reset(sock)
    for sock in staying:
        sock.close()
    for sock in asking:
        with sock:
            assert status(read_to_end(sock)) == 200


def garbage(server: Server, stack: ExitStack) -> None:
    dice = random.Random(2026)
    pieces = [dice.randbytes(200) + b"\r\n\r\n" for _ in range(5)]
    pieces += [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\0" * 100 + b"\n\n",
    ]
    for piece in pieces:
        assert status(ask(server.url, piece)) in (400, 501)


def oversize(server: Server, stack: ExitStack) -> None:
    for expected, request in TOO_LONG.items():
        assert status(ask(server.url, request)) == expected


def endless(server: Server, stack: ExitStack) -> None:
    with connect(server.url) as sock, suppress(ConnectionError):
        sock.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY + 1))
        while True:
            sock.sendall(b"x" * 65_536)


def greedy(server: Server, stack: ExitStack) -> None:
    """It sends in a thread, for the server may well not take it all."""
    sock = stack.enter_context(connect(server.url))
    request = STATIC.replace(b"Connection: close\r\n", b"")

    def send() -> None:
        with suppress(OSError):
            sock.sendall(request * 10_000)

    threading.Thread(target=send, daemon=True).start()
