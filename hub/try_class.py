"""Five learners at once on a real JupyterHub: who sees what of whom, what it needs, and what is left afterwards.

    sudo env PATH="$PATH" /opt/lab/bin/python hub/try_class.py

For Linux, as root, with zerohttpd-lab, jupyterhub and jupyterhub-idle-culler in the environment of this Python, which
everybody may read, and configurable-http-proxy and bwrap on PATH. The class lives in namespaces of its own: no user is
added to this machine, no port of it is taken, and nothing is left. It takes two minutes or so, and ends with status 1
when a learner sees what is another's, a limit does not hold, or something is left. With --log: what the hub says, too.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import cells
import requests
import websocket
from learner import PUBLIC, Learner, ask
from measured import holds, memory_of, processes_of
from rooms import HUB

NAMES: Final = [f"learner{number}" for number in range(1, 6)]
FIRST_UID: Final = 20_001
LOAD_TIME: Final = 8.0  # seconds
IDLE_TIME: Final = 10  # seconds, after which the hub's culler, run with this instead of its half hour, ends a server
PATIENCE: Final = 60.0  # seconds for what should come soon
MEMORY: Final = 1024  # MB for each
# What docs/hub.md says, but for who logs in, how much each may have, and an administrator.
CONFIGURATION: Final = """
import sys
load_subconfig({base!r})
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {admin!r}
c.RoomSpawner.mem_limit = "{memory}M"
c.JupyterHub.services.append({{"name": "trial", "api_token": {admin!r}}})
c.JupyterHub.load_roles.append({{"name": "trial", "services": ["trial"],
    "scopes": ["admin:users", "admin:servers", "tokens", "list:users", "read:users"]}})
c.JupyterHub.last_activity_interval = 2
c.JupyterHub.activity_resolution = 1
c.JupyterHub.log_level = "WARN"
c.RoomSpawner.environment = {{"JUPYTERHUB_ACTIVITY_INTERVAL": "2"}}
"""


def main(folder: Path) -> int:
    make_learners(folder)
    admin = secrets.token_hex(16)
    base = str(Path(__file__).with_name("jupyterhub_config.py"))
    text = CONFIGURATION.format(base=base, admin=admin, memory=MEMORY)
    (folder / "config.py").write_text(text)
    hub_folder = folder / "hub"
    hub_folder.mkdir(mode=0o700)
    log = open(folder / "log", "w")  # noqa: SIM115 - closed with us
    hub = subprocess.Popen(
        [sys.executable, "-m", "jupyterhub", "-f", folder / "config.py"], cwd=hub_folder, stdout=log, stderr=log
    )
    try:
        await_hub(hub, folder / "log")
        return try_all(admin)
    finally:
        hub.terminate()
        hub.wait(PATIENCE)
        print((folder / "log").read_text() if "--log" in sys.argv else "", end="", file=sys.stderr)


def make_learners(folder: Path) -> None:
    """Users with homes, in copies of the system's tables: the tables themselves stay as they are."""
    homes = folder / "homes"
    homes.mkdir()
    users, groups = Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
    for uid, name in enumerate(NAMES, FIRST_UID):
        home = homes / name
        home.mkdir(mode=0o700)
        os.chown(home, uid, uid)
        users += f"{name}:x:{uid}:{uid}::{home}:/bin/sh\n"
        groups += f"{name}:x:{uid}:\n"
    for table, text in (("passwd", users), ("group", groups)):
        (folder / table).write_text(text)
        subprocess.run(["mount", "--bind", folder / table, f"/etc/{table}"], check=True)


