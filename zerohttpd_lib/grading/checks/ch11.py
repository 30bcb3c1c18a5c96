"""Checks of exercise 11: who is woken, how many connections fit. The server is in the file beside."""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from fractions import Fraction
from typing import Any, Final

from . import Answer, Wrong, ch11_server, task
from .filled_in import expect_dict, expect_number

__all__ = ["ch11_server"]  # it registers a task of its own

# woken

LOOPS: Final = 5
GOING_TO_SLEEP: Final = 0.1  # seconds until all of them sleep
AWAKE_WITHIN: Final = 0.25  # seconds: who has not been woken by then sleeps on
PLAIN, EXCLUSIVE = select.EPOLLIN, select.EPOLLIN | select.EPOLLEXCLUSIVE

WOKEN: Final = {  # the mistake that a wrong number is in each case, and hints
    1: (
        "herd-missed",
        "Each of the five lists has the socket on it, and nobody has said that one is enough.",
        "What did the chapter call it when one client comes and all of them get up?",
    ),
    2: (
        "exclusive-wakes-more",
        "That is what the flag is for: of those who have said it, one is enough.",
        "Count in the chapter: how many wake-ups for each client had `exclusive`?",
    ),
    3: (
        "plain-not-spared",
        "Two of the five have not said that they can be left out. What happens to those?",
        "All without the flag are woken, and of those with it one more.",
    ),
    4: (
        "stops-at-the-busy",
        "Who does not sleep cannot be woken: does the kernel give up there, or go on along the line?",
        "It goes on until it has found one that sleeps.",
    ),
    5: (
        "dealt-to-more",
        "Each socket has a queue of its own. In how many queues can one client be?",
        "The kernel chooses the queue before anybody wakes; only its owner has something to do.",
    ),
}


def measured_woken() -> dict[int, int]:
    """What this kernel does in the five cases."""
    return {
        1: _woken([PLAIN] * LOOPS),
        2: _woken([EXCLUSIVE] * LOOPS),
        3: _woken([PLAIN] * 2 + [EXCLUSIVE] * 3),
        4: _woken([EXCLUSIVE] * LOOPS, busy=3),
        5: _woken([PLAIN] * LOOPS, own_sockets=True),
    }


def _woken(flags: list[int], *, busy: int = 0, own_sockets: bool = False) -> int:
    """How many of so many loops one client wakes. The first `busy` of them do not wait."""
    listeners = _listeners(LOOPS if own_sockets else 1)
    loops = [select.epoll() for _ in flags]
    for number, (loop, events) in enumerate(zip(loops, flags, strict=True)):
        loop.register(listeners[number % len(listeners)], events)
    woken: list[int] = []
    threads = [threading.Thread(target=_sleep_in, args=(loop, woken)) for loop in loops[busy:]]
    for thread in threads:
        thread.start()
    time.sleep(GOING_TO_SLEEP)
    with socket.create_connection(listeners[0].getsockname()):
        for thread in threads:
            thread.join()
    for loop in loops:
        loop.close()
    for listener in listeners:
        listener.close()
    return len(woken)


def _sleep_in(loop: select.epoll, woken: list[int]) -> None:
    if loop.poll(GOING_TO_SLEEP + AWAKE_WITHIN):
        woken.append(1)


def _listeners(number: int) -> list[socket.socket]:
    first = socket.create_server(("127.0.0.1", 0), reuse_port=number > 1)
    return [first, *(socket.create_server(first.getsockname(), reuse_port=True) for _ in range(number - 1))]


@task("woken", seconds=15)
def check_woken(answer: Answer) -> None:
    woken = expect_dict("woken", answer.value("woken"), WOKEN)
    for case, number in woken.items():
        expect_number(f"woken[{case!r}]", number)
    for case, expected in measured_woken().items():
        if woken[case] != expected:
            code, *hints = WOKEN[case]
            say = f"Case {case} is not right."
            raise Wrong(code, yours=woken[case], expected="another number", hints=hints, say=say)


# capacity

SPARE: Final = 20  # descriptors that are no clients


