"""Connections for the judge, and the kernel as a witness of what has become of them."""

from __future__ import annotations

import socket
import struct

from ...kernel.events import event_names
from ...kernel.pollfd import PollFd, poll


def reported(fd: int, asked: int) -> str:
    array = (PollFd * 1)(PollFd(fd, asked))
    poll(array, 200)
    return event_names(array[0].revents)


def tcp_pair() -> tuple[socket.socket, socket.socket]:
    """The server's side of a connection over loopback, and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return listener.accept()[0], client


def reset(client: socket.socket) -> None:
    """Close, and have the kernel send a reset: SO_LINGER with 0 seconds (man 7 socket)."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def refused() -> tuple[socket.socket, socket.socket]:
    """A socket whose connect was refused; and, as there is no other side, one that does not matter."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(address)
    return sock, socket.socket()