def await_hub(hub: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while hub.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(f"{PUBLIC}/hub/api", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    sys.exit(f"JupyterHub does not start. It said:\n{log.read_text()[-3000:]}")


def try_all(admin: str) -> int:
    learners = [Learner(name, admin) for name in NAMES]
    uids = dict(zip(NAMES, range(FIRST_UID, FIRST_UID + len(NAMES)), strict=True))
    with ThreadPoolExecutor(len(learners)) as pool:
        list(pool.map(Learner.start, learners))
        print(f"{len(learners)} servers run, and a notebook's kernel in each.")
        report_memory("with a kernel that has run nothing", uids)
        places = [said.split() for said in pool.map(lambda who: who.run(cells.LAB.format(name=who.name)), learners)]
        loads = [pool.submit(who.run, cells.LOAD.format(seconds=LOAD_TIME)) for who in learners]
        peak = watch(loads, uids)
        for who, (redis, server, _), load in zip(learners, places, loads, strict=True):
            answered, failed, idle = load.result().split()
            at = f"Redis at port {redis}, a server at {server}"
            print(f"{who.name}: {at}; {answered} requests answered, {failed} failed, {idle} silent clients held")
        peaks = "; ".join(f"{name} {size} MB" for name, size in peak.items())
        print(f"Memory, most of it while under load: {peaks}")
        print(holds(max(peak.values()), memory_of(0)))
        looks = list(pool.map(lambda who: look(who, learners, places), learners))
        print("\n".join(text for _, text in looks))
    print(f"Limits of each: {learners[0].run(cells.LIMITS).strip()}, {MEMORY} MB")
    print(f"Answers to exercises are judged in a box of this kind: {learners[0].run(cells.BOX).strip()}")
    unharmed = exceed(learners)
    is_clean = culled(learners, uids, admin)
    return 0 if all(apart for apart, _ in looks) and unharmed and is_clean else 1


def report_memory(when: str, uids: dict[str, int]) -> None:
    print(f"Memory {when}: " + "; ".join(f"{name} {memory_of(uid)} MB" for name, uid in uids.items()))


def watch(loads: list[Future[str]], uids: dict[str, int]) -> dict[str, int]:
    """The most that each holds at a time, in MB, until all are done."""
    peak = dict.fromkeys(uids, 0)
    while not all(load.done() for load in loads):
        for name, uid in uids.items():
            peak[name] = max(peak[name], memory_of(uid))
        time.sleep(0.2)
    return peak


def look(who: Learner, learners: list[Learner], places: list[list[str]]) -> tuple[bool, str]:
    """What `who` finds. Returns whether that is one's own and nothing else, and it in words."""
    mine = places[learners.index(who)]
    theirs = [place for place in places if place is not mine]
    jupyters = [(urlsplit(place[2]).hostname, urlsplit(place[2]).port) for place in places]
    code = cells.LOOK.format(
        name=who.name,
        ports=[int(port) for place in theirs for port in place[:2]],
        addresses=[HUB, *(host for host, _ in jupyters)],
        jupyters=jupyters,
        own=jupyters[learners.index(who)],
    )
    said = who.run(code).strip().splitlines()
    statuses = [ask(who.token, "GET", f"/user/{each.name}/api/contents").status_code for each in learners]
    own = statuses.pop(learners.index(who))
    said.append(f"notebooks, by the hub: one's own {own}, of others {sorted(set(statuses))}")
    is_apart = all(line.endswith("one's own, of others none") for line in said[:-1]) and len(said) == 5
    return is_apart and own == 200 and set(statuses) <= {403, 404}, "\n    ".join([f"{who.name} finds", *said])


def exceed(learners: list[Learner]) -> bool:
    """Two of them take more than they may. Do theirs end, and the others' go on?"""
    greedy = {
        learners[3]: ("memory", cells.TOO_MUCH_MEMORY.format(megabytes=MEMORY + 200)),
        learners[4]: ("processes", cells.TOO_MANY_PROCESSES.format(number=300)),
    }
    for who, (what, code) in greedy.items():
        try:
            print(f"{who.name}, more {what} than allowed: {who.run(code).strip() or 'nothing happened'}")
        except (websocket.WebSocketException, OSError):
            print(f"{who.name}, more {what} than allowed: the connection has ended")
    ended = wait_until(lambda: not any(who.is_running() for who in greedy))
    rest = [who.name for who in learners if who.is_running()]
    print(f"servers that run now: {', '.join(rest)}")
    return ended and len(rest) == len(learners) - len(greedy)


def culled(learners: list[Learner], uids: dict[str, int], admin: str) -> bool:
    """All are left alone until the culler ends them."""
    print(f"Nobody does anything any more; the culler ends what has been idle for {IDLE_TIME} s.")
    command = [sys.executable, "-m", "jupyterhub_idle_culler", f"--timeout={IDLE_TIME}", "--cull-every=2"]
    api = {"JUPYTERHUB_API_TOKEN": admin, "JUPYTERHUB_API_URL": f"http://{HUB}:8081/hub/api"}
    with subprocess.Popen(command, env={**os.environ, **api}, stderr=subprocess.DEVNULL) as culler:
        wait_until(lambda: not (any(who.is_running() for who in learners) or left_of(uids)))
        culler.terminate()
    rooms = [name for name in os.listdir("/sys/class/net") if name.startswith("room")]
    running, left = sum(who.is_running() for who in learners), left_of(uids)
    print(f"servers that run: {running}; processes of learners: {len(left)}; interfaces of rooms: {len(rooms)}")
    return not (running or left or rooms)


def left_of(uids: dict[str, int]) -> list[Path]:
    return [folder for uid in uids.values() for folder in processes_of(uid)]


def wait_until(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.5)
    return is_so()


def in_namespaces() -> None:
    """This script again, where it may change users and addresses (man 1 unshare)."""
    missing = [name for name in ("configurable-http-proxy", "bwrap", "ip") if not shutil.which(name)]
    if os.geteuid() != 0 or missing:
        sys.exit(f"This needs root, and on PATH: {', '.join(missing) or 'all that it found'}. docs/hub.md says how.")
    apart = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    os.execvp(apart[0], [*apart, sys.executable, *sys.argv, "--inside"])


if __name__ == "__main__":
    if "--inside" not in sys.argv:
        in_namespaces()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True)  # of this network
    with tempfile.TemporaryDirectory() as temporary:
        os.chmod(temporary, 0o755)
        sys.exit(main(Path(temporary)))