class Machine:
    """One on which connections cost what the task has to find out. `short`: not even one has room; `full`: there is
    less memory than was in use without any.
    """

    def __init__(self, *, short: bool = False, full: bool = False) -> None:
        # What one adds need not be a whole number, but what ten add is: no sample is rounded.
        self.each, self.before = Fraction(random.randint(30_000, 200_000), 10), random.randint(20, 400) * 1_000_000
        sizes = random.sample(range(500, 30_000, 10), random.randint(3, 6))
        self.samples = [[size, self.before + int(self.each * size)] for size in sizes]
        self.connections = 0 if short or full else random.randint(20_000, 900_000)
        # Nearly one more: whoever rounds to the nearest is one too high.
        self.memory = self.before + int(self.each * (self.connections + Fraction(random.randint(60, 90), 100)))
        if full:
            self.memory = self.before - int(self.each * random.randint(2, 900)) - 1_000
        self.descriptors = random.choice([1024, 4096, 10_000, 20_000])
        self.processes = -(-self.connections // (self.descriptors - SPARE))

    def mistakes(self) -> dict[str, tuple[list[int], str]]:
        """What is returned by mistake, and a hint, by code."""
        size, used = max(self.samples)
        with_base, without = int(self.memory // (used / size)), self.memory // self.each
        n, room = self.connections, self.descriptors - SPARE
        rounded = (self.memory - self.before) // int(self.each)
        return {
            "base-in-each": ([with_base, -(-with_base // room)], BASE),
            "base-forgotten": (
                [without, -(-without // room)],
                "What was in use before the first one came stays in use.",
            ),
            "rounds-each": (
                [rounded, -(-rounded // room)],
                "What one connection adds need not be a whole number. Round at the end, and not before.",
            ),
            "one-too-many": ([n + 1, -(-(n + 1) // room)], "The last one has to fit as a whole: round down."),
            "process-too-few": ([n, n // room], "The processes that are full are not enough for the rest: round up."),
            "process-too-many": (
                [n, n // room + 1],
                "When all are just full, no further one is needed: round up, not on.",
            ),
            "spare-forgotten": ([n, -(-n // self.descriptors)], "Not every descriptor of a process can be a client."),
            "swapped": ([self.processes, n], "First the connections, then the processes."),
        }


BASE: Final = (
    "Bytes divided by connections is too much for each: what was there before them is in it. Take differences."
)


@task("capacity", seconds=15)
def check_capacity(answer: Answer) -> None:
    for machine in [*(telling_machine() for _ in range(8)), full_machine(), Machine(short=True), Machine(full=True)]:
        expected = [machine.connections, machine.processes]
        yours = answer.call("capacity", machine.samples, machine.memory, machine.descriptors)
        if yours == expected:
            continue
        say = f"For {len(machine.samples)} samples, {machine.memory:,} bytes and {machine.descriptors:,} descriptors"
        code, hint = _mistake_in(yours, machine)
        raise Wrong(code, yours=yours, expected=expected, hints=[hint, *FURTHER], say=say)


FURTHER: Final = [
    "One connection adds (bytes at the larger size - bytes at the smaller) / (the difference of the sizes).",
    "connections = (memory - what was there before) // each, and never below 0.",
]


def telling_machine() -> Machine:
    """One on which no two mistakes come to the same, and so each can be told."""
    while True:
        machine = Machine()
        # "process-too-many" shows only where the last process is just full: there it is `full_machine` that tells.
        told = [numbers for code, (numbers, _) in machine.mistakes().items() if code != "process-too-many"]
        told.append([machine.connections, machine.processes])
        if all(told.count(numbers) == 1 for numbers in told):
            return machine


def full_machine() -> Machine:
    """One on which the last process is just full."""
    machine = Machine()
    machine.processes = random.randint(5, 40)
    machine.connections = machine.processes * (machine.descriptors - SPARE)
    machine.memory = machine.before + int(machine.each * (machine.connections + Fraction(1, 2)))
    return machine


def _mistake_in(yours: Any, machine: Machine) -> tuple[str, str]:
    if not isinstance(yours, list) or len(yours) != 2 or any(isinstance(each, (str, type(None))) for each in yours):
        return "no-pair", "Return two numbers: return connections, processes."
    if not machine.connections:
        return "less-than-nothing", "The memory is full without a single connection: both are 0."
    for code, (mistaken, hint) in machine.mistakes().items():
        if yours == mistaken:
            return code, hint
    if yours[0] == machine.connections:
        return "other-processes", "The connections are right. How many clients can one process have?"
    return "other-number", "What does *one more* connection cost? Two samples tell."
