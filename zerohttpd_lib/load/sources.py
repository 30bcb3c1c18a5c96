"""Where connections come from: a source address for each client.

A connection is known by four numbers: the address and port of either end. To one target, one
source address has about 28,000 ports (net.ipv4.ip_local_port_range, man 7 ip), and a port may
stay taken for a minute after its connection has ended (TIME_WAIT, RFC 9293). Thousands of
connections a second use them up, and then connect() tries port after port until it finds a free
one: a busy core, and what is measured is that search.

All of 127.0.0.0/8 is this machine: 16 million addresses. So each client has one of its own, as
in life, and its next port is free. Other targets cannot be reached from there: towards them, and
over IPv6, the kernel chooses the address, and its 28,000 ports are a limit that is reported.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Final

ADDRESSES: Final = 1 << 20  # after so many clients they begin again
IP_BIND_ADDRESS_NO_PORT: Final = 24  # man 7 ip: leave the choice of the port to connect()


class Sources:
    """Gives client number `first`, `first` + 1, ... of `clients` its address, for connections to `target`."""

    def __init__(self, target: str, first: int, clients: int) -> None:
        self.addresses: list[tuple[str, int]] = []
        if ":" not in target and ipaddress.ip_address(target).is_loopback:
            self.addresses = [(source_of(first + number), 0) for number in range(clients)]

    def bind(self, sock: socket.SocketType, number: int) -> None:
        """Before it connects: let this socket come from the address of client `number`, counted from `first`."""
        if self.addresses:
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind(self.addresses[number])


def source_of(client: int) -> str:
    """127.1.0.0 for client 0, then 127.1.0.1 ..., 127.16.255.255 for the last one."""
    client %= ADDRESSES
    return f"127.{1 + (client >> 16)}.{client >> 8 & 255}.{client & 255}"
