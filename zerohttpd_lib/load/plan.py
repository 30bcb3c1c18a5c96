"""What a load test is to do, checked before anything is started."""

from __future__ import annotations

import ipaddress
import json
import resource
import socket
from dataclasses import asdict, dataclass, replace
from typing import Final
from urllib.parse import urlsplit

SPARE_DESCRIPTORS: Final = 64  # for what a process has open beside its connections
PORTS_PER_SOURCE: Final = 4_000  # connections from one source address

MOST_CONNECTIONS: Final = 100_000


class PlanError(ValueError):
    """The plan cannot be carried out. The message says why, and what would work."""


@dataclass(frozen=True)
class Plan:
    """`clients` in a closed loop beside `idle` silent connections, for `seconds` or `requests`.

    `rate`: an open loop instead, of so many requests a second. `timeout`: seconds after which a
    client gives up on an answer. `own_target` is the word of the person at the keyboard that a
    target other than this machine is theirs to load. `warm_up`: seconds before anything is
    counted. `drain`: at the end, wait for the answers that are under way, and count them.
    """

    url: str
    clients: int = 8
    idle: int = 0
    seconds: float | None = None
    requests: int | None = None
    keep_alive: bool = False
    timeout: float = 30.0
    own_target: bool = False
    rate: float | None = None
    warm_up: float = 0.0
    drain: bool = True
    first: int = 0  # the number of its first connection, among those of all processes

    def check(self) -> Plan:
        """Return the plan, with 5 seconds where no end was given. Raises PlanError."""
        self._check_kinds()
        if self.clients < 1:
            raise PlanError(f"clients={self.clients}: a load test needs at least one client.")
        if self.idle < 0:
            raise PlanError(f"idle={self.idle}: the number of idle connections cannot be negative.")
        if self.seconds is not None and self.requests is not None:
            raise PlanError("Give either seconds or requests, not both.")
        if self.seconds is not None and not 0 < self.seconds <= 600:
            raise PlanError(f"seconds={self.seconds}: a load test takes more than 0 and at most 600 seconds.")
        if self.requests is not None and not 0 < self.requests <= 10_000_000:
            raise PlanError(f"requests={self.requests}: choose from 1 to 10,000,000.")
        if self.rate is not None and not 0 < self.rate <= 1_000_000:
            raise PlanError(f"rate={self.rate}: choose more than 0 and at most 1,000,000 requests a second.")
        if self.warm_up < 0 or (self.warm_up and self.requests is not None):
            raise PlanError("A warm-up takes some seconds, and goes with seconds, not with requests.")
        if not 0 < self.timeout <= 600:
            raise PlanError(f"timeout={self.timeout}: choose more than 0 and at most 600 seconds.")
        for name, number in (("clients", self.clients), ("idle", self.idle)):
            if number > MOST_CONNECTIONS:
                raise PlanError(f"{name}={number:,}: choose {MOST_CONNECTIONS:,} or fewer.")
        self._check_target()
        if self.seconds is None and self.requests is None:
            return replace(self, seconds=5.0)
        return self

    def _check_kinds(self) -> None:
        for name, kinds in (("clients", int), ("idle", int), ("requests", int), ("seconds", (int, float))):
            value = getattr(self, name)
            may_be_missing = name in ("requests", "seconds")
            if not (value is None and may_be_missing) and (not isinstance(value, kinds) or isinstance(value, bool)):
                raise PlanError(
                    f"{name}={value!r}: this has to be a number{'' if name == 'seconds' else ' without a fraction'}."
                )

    def client_parts(self) -> list[Plan]:
        """The plan for each generator process: as few as this machine's descriptor limit allows."""
        number = -(-self.clients // _connections_per_process())
        clients = _shared_out(self.clients, number)
        requests = _shared_out(self.requests, number) if self.requests is not None else [None] * number
        rate = self.rate / number if self.rate is not None else None
        firsts = [self.idle + sum(clients[:i]) for i in range(number)]
        return [
            replace(self, clients=clients[i], requests=requests[i], rate=rate, first=firsts[i]) for i in range(number)
        ]

    def idle_parts(self) -> list[Plan]:
        """The plan for each process that holds idle connections."""
        number = -(-self.idle // _connections_per_process())
        idle = _shared_out(self.idle, number) if number else []
        return [replace(self, idle=idle[i], first=sum(idle[:i])) for i in range(number)]

    def _check_target(self) -> None:
        host, port = self.address
        addresses = {info[4][0] for info in _resolve(host, port)}
        if not all(ipaddress.ip_address(address).is_loopback for address in addresses) and not self.own_target:
            raise PlanError(
                f"{host} is not this machine. A load test of somebody else's server is an attack; "
                "say --i-own-the-target (own_target=True) only if it is yours."
            )

    @property
    def address(self) -> tuple[str, int]:
        """The (host, port) to connect to. Raises PlanError when the URL is not http://HOST[:PORT]/..."""
        parts = urlsplit(self.url)
        try:
            port = 80 if parts.port is None else parts.port
            if port == 0:
                raise ValueError
        except ValueError:
            raise PlanError(f"The port in {self.url!r} is not a number from 1 to 65535.") from None
        if parts.scheme != "http" or not parts.hostname:
            raise PlanError(f"{self.url!r} is not a URL to load. Write it as http://HOST:PORT/PATH.")
        if not self.url.isascii() or " " in self.url:
            raise PlanError(f"{self.url!r}: write what is not plain ASCII as a browser sends it, %20 for a space.")
        return str(_resolve(parts.hostname, port)[0][4][0]), port

    @property
    def request(self) -> bytes:
        """The bytes that every client sends."""
        parts = urlsplit(self.url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = "keep-alive" if self.keep_alive else "close"
        return f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: {connection}\r\n\r\n".encode("ascii")

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        return cls(**json.loads(text))


def _connections_per_process() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_DESCRIPTORS


def _shared_out(total: int, number: int) -> list[int]:
    """`total` in `number` parts that differ by one at most: 10 in 3 is 4, 3, 3."""
    return [total // number + (i < total % number) for i in range(number)]


def _resolve(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)  # type: ignore[return-value]
    except OSError as error:
        raise PlanError(f"The name {host!r} leads to no address ({error.strerror}).") from None
