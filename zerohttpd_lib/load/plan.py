"""What a load test is to do, checked before anything is started."""

from __future__ import annotations

import ipaddress
import json
import resource
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import urlsplit

from .requests import fixed_request, varied_requests

SPARE_DESCRIPTORS: Final = 64  # for what a process has open beside its connections
MOST_CONNECTIONS: Final = 300_000
THINK_TIMES: Final = ("exponential", "fixed")


class PlanError(ValueError):
    """The plan cannot be carried out. The message says why, and what would work."""


@dataclass(frozen=True)
class Plan:
    """One load test: who asks, how often, and for how long.

    There are three kinds of load. `kind` says which one a plan is:

    "closed loop"       `clients` ask without pause: each sends its next request when it has its answer
    "open loop"         `rate` requests a second begin, whether or not the server keeps up; a latency counts
                        from the moment at which the request was due
    "users who think"   each of `clients` connects, is silent for its think time, asks, reads, and begins again;
                        `think` is the mean of it, in seconds, and `think_times` one of THINK_TIMES

    In any of them `idle` connections more stay silent. It is measured for `seconds` at least, from the
    moment at which the rate has settled (see steady.py); `cap` is how many seconds at most it may take to
    settle, and how many the measuring may take. Or so many `requests` are made, and all of them count.

    `keep_alive`: many requests on one connection. `varied`: no two requests are the same bytes. `timeout`:
    seconds after which a client gives up. `own_target` is the word of the person at the keyboard that a
    target other than this machine is theirs to load. `drain`: at the end, wait for the answers under way.
    """

    url: str
    clients: int = 8
    idle: int = 0
    seconds: float | None = None
    requests: int | None = None
    keep_alive: bool = False
    timeout: float = 30.0
    rate: float | None = None
    think: float | None = None
    think_times: str = "exponential"
    varied: bool = False
    own_target: bool = False
    cap: float = 30.0
    drain: bool = True
    first: int = 0  # the number of its first connection, among those of all processes
    arrivals: float = 10_000  # clients that come each second, at the start: all at once would fill any backlog

    @classmethod
    def of(cls, url: str, settings: dict[str, Any]) -> Plan:
        """A plan with these settings by name. Raises PlanError for a name that there is not."""
        known = [field.name for field in fields(cls) if field.name not in ("url", "first", "arrivals")]
        for name in settings:
            if name not in known:
                meant = get_close_matches(name, known, 1)
                hint = f"Did you mean {meant[0]}?" if meant else f"There are {', '.join(known)}."
                raise PlanError(f"A load test has no setting {name!r}. {hint}")
        return cls(url, **settings)

    def check(self) -> Plan:
        """Return the plan, with 5 seconds where no end was given. Raises PlanError."""
        self._check_kinds()
        if self.clients < 1:
            raise PlanError(f"clients={self.clients}: a load test needs at least one client.")
        if self.idle < 0:
            raise PlanError(f"idle={self.idle}: the number of idle connections cannot be negative.")
        for name, number in (("clients", self.clients), ("idle", self.idle)):
            if number > MOST_CONNECTIONS:
                raise PlanError(f"{name}={number:,}: choose {MOST_CONNECTIONS:,} or fewer.")
        if self.seconds is not None and self.requests is not None:
            raise PlanError("Give either seconds or requests, not both.")
        if self.requests is not None and not 0 < self.requests <= 10_000_000:
            raise PlanError(f"requests={self.requests}: choose from 1 to 10,000,000.")
        if self.rate is not None and not 0 < self.rate <= 1_000_000:
            raise PlanError(f"rate={self.rate}: choose more than 0 and at most 1,000,000 requests a second.")
        self._check_times()
        self._check_target()
        if self.seconds is None and self.requests is None:
            return replace(self, seconds=5.0)
        return self

    def _check_kinds(self) -> None:
        for name, kinds in (
            ("clients", int), ("idle", int), ("requests", int),
            ("seconds", (int, float)), ("rate", (int, float)), ("think", (int, float)),
        ):  # fmt: skip
            value = getattr(self, name)
            may_be_missing = name not in ("clients", "idle")
            if not (value is None and may_be_missing) and (not isinstance(value, kinds) or isinstance(value, bool)):
                whole = " without a fraction" if kinds is int else ""
                raise PlanError(f"{name}={value!r}: this has to be a number{whole}.")

    def _check_times(self) -> None:
        if self.seconds is not None and not 0 < self.seconds <= 600:
            raise PlanError(f"seconds={self.seconds}: a load test takes more than 0 and at most 600 seconds.")
        for name in ("timeout", "cap"):
            if not 0 < getattr(self, name) <= 600:
                raise PlanError(f"{name}={getattr(self, name)}: choose more than 0 and at most 600 seconds.")
        if self.think is not None and self.rate is not None:
            raise PlanError("Give either a rate or a think time: users who think have no fixed rate.")
        if self.think is not None and not 0 < self.think <= 600:
            raise PlanError(f"think={self.think}: choose more than 0 and at most 600 seconds.")
        if self.think_times not in THINK_TIMES:
            raise PlanError(f"think_times={self.think_times!r}: choose {' or '.join(THINK_TIMES)}.")

    @property
    def kind(self) -> str:
        """ "closed loop", "open loop" or "users who think"."""
        if self.rate is not None:
            return "open loop"
        return "closed loop" if self.think is None else "users who think"

    @property
    def who(self) -> str:
        """Who asks, in words."""
        if self.rate is not None:
            return f"{self.rate:,.0f} requests due a second"
        clients = f"{self.clients:,} client{'s' if self.clients != 1 else ''}"
        return clients if self.think is None else f"{clients} who think for {self.think:g} s ({self.think_times})"

    @property
    def longest(self) -> float:
        """Seconds after which it ends in any case."""
        return 2 * self.cap + (self.seconds or 600) + self.clients / self.arrivals

    def divided(self, weights: Sequence[int]) -> list[Plan]:
        """The plan for each of several machines, clients and all else in proportion to its weight."""
        whole, parts, first = sum(weights), [], self.first
        for number, weight in enumerate(weights):
            before = sum(weights[:number])
            clients, idle, requests = [
                None if total is None else total * (before + weight) // whole - total * before // whole
                for total in (self.clients, self.idle, self.requests)
            ]
            rate = None if self.rate is None else self.rate * weight / whole
            arrivals = self.arrivals * weight / whole
            assert clients is not None and idle is not None
            same = replace(self, clients=clients, idle=idle, requests=requests, rate=rate)
            parts.append(replace(same, arrivals=arrivals, first=first))
            first += clients + idle
        return parts

    def client_parts(self, at_least: int = 1) -> list[Plan]:
        """The plan for each of so many generator processes; for more, where the descriptor limit asks for it."""
        number = min(self.clients, max(at_least, -(-self.clients // _connections_per_process())))
        clients = _shared_out(self.clients, number)
        requests = _shared_out(self.requests, number) if self.requests is not None else [None] * number
        rate = self.rate / number if self.rate is not None else None
        firsts = [self.first + self.idle + sum(clients[:i]) for i in range(number)]
        same = replace(self, rate=rate, arrivals=self.arrivals / number)
        return [replace(same, clients=clients[i], requests=requests[i], first=firsts[i]) for i in range(number)]

    def idle_parts(self) -> list[Plan]:
        """The plan for each process that holds idle connections."""
        number = -(-self.idle // _connections_per_process())
        idle = _shared_out(self.idle, number) if number else []
        return [replace(self, idle=idle[i], first=self.first + sum(idle[:i])) for i in range(number)]

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
        """The bytes that every client sends, unless they are `varied`."""
        return fixed_request(self.url, self.keep_alive)

    @property
    def templates(self) -> list[bytes]:
        """What varied requests are made of: each has a place, %d, for a number of its own."""
        return varied_requests(self.url, self.keep_alive)

    def to_json(self) -> str:
        """As it travels to a generator process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """One that has travelled."""
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
