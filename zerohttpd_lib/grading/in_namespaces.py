"""Builds a box where bubblewrap is not there: what `unshare` (man 1) has begun, with files of its own.

    unshare --user ... -- python -I -S in_namespaces.py WORD ... -- COMMAND ...

The words are those of bubblewrap that box_contents.py uses, with the same meaning (man 1 bwrap), and done
the same way: an empty file system in memory becomes the root, what the words name is put there, and the
old root goes (man 2 pivot_root). Then all privileges are given up, and COMMAND runs.

There are three processes then. The first waits outside; should it die, so does the second, which is number 1 in the
PID namespace, and with it whatever is in there (man 7 pid_namespaces). The third is the command.
This file imports nothing of the package, and little else: it starts in a hundredth of a second.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import struct
import sys
from collections.abc import Callable, Iterator

MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC = 2, 4, 8, 4096, 16384  # man 2 mount
MNT_DETACH = 2  # man 2 umount
SYS_MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000  # man 2 mount_setattr; the number is every machine's
READ_ONLY, NO_SETUID, NO_DEVICES = 1, 2, 4
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38  # man 2 prctl
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
CAPABILITIES = 64  # more than there are
CAPABILITY_VERSION = 0x20080522  # man 2 capget
SIOCSIFFLAGS, IFF_UP = 0x8914, 1  # man 7 netdevice
BYTES_PER_FILE = 4096  # of a file system in memory: its number of files is limited as well
OLD, NEW = "/old", "/new"

libc = ctypes.CDLL(None, use_errno=True)


def main(arguments: list[str]) -> int:
    cut = arguments.index("--")
    words, command = arguments[:cut], arguments[cut + 1 :]
    # Now: who waits outside is in the same mount namespace, and gets the new root while it is being built.
    null = os.open(os.devnull, os.O_RDWR)
    if pid := os.fork():  # the child is the first in the PID namespace
        return wait_for(pid, null)
    build(words)
    give_up_privileges()
    check("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if pid := os.fork():
        return wait_for(pid, null)
    os.execvp(command[0], command)


def wait_for(child: int, null: int) -> int:
    """Hold nothing of the command's open, or nobody would see it close that. Returns its status."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for fd in range(3):
        os.dup2(null, fd)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    while True:  # what has lost its parent in there is the first process's to wait for
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def build(words: list[str]) -> None:
    """Make the files that the words describe, and nothing else, the file system."""
    steps = list(resolved(iter(words)))
    mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV)
    for folder in (NEW, OLD):
        os.mkdir(f"/tmp{folder}")
    mount(f"/tmp{NEW}", f"/tmp{NEW}", None, MS_BIND)  # only a mount can become a root
    pivot_root("/tmp", f"/tmp{OLD}")
    folder, settings = "/", {"size": "", "mode": "0755"}
    for word, *values in steps:
        if word == "--chdir":
            folder = values[0]
        elif word in ("--size", "--perms"):
            settings["size" if word == "--size" else "mode"] = values[0]
        elif word == "--tmpfs":
            in_memory(NEW + values[0], **settings)
            settings = {"size": "", "mode": "0755"}
        else:
            STEPS[word](*values)
    check("umount2", OLD.encode(), MNT_DETACH)
    os.chdir(NEW)
    pivot_root(".", ".")
    check("umount2", b".", MNT_DETACH)
    os.chdir(folder)


def resolved(words: Iterator[str]) -> Iterator[list[str]]:
    """A step for each word, with its values. What is to be shown is resolved here: links lead elsewhere later."""
    for word in words:
        values = [next(words) for _ in range(VALUES[word])]
        if word.endswith(("-bind", "-bind-try")):
            if not os.path.exists(values[0]) and word.endswith("-try"):
                continue
            values[0] = os.path.realpath(values[0])
        yield [word, *values]


# What the words do.


def show(source: str, target: str, flags: int) -> None:
    """A file, or a folder with all that is mounted in it."""
    place = NEW + target
    if os.path.isdir(OLD + source):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        open(place, "a").close()
    mount(OLD + source, place, None, MS_BIND | MS_REC)
    set_flags(place, flags, AT_RECURSIVE)


def in_memory(place: str, size: str, mode: str) -> None:
    os.makedirs(place, exist_ok=True)
    limits = f",size={size},nr_inodes={int(size) // BYTES_PER_FILE}" if size else ""
    mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, f"mode={mode}{limits}")


def processes(target: str) -> None:
    os.makedirs(NEW + target, exist_ok=True)
    mount("proc", NEW + target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def no_more_namespaces() -> None:
    """Of users, in which one would have privileges again (man 7 namespaces, the limit is this namespace's)."""
    with open(f"{NEW}/proc/sys/user/max_user_namespaces", "w") as file:
        file.write("0")


def start_loopback() -> None:
    """A new network's loopback is down."""
    sock = check("socket", 2, 2, 0)  # AF_INET, SOCK_DGRAM
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
    os.close(sock)


VALUES = {"--symlink": 2, "--disable-userns": 0, "--loopback": 0, "--setenv": 2}
VALUES |= dict.fromkeys(("--ro-bind", "--ro-bind-try", "--bind", "--dev-bind"), 2)
VALUES |= dict.fromkeys(("--tmpfs", "--size", "--perms", "--proc", "--dir", "--remount-ro", "--chdir"), 1)
STEPS: dict[str, Callable[..., object]] = {
    "--ro-bind": lambda source, target: show(source, target, READ_ONLY | NO_SETUID | NO_DEVICES),
    "--ro-bind-try": lambda source, target: show(source, target, READ_ONLY | NO_SETUID | NO_DEVICES),
    "--bind": lambda source, target: show(source, target, NO_SETUID | NO_DEVICES),
    "--dev-bind": lambda source, target: show(source, target, NO_SETUID),
    "--symlink": lambda where, target: os.symlink(where, NEW + target),
    "--dir": lambda target: os.makedirs(NEW + target, exist_ok=True),
    "--proc": processes,
    "--remount-ro": lambda target: set_flags(NEW + target, READ_ONLY, 0),
    "--setenv": os.environ.__setitem__,
    "--disable-userns": no_more_namespaces,
    "--loopback": start_loopback,
}


# The kernel's calls.


def check(name: str, *arguments: object) -> int:
    """Call a function of the C library's. Raises OSError when it fails."""
    result: int = getattr(libc, name)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}{arguments}: {os.strerror(ctypes.get_errno())}")
    return result


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    check("mount", source.encode(), target.encode(), kind and kind.encode(), ctypes.c_ulong(flags), data.encode())


def pivot_root(new: str, old: str) -> None:
    check("pivot_root", new.encode(), old.encode())  # in no header, but in the library
    os.chdir("/")


def set_flags(place: str, flags: int, recursive: int) -> None:
    attributes = struct.pack("4Q", flags, 0, 0, 0)
    check("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, place.encode(), recursive, attributes, ctypes.c_size_t(32))


def give_up_privileges() -> None:
    """All that there are, and any way to more."""
    check("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    for capability in range(CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    check("capset", struct.pack("Ii", CAPABILITY_VERSION, 0), bytes(24))
    check("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
