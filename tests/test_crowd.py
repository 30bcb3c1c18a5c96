"""A crowd at a door: who wakes, who gets whom, who is left; and the memory that connections take."""

from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Iterator

import pytest

from zerohttpd_lib import Lab, LabError
from zerohttpd_lib.kernel import memory
from zerohttpd_lib.lab.crowd import Crowd, clients_of, wake_ups, workers_of
from zerohttpd_lib.lab.server import Server
from zerohttpd_lib.load.network import accept_queue
from zerohttpd_lib.views import show_shares

WORKERS = 4
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab


def served(lab: Lab, share: str) -> tuple[Server, list[int]]:
    server = lab.serve("multiprocess", workers=WORKERS, share=share, record=False)
    return server, workers_of(server, WORKERS)


@pytest.mark.parametrize(
    ("share", "least", "most"), [("listener", 3.0, 8.0), ("exclusive", 0.9, 2.5), ("reuseport", 0.9, 2.5)]
)
def test_a_herd_wakes_all_and_its_cures_wake_one(lab: Lab, share: str, least: float, most: float) -> None:
    server, workers = served(lab, share)
    woken = wake_ups(server, workers, 10)
    assert set(woken) == set(workers)
    assert least <= sum(woken.values()) / 10 <= most


def test_everybody_is_somebodys_client_and_all_are_answered(lab: Lab) -> None:
    server, workers = served(lab, "reuseport")
    with Crowd(server, 20) as crowd:
        deadline = time.monotonic() + 5
        while sum(clients_of(server, workers)) < 20 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert sum(clients_of(server, workers)) == 20
        assert crowd.ask() == 20


def test_who_was_dealt_to_a_stopped_process_is_left(lab: Lab) -> None:
    server, workers = served(lab, "reuseport")
    os.kill(workers[0], signal.SIGSTOP)
    with Crowd(server, 60) as crowd:  # by chance none of 60 is dealt to one of four: once in 30 million times
        answered = crowd.ask()
        assert answered + accept_queue(server.address[1]) == 60
        assert answered < 60
    os.kill(workers[0], signal.SIGCONT)


def test_a_server_without_so_many_workers_is_told_so(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zerohttpd_lib.lab.crowd.STARTING_TIME", 0.2)
    with pytest.raises(LabError, match="has 0 workers, not 3"):
        workers_of(lab.serve("epoll", record=False), 3)


def test_memory_is_in_bytes() -> None:
    size = 40_000_000
    with mmap.mmap(-1, size) as held:  # the kernel's own, and not what an earlier test has given back to malloc
        before = memory.of_process(os.getpid())
        for page in range(0, size, mmap.PAGESIZE):
            held[page] = 1
        assert 0.9 * size < memory.of_process(os.getpid()) - before < 1.5 * size
    assert memory.of_kernel_objects() > 1_000_000
    assert memory.of_tcp_buffers() >= 0
    assert memory.of_process(2**22 + 1) == 0  # more than any process number


def test_shares_say_all_numbers_in_words() -> None:
    picture = show_shares({"one": [3, 1]}, "Who has how many?", "clients")
    assert "3, 1" in picture.words and picture.png.startswith(b"\x89PNG")
