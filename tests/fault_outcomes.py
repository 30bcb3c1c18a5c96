"""Which rung survives what: the table that the fault tests run, and that docs/faults.md prints.

A fault has a usual outcome, and the rungs where it is another one. The rungs that follow the
article are meant to stall where the article's servers do; later rungs lift that.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

import pytest

from zerohttpd_lib.servers import RUNGS


class Outcome(Enum):
    """One word for the table, and what the tests then check."""

    SERVES = "serves", "everybody else gets static pages and the guestbook meanwhile, and afterwards"
    STALLS = "stalls", "nobody else gets a page until it is over; afterwards everybody does"
    SPINS = "spins", "as `serves`, but meanwhile it tries in vain, again and again, and the processor is busy"
    NONE = "–", "does not apply: there is one process"
    FINISHES = "finishes", "the answer under way is completed"
    CUTS = "cuts off", "the answer under way is lost"
    DISMISSES = "dismisses", "the connection is closed by a timer"
    KEEPS = "keeps", "the connection is kept for as long as the client likes"
    ANSWERS_503 = "503", "those who need Redis get status 503, the others their static pages"
    WAITS = "waits", "those who need Redis wait for it; they get their pages when it is back"

    @property
    def word(self) -> str:
        return str(self.value[0])

    @property
    def meaning(self) -> str:
        return str(self.value[1])


SERVES, STALLS = Outcome.SERVES, Outcome.STALLS
ONE_PROCESS = ("iterative", "threaded", "prethreaded")
POOLS = ("preforked", "prethreaded")
FAITHFUL = ("iterative", "forking", "preforked", "threaded", "prethreaded", "poll", "epoll")
EVENT_LOOPS = ("nonblocking", "pipelined", "keepalive", "edge", "multiprocess")
KEEP_ALIVE = ("keepalive", "edge", "multiprocess")
STRANGERS = ("asyncio", "uvloop")


class Fault(NamedTuple):
    """What happens, in words; the usual outcome; and the outcomes that differ."""

    what: str
    usual: Outcome = SERVES
    but: dict[Outcome, tuple[str, ...]] = {}  # noqa: RUF012 - nobody changes it

    def outcome(self, rung: str) -> Outcome:
        return next((outcome for outcome, rungs in self.but.items() if rung in rungs), self.usual)


STALLS_POOLS = {STALLS: ("iterative", *POOLS)}
STALLS_ALL_THAT_BLOCK = {STALLS: ("iterative", *POOLS, "poll", "epoll")}
ON_TIME = {Outcome.DISMISSES: EVENT_LOOPS}

CLIENTS = {
    "silent": Fault("five clients connect and say nothing", but=STALLS_POOLS),
    "slow senders": Fault("five clients have sent half a request", but=STALLS_ALL_THAT_BLOCK),
    "slow readers": Fault("five clients with a tiny window do not read their page of 1 MB", but=STALLS_ALL_THAT_BLOCK),
    "leavers": Fault("clients leave at every step of a request"),
    "resets": Fault("clients reset the connection at every step of a request"),
    "half-closed": Fault("clients end their side and wait for their page"),
    "storm": Fault("150 clients connect at once; a third asks, a third resets, a third stays until then"),
    "garbage": Fault("clients send what is no HTTP"),
    "oversize": Fault("request lines, headers and bodies are too long"),
    "endless": Fault("a refused client never stops sending"),
    "greedy": Fault("a client sends thousands of requests at once and reads no answer"),
}
TIMED = {
    "silent for long": Fault("a client says nothing for too long", Outcome.KEEPS, ON_TIME),
    "half for long": Fault("a client stops in the middle of a request", Outcome.KEEPS, ON_TIME),
    "a trickle for long": Fault("a client sends a byte of its request now and then", Outcome.KEEPS, ON_TIME),
    "unread for long": Fault("a client stops in the middle of reading", Outcome.KEEPS, ON_TIME),
}
REDIS = {
    "refused": Fault("Redis is not there", Outcome.ANSWERS_503),
    "killed": Fault("Redis is killed while it is asked", Outcome.ANSWERS_503),
    "error": Fault("Redis answers with an error", Outcome.ANSWERS_503),
    "nonsense": Fault("something else answers in place of Redis", Outcome.ANSWERS_503),
    "restarted": Fault("Redis is killed and started again"),
    "frozen, static": Fault("Redis is frozen and five clients need it: static pages", but=STALLS_POOLS),
    "frozen, pages": Fault(
        "Redis is frozen: those who need it", Outcome.WAITS, {Outcome.ANSWERS_503: EVENT_LOOPS}
    ),
}  # fmt: skip
MACHINE = {
    "descriptors": Fault("no descriptor is left for a while", but={Outcome.SPINS: STRANGERS}),
    "worker killed": Fault("one of several processes is killed", but={Outcome.NONE: ONE_PROCESS}),
    "stopped": Fault("SIGTERM with a request in flight", Outcome.CUTS, {Outcome.FINISHES: EVENT_LOOPS}),
}
FAULTS = {**CLIENTS, **TIMED, **REDIS, **MACHINE}


def cases(*names: str) -> Any:
    """Each of these faults on each rung, as a test whose name says what is expected.

    Rung by rung, so that one server can serve all tests of a rung.
    """
    chosen = [(rung, name, FAULTS[name].outcome(rung)) for rung in RUNGS for name in names]
    return pytest.mark.parametrize(
        ("rung", "fault", "outcome"),
        [
            pytest.param(rung, name, outcome, id=f"{rung}: {name}: {outcome.word}")
            for rung, name, outcome in chosen
            if outcome is not Outcome.NONE
        ],
    )
