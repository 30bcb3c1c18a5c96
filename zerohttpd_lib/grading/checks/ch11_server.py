"""The check of the task "one_wakes": four processes at one door, looked at by the kernel's lists and its counting."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from ...kernel.effort import effort_of
from ...kernel.interest import InterestList, interest_list
from ...lab import LabError
from ...lab.crowd import REQUEST, workers_of
from ...lab.guard import descendants
from ...lab.server import Server
from . import Answer, Wrong, task
from .idling import expect_no_limit

WORKERS: Final = 4
COMERS: Final = 12  # who come one after the other, so that all sleep when they do
REST: Final = 0.03  # seconds until whoever was woken sleeps again
MOST: Final = 2.0  # wake-ups for each of them: one, and what else happens on a busy machine
CROWD: Final = 600  # who come in the same moment: more than are taken at one event
PATIENCE: Final = 2.0  # seconds without news
QUIET: Final = 0.5  # seconds
WAKES: Final = 3  # in that time: something else may still have been under way


@task("one_wakes", seconds=25)
def check_one_wakes(answer: Answer) -> None:
    server = answer.serve("OneWakes", record=False, workers=WORKERS)
    workers = all_workers(server)
    compare_lists(server, workers)
    compare_page(server)
    compare_quiet(server, workers)
    compare_wake_ups(server, workers)
    compare_crowd(server)


def all_workers(server: Server) -> list[int]:
    try:
        return workers_of(server, WORKERS)
    except LabError:
        said = server.errors()
        if "Invalid argument" in said:
            hints = [
                "epoll_ctl refuses some combinations: EPOLLEXCLUSIVE goes with IN, OUT and ET, and with ADD only.",
                "Say it when the listener is registered; never in a modify, and not together with EPOLLONESHOT.",
            ]
            say = "The kernel refuses what your processes ask for, and they end: Invalid argument."
            raise Wrong("flag-refused", say=say, hints=hints) from None
        hints = ["Run it with lab.serve(OneWakes, workers=4), and print(server.errors())."]
        say = f"Of four processes {len(descendants(server.pid))} sleep, waiting for clients."
        raise Wrong("not-all-there", say=say, hints=hints) from None


def lists_of(server: Server, workers: list[int]) -> list[InterestList]:
    lists = [interest_list(pid, server.address[1], server.redis_address[1]) for pid in workers]
    return [found for found in lists if found is not None]


def compare_lists(server: Server, workers: list[int]) -> None:
    with socket.create_connection(server.address, PATIENCE):
        time.sleep(2 * REST)
        lists = lists_of(server, workers)
    doors = [interest.events for found in lists for interest in found if interest.role == "listener"]
    clients = [interest.events for found in lists for interest in found if interest.role == "client"]
    if len(doors) != WORKERS:
        hints = ["Each process has to be ready to open: a door that one of them watches is shut when that one is busy."]
        say = "So many of four processes have the listening socket on their interest list."
        raise Wrong("door-unwatched", yours=len(doors), expected=WORKERS, hints=hints, say=say)
    if any("EXCLUSIVE" in events for events in clients):
        hints = [
            "Only the door is watched by several. A client is known to one process.",
            "Compare fd with the listener's.",
        ]
        say = "A client is watched with EPOLLEXCLUSIVE, and cannot be modified any more: the kernel refuses that."
        raise Wrong("clients-too", yours=clients[0], expected="IN", hints=hints, say=say)
    if not all("EXCLUSIVE" in events for events in doors):
        _tell_what_they_watch_for(doors)


def _tell_what_they_watch_for(doors: list[str]) -> None:
    say = "This is what the door is watched for."
    if any("ET" in events.split("|") for events in doors):
        hints = ["Edge-triggered says how often one list is told. How many lists are told is another question."]
        raise Wrong("edge-wakes-all", yours=doors[0], hints=hints, say=say)
    hints = ["All of them are woken. How do you tell the kernel that one is enough?", "EPOLLEXCLUSIVE, in `watch`."]
    raise Wrong("herd", yours=doors[0], hints=hints, say=say)


def compare_page(server: Server) -> None:
    with suppress(LabError):
        if server.get("/guestbook", timeout=PATIENCE).status == 200:
            return
    server.check_alive()
    hints = ["Change how the door is watched, and nothing else: clients and Redis are watched as before."]
    raise Wrong("no-page", say="The first client that asks gets no page.", hints=hints)


def compare_quiet(server: Server, workers: list[int]) -> None:
    before = [effort_of(pid) for pid in workers]
    time.sleep(QUIET)
    efforts = [effort_of(pid).since(was) for pid, was in zip(workers, before, strict=True)]
    if max(effort.sleeps for effort in efforts) > WAKES or max(effort.seconds for effort in efforts) > QUIET / 4:
        most = max(effort.sleeps for effort in efforts)
        hints = ["Wait without a time limit: a client that comes wakes you up."]
        say = f"With nobody at the door, one of the processes woke up {most / QUIET:,.0f} times a second."
        raise Wrong("wakes-up", yours=most, expected=0, say=say, hints=hints)
    for pid in workers:
        expect_no_limit(pid, ["Wait without a time limit, and without an alarm: a client that comes wakes you up."])


def compare_wake_ups(server: Server, workers: list[int]) -> None:
    """Clients who say nothing: one wake-up for each is all that they can cause."""
    before = {pid: effort_of(pid).sleeps for pid in workers}
    with ExitStack() as clients:
        for _ in range(COMERS):
            clients.enter_context(socket.create_connection(server.address, PATIENCE))
            time.sleep(REST)
        woken = sum(effort_of(pid).sleeps - before[pid] for pid in workers) / COMERS
    if woken > MOST:
        hints = ["Look who calls accept(), and is told that nobody is there."]
        say = f"{COMERS} clients came, one after the other. For each, so many processes were woken."
        raise Wrong("still-a-herd", yours=round(woken, 2), expected=1, hints=hints, say=say)


def compare_crowd(server: Server) -> None:
    """All come while the server stands still, and ask. Raises Wrong when some are not let in."""
    with ExitStack() as stack:
        with server.frozen() as pids:
            until_they_stand_still(pids)
            clients = [stack.enter_context(socket.create_connection(server.address, PATIENCE)) for _ in range(CROWD)]
            for client in clients:
                client.sendall(REQUEST)
        answered = how_many_are_answered(clients)
    if answered < CROWD:
        server.check_alive()
        hints = [
            "Edge-triggered, the door is reported once for a crowd. Who takes some of them leaves the others there.",
            "Level-triggered, it is reported again as long as somebody is there. EPOLLEXCLUSIVE needs no EPOLLET.",
        ]
        say = f"{CROWD} clients came in the same moment. So many of them were answered."
        raise Wrong("left-at-the-door", yours=answered, expected=CROWD, hints=hints, say=say)


def until_they_stand_still(pids: list[int]) -> None:
    """A signal is sent in no time, and heard a moment later."""
    deadline = time.monotonic() + PATIENCE
    while any(state_of(pid) != "T" for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.005)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def how_many_are_answered(clients: list[socket.socket]) -> int:
    """Each has time; once one has waited in vain, the others have had theirs."""
    answered, patience = 0, PATIENCE
    for client in clients:
        client.settimeout(patience)
        try:
            answered += client.recv(12) == b"HTTP/1.1 200"
        except TimeoutError:
            patience = 0.01
        except OSError:  # cut off
            continue
    return answered
