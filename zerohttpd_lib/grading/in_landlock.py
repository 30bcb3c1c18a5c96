"""Runs a command behind Landlock (man 7 landlock): `python -m ... [--network] WORD ... -- COMMAND ...`.

The words are bubblewrap's, as in box_contents.py. Landlock makes no files: it lets a process open those
that it is allowed, and no others. So of the words those count that show something; and since what is allowed in
a folder cannot be taken back further down, a folder with something hidden in it is allowed piece by piece.
Privileges are given up as well: root, whom some of Landlock's rules do not bind, has none of his left.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from landlockpy import AccessFS, AccessNet, Ruleset, Scope

from .in_namespaces import give_up_privileges

READ = AccessFS.READ_FILE | AccessFS.READ_DIR | AccessFS.EXECUTE
WRITE = READ | AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.MAKE_REG | AccessFS.MAKE_DIR
WRITE |= AccessFS.REMOVE_FILE | AccessFS.REMOVE_DIR | AccessFS.MAKE_FIFO | AccessFS.MAKE_SOCK
NEWEST_NEEDED = 6  # Landlock's version that keeps from signalling others and from their abstract sockets: Linux 6.12
WORDS = {"--bind": WRITE, "--dev-bind": READ | AccessFS.WRITE_FILE, "--ro-bind": READ, "--ro-bind-try": READ}


def main(arguments: list[str]) -> None:
    cut = arguments.index("--")
    words, command = arguments[:cut], arguments[cut + 1 :]
    network = AccessNet.NONE if "--network" in words else AccessNet.BIND_TCP | AccessNet.CONNECT_TCP
    hidden = [Path(words[at + 1]) for at, word in enumerate(words) if word == "--tmpfs"]
    with Ruleset(handled_net=network, scoped=Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL) as rules:
        if rules.abi_version < NEWEST_NEEDED:
            sys.exit(f"Landlock {NEWEST_NEEDED} is needed; this kernel has {rules.abi_version}.")
        rules.allow_path("/proc", READ)
        for at, word in enumerate(words):
            if word in WORDS and os.path.exists(words[at + 1]):
                allow(rules, Path(words[at + 1]), WORDS[word], hidden)
        rules.restrict()
    give_up_privileges()
    os.execvp(command[0], command)


def allow(rules: Ruleset, path: Path, access: AccessFS, hidden: list[Path]) -> None:
    for piece in pieces(path, hidden):
        rules.allow_path(piece, access if piece.is_dir() else access & FILES)
    if path.is_dir():  # names, all the way down: Python looks for modules by them
        rules.allow_path(path, AccessFS.READ_DIR)


FILES = AccessFS.READ_FILE | AccessFS.EXECUTE | AccessFS.WRITE_FILE | AccessFS.TRUNCATE


def pieces(path: Path, hidden: list[Path]) -> Iterator[Path]:
    """Of a folder, all that lies beside what is hidden in it; a file in a hidden folder was asked for by its name."""
    if path in hidden:
        return
    if any(place.is_relative_to(path) for place in hidden):
        for each in path.iterdir():
            yield from pieces(each, hidden)
    else:
        yield path


if __name__ == "__main__":
    main(sys.argv[1:])
