"""System calls that an answer cannot make: a filter for the kernel to run at each call (man 2 seccomp).

Namespaces do not reach everything. What is refused in each box gets around a limit, or out of a namespace:

- Memory that belongs to no process, so that nobody counts it: shmget, msgget, memfd_create, memfd_secret.
- Keys (man 7 keyrings): a process has those of the session that it was started from, whatever its namespaces.
- AF_VSOCK sockets (man 7 vsock), which lead to the host of a virtual machine past any network namespace.
- io_uring, which does the work of other calls where no filter sees it.

A task can refuse more: one that asks what epoll will say does not let it be asked.

It is a program for the kernel's oldest virtual machine (BPF), of some twenty instructions. Libraries that write one
take as long to import as Python takes to start, and each process of an answer's would pay that.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Collection
from typing import Final, NamedTuple

AF_VSOCK: Final = 40  # man 7 vsock
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1  # TSYNC: for all threads
PR_SET_NO_NEW_PRIVS: Final = 38  # man 2 prctl; in a box it is set already, and a filter needs it
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
# The machine's words (linux/filter.h): load a word of `struct seccomp_data`, jump if equal, if not less, return.
LOAD, IF_EQUAL, IF_NOT_LESS, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where these are in it
X32: Final = 0x40000000  # from here on, the same calls once more (x86-64 only, man 2 syscall)


class Machine(NamedTuple):
    """A kind of machine: its name for the filter, and its numbers for system calls. `refused`: those in each box;
    `on_demand`: those that a task can refuse.
    """

    architecture: int
    seccomp: int
    socket: int
    refused: dict[str, int]
    on_demand: dict[str, int]


MACHINES: Final = {
    "x86_64": Machine(
        0xC000003E, 317, 41,
        {"shmget": 29, "msgget": 68, "add_key": 248, "request_key": 249, "keyctl": 250, "memfd_create": 319,
         "io_uring_setup": 425, "memfd_secret": 447},
        {"epoll_create": 213, "epoll_create1": 291},
    ),
    "aarch64": Machine(
        0xC00000B7, 277, 198,
        {"shmget": 194, "msgget": 186, "add_key": 217, "request_key": 218, "keyctl": 219, "memfd_create": 279,
         "io_uring_setup": 425, "memfd_secret": 447},
        {"epoll_create1": 20},
    ),
}  # fmt: skip


def refuse_some() -> None:
    """From now on, for this process and all that come of it. Raises OSError where that cannot be done."""
    machine = this_machine()
    _refuse(machine, machine.refused.values())


def refuse_besides(names: Collection[str]) -> None:
    """The calls of these names, too; whoever makes one is told EPERM. Raises OSError where that cannot be done."""
    machine = this_machine()
    _refuse(machine, [number for name, number in machine.on_demand.items() if name in names])


def this_machine() -> Machine:
    """Raises OSError for one of another kind."""
    machine = MACHINES.get(platform.machine())
    if machine is None or struct.calcsize("P") != 8:
        raise OSError(errno.ENOSYS, f"no filter for system calls on {platform.machine()}")
    return machine


def _refuse(machine: Machine, numbers: Collection[int]) -> None:
    code = program(machine, numbers)
    text = ctypes.create_string_buffer(code, len(code))
    about = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(text))  # struct sock_fprog
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.syscall(machine.seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, about):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def program(machine: Machine, numbers: Collection[int]) -> bytes:
    """What is refused is asked for, one after the other; a jump says how many instructions are left out."""
    to_refuse = len(numbers) + 4  # from the first question on
    start = [
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 0, to_refuse + 2, machine.architecture),  # another one has other numbers: 32 bits, on 64
        (LOAD, 0, 0, NUMBER),
        (IF_NOT_LESS, to_refuse, 0, X32),
    ]
    asked = [(IF_EQUAL, to_refuse - 1 - at, 0, number) for at, number in enumerate(numbers)]
    end = [
        (IF_EQUAL, 0, 2, machine.socket),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (IF_EQUAL, 1, 0, AF_VSOCK),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in (*start, *asked, *end))
