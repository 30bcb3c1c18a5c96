"""The one home of listen, accept, connect, receive and send.

Every function says in its return value what a caller must handle: `None` for "not now"
(EAGAIN), `b""` for "the other side has closed", a count for a short write. What is left
to raise is a broken connection (ConnectionError) or a machine that has run out (OSError).
"""

from __future__ import annotations

import errno
import resource
import socket
from typing import Final

Address = tuple[str, int]  # (host, port)

BACKLOG: Final = 4096  # connections the kernel holds for us before accept(); man 2 listen
CHUNK: Final = 65_536  # bytes asked for in one recv()
CHUNK_NOW: Final = 16_384  # the same where it is done for every event: less memory to set aside

# accept() and socket() fail like this when descriptors or memory have run out. It passes.
EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


# The client at the head of the queue has been lost on the network; there may be others (man 2 accept,
# "Error handling"). EPERM: a firewall does not want it.
LOST: Final = frozenset({
    errno.ECONNABORTED, errno.ENETDOWN, errno.EPROTO, errno.ENOPROTOOPT, errno.EHOSTDOWN, errno.ENONET,
    errno.EHOSTUNREACH, errno.EOPNOTSUPP, errno.ENETUNREACH, errno.EPERM,
})  # fmt: skip


def listen(host: str, port: int, backlog: int = BACKLOG, *, reuse_port: bool = False) -> socket.socket:
    """A non-blocking listening socket. Port 0 takes any free one.

    `reuse_port`: others of ours may listen on the same port (SO_REUSEPORT, man 7 socket).

    Non-blocking, because between "readable" and accept() the client may have left, or
    another process on the same listener may have been faster.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        listener.listen(backlog)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def accept(listener: socket.socket) -> socket.socket | None:
    """The next client, its socket in blocking mode; None when there is none after all.

    Raises OSError with an errno in EXHAUSTED when this process has no descriptor left.
    """
    while True:
        try:
            return listener.accept()[0]
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno not in LOST:
                raise


def send_at_once(sock: socket.socket) -> None:
    """Send what is given to this socket at once, although what went before is not acknowledged yet.

    Else the kernel keeps a small piece until then (Nagle's algorithm, RFC 9293, section 3.7.4), and
    the peer may take its time to acknowledge: 40 ms on Linux. A socket that accept() returns has this
    option from its listener, so that one call is enough for all clients (TCP_NODELAY, man 7 tcp; that
    it is inherited, no page says: tests/test_sockets.py does).
    """
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def start_connect(address: Address) -> socket.socket:
    """Begin to connect and return at once. The socket becomes writable when it is done.

    Whether it went well is for `connect_error` to say (man 2 connect, EINPROGRESS).
    """
    sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        error = sock.connect_ex(address)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, "connect")
    except BaseException:
        sock.close()
        raise
    return sock


def connect_error(sock: socket.socket) -> int:
    """How a connect that was started has ended: 0, or an errno. Reading it clears it."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def receive(sock: socket.socket, size: int = CHUNK) -> bytes | None:
    """Up to `size` bytes; b"" when the peer has closed; None when there is nothing now."""
    try:
        return sock.recv(size)
    except BlockingIOError:
        return None


def receive_now(sock: socket.socket, size: int = CHUNK_NOW) -> bytes | None:
    """The same, but it never waits, whatever mode the socket is in.

    MSG_DONTWAIT asks for that call by call (man 2 recv), which saves the system call that would
    make each accepted socket non-blocking.
    """
    try:
        return sock.recv(size, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None


def send_now(sock: socket.socket, data: bytes | bytearray | memoryview) -> int:
    """Send what the kernel takes now; returns the number of bytes, 0 when it takes none."""
    try:
        return sock.send(data, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return 0


def send_all(sock: socket.socket, data: bytes) -> None:
    """Send all of `data`, blocking for as long as the peer is slow to read it."""
    sock.sendall(data)


def raise_descriptor_limit() -> int:
    """Raise this process's limit on open descriptors to what it may have; return the limit.

    "Too many open files" usually means the soft limit, which anyone may raise to the hard one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
