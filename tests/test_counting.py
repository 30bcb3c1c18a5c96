"""What was answered was counted, and what was thanked for is kept."""

from __future__ import annotations

import os
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from arena import PAGE, Arena, start
from fault_outcomes import EVENT_LOOPS, KEEP_ALIVE
from pipelining import KEPT_PAGE, Answers, number_on
from proc import descendants, wait_for_end
from raw_client import ask, connect
from waiting import wait_until

from zerohttpd_lib import Lab
from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.servers import RUNGS

CLIENTS, PAGES = 8, 25
FORM = b"guest-name=Ada&guest-remarks=%d-%d"


def numbers_of_one_client(url: str) -> list[int]:
    return [number_on(ask(url, PAGE)) for _ in range(PAGES)]


def numbers_of_all(url: str) -> list[int]:
    with ThreadPoolExecutor(CLIENTS) as pool:
        return sorted(number for numbers in pool.map(numbers_of_one_client, [url] * CLIENTS) for number in numbers)


@pytest.mark.parametrize("rung", RUNGS)
def test_each_answered_request_is_counted_once(rung: str, arena: Arena, redis: Redis, lab: Lab) -> None:
    server = arena.server(rung)
    result = lab.load(server, clients=20, requests=200, progress=False)
    assert (result.requests, result.failures) == (200, {})
    assert redis.client.get("visitor_count") == b"200"
    arena.dirty = False


@pytest.mark.parametrize("rung", [rung for rung in EVENT_LOOPS if rung != "nonblocking"])
def test_every_page_shows_its_own_number(rung: str, arena: Arena, redis: Redis) -> None:
    assert numbers_of_all(arena.server(rung).url) == list(range(1, CLIENTS * PAGES + 1))
    arena.dirty = False


def test_two_pages_of_nonblocking_can_show_one_number_as_in_the_article(arena: Arena, redis: Redis) -> None:
    """It asks with INCR, and then with GET: another visitor may be counted in between."""
    server = arena.server("nonblocking")

    def two_were_the_same() -> bool:
        numbers = numbers_of_all(server.url)
        return len(set(numbers)) < len(numbers)

    wait_until(two_were_the_same)
    assert int(redis.client.get("visitor_count")) % (CLIENTS * PAGES) == 0
    arena.dirty = False


def test_every_page_of_several_processes_shows_its_own_number(redis: Redis) -> None:
    server = start("multiprocess", redis.address, workers=3)
    assert numbers_of_all(server.url) == list(range(1, CLIENTS * PAGES + 1))
    server.stop()


@pytest.mark.parametrize("rung", KEEP_ALIVE)
def test_pipelined_pages_show_ascending_numbers(rung: str, arena: Arena, redis: Redis) -> None:
    def numbers(_: int) -> list[int]:
        with connect(server.url) as sock:
            sock.sendall(KEPT_PAGE * 100)
            return Answers(sock).numbers(100)

    server = arena.server(rung)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(numbers, range(3)))
    assert all(each == sorted(each) for each in found)
    assert sorted(number for each in found for number in each) == list(range(1, 301))
    assert redis.client.get("visitor_count") == b"300"
    arena.dirty = False


@pytest.mark.parametrize(
    ("rung", "number"),
    [*((rung, signal.SIGKILL) for rung in RUNGS), *((rung, signal.SIGTERM) for rung in EVENT_LOOPS)],
)
def test_a_remark_that_was_thanked_for_is_kept(rung: str, number: signal.Signals, redis: Redis) -> None:
    """The server is ended while remarks come in: those who had their answer are in the guestbook."""
    server = start(rung, redis.address)
    thanked: set[str] = set()

    def post_until_the_end(client: int) -> None:
        with suppress(ConnectionError):
            for remark in range(100_000):
                form = FORM % (client, remark)
                head = b"POST /guestbook HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(
                    form
                )
                if b"Thank you" not in ask(server.url, head + form):
                    return
                thanked.add(f"{client}-{remark} - Ada")

    threads = [threading.Thread(target=post_until_the_end, args=(client,)) for client in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(thanked) >= 20)
    processes = [server.pid, *descendants(server.pid)]
    os.kill(server.pid, number)
    wait_for_end(*processes)
    for thread in threads:
        thread.join()
    kept = [remark.decode() for remark in redis.client.lrange("guestbook_remarks", 0, -1)]
    assert thanked <= set(kept)
    assert len(kept) == len(set(kept)), "a remark was written twice"
    assert all(re.fullmatch(r"\d-\d+ - Ada", remark) for remark in kept)
    server.stop()
