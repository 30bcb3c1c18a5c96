"""A spawner for JupyterHub that gives each learner a room: see room.py, which makes it."""

from __future__ import annotations

import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from jupyterhub.spawner import LocalProcessSpawner
from traitlets import Integer

HUB: Final = "10.203.0.1"  # the hub's address, which exists on this machine alone
ROOM: Final = Path(__file__).with_name("room.py")
PER_NETWORK: Final = 250


def open_hub_address() -> None:
    """Give this machine the address on which its rooms reach the hub. May be repeated."""
    subprocess.run(["ip", "address", "replace", f"{HUB}/32", "dev", "lo"], check=True)


class RoomSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """Starts a learner's server by room.py, which is root at first, and the learner then."""

    processes = Integer(200, config=True, help="How many a learner may have, and a fifth of how many threads.")
    descriptors = Integer(20_000, config=True, help="How many each process of a learner may have open.")
    interrupt_timeout = 20  # room.py has a grace of its own

    async def start(self) -> Any:
        number = self.user.id
        self.ip = f"10.203.{1 + number // PER_NETWORK}.{1 + number % PER_NETWORK}"
        learner = pwd.getpwnam(self.user.name)
        self.cmd = [
            *(sys.executable, str(ROOM), "--hub", HUB, "--address", self.ip, "--interface", f"room{number}"),
            *("--processes", str(self.processes), "--memory", str(self.mem_limit or 0)),
            *("--descriptors", str(self.descriptors), learner.pw_name, "--", "jupyterhub-singleuser"),
        ]
        return await super().start()

    def make_preexec_fn(self, name: str) -> Callable[[], None] | None:
        """It stays root: a namespace of the network needs an end outside."""
        return None
