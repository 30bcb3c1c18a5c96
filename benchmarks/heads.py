"""Part E: what is it worth that our servers remember the headers of requests that they have parsed?

Headers that come again, byte for byte, are looked up (`_read_headers` in zerohttpd_lib/app/http_wire.py), and so is
each of their lines. Under a load generator that always sends the same request, all are. Real clients differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tqdm import tqdm

from zerohttpd_lib.lab.redis_server import Redis

from . import tools
from .measured import (
    Measured,
    Section,
    Settings,
    chance,
    cpu,
    is_steady,
    least_chance,
    median,
    ratios,
    table,
    troubles,
    with_range,
)
from .targets import Targets

HEAD: Final = ("server, and kind of load", "CPU per request, varied ÷ fixed", "fixed", "varied", "by chance alone")


@dataclass(frozen=True)
class Case:
    server: str
    keep_alive: bool

    def __str__(self) -> str:
        return f"{self.server}, {'keep-alive' if self.keep_alive else 'a connection per request'}"


CASES: Final = (Case("edge", True), Case("edge", False), Case("uvicorn", True))

Pairs = dict[Case, tuple[list[Measured], list[Measured]]]  # with fixed requests, and with varied ones


def report(redis: Redis, settings: Settings) -> Section:
    """Measure, and return this part of the document."""
    with Targets(dict.fromkeys(case.server for case in CASES), redis) as targets:
        pairs = measure([case for case in CASES if case.server in targets.running], targets, redis, settings)
    text = [
        "## E. Requests that are all the same",
        "*What is it worth to remember the heads of requests?* CPU time of the server for each request, when no two "
        "of them are the same bytes, divided by that when all are. The same server, in turns.",
        table(HEAD, [row(case, *both) for case, both in pairs.items()]),
        *troubles({f"{case}, {kind}": rounds for case, both in pairs.items()
                   for kind, rounds in zip(("fixed", "varied"), both, strict=True)}),
        "Varied requests are longer, too, as those of real clients are. uvicorn remembers no heads: its row says what "
        "that alone may cost.",
        *targets.left_out,
    ]  # fmt: skip
    return Section(
        "\n\n".join(text),
        f"E: {settings.rounds} pairs, each the other way round than the one before. *By chance alone*: how often two "
        f"equal things come out as different as these ({least_chance(settings.rounds)}, where all of one are above all "
        "of the other).",
    )


def measure(cases: list[Case], targets: Targets, redis: Redis, settings: Settings) -> Pairs:
    """Fixed, varied; varied, fixed; fixed, varied ..."""
    pairs: Pairs = {case: ([], []) for case in cases}
    pid = redis.pid
    with tqdm(total=settings.rounds * len(cases), desc="E. heads", unit="pair") as bar:
        for number in range(settings.rounds):
            for case in cases:
                bar.set_postfix_str(str(case))
                for varied in (False, True) if number % 2 else (True, False):
                    measured = tools.ours(
                        targets.running[case.server].url, clients=settings.clients, seconds=settings.seconds,
                        keep_alive=case.keep_alive, varied=varied, redis_pid=pid,
                    )  # fmt: skip
                    pairs[case][varied].append(measured)
                bar.update()
    return pairs


def row(case: Case, fixed: list[Measured], varied: list[Measured]) -> list[str]:
    if not (is_steady(fixed) and is_steady(varied)):
        return [str(case), "no steady state", *["—"] * 3]
    each = [[us for us in cpu(rounds) if us] for rounds in (fixed, varied)]
    return [
        str(case),
        with_range(ratios(cpu(varied), cpu(fixed))),
        *(f"{median(own):.1f} µs" for own in each),
        f"{chance(*each):.0%}" if chance(*each) >= 0.01 else f"{chance(*each):.1%}",
    ]
