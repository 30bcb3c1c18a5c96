"""What the learners of try_class.py run in their notebooks."""

# A lab with a server, a Redis that knows whose it is, and a page for the others to look for.
LAB = """
import os
from zerohttpd_lib import Lab
lab = Lab()
server = lab.serve("epoll")
lab.redis.client.set("whose", {name!r})
print(lab.redis.address[1], server.address[1], os.environ["JUPYTERHUB_SERVICE_URL"])
"""

LOAD = """
run = lab.start_load(server, clients=8, idle=500, seconds={seconds}, record=False)
result = run.wait(progress=False)
print(result.requests, result.failed, result.idle_open)
"""

# `ports`, `addresses` and `jupyters` are others'. What one finds at a port is another's only if it says so: each
# loopback has all ports, and two learners may well have the same. One's own is in it, to show that a look finds things.
LOOK = """
import pathlib, socket

def whose(address):
    try:
        with socket.create_connection(address, 1) as sock:
            sock.settimeout(1)
            sock.sendall(b"GET whose\\r\\n")
            return sock.recv(100).decode(errors="replace").strip().splitlines()[-1]
    except OSError:
        return ""

def answers(address):
    try:
        socket.create_connection(address, 1).close()
        return True
    except OSError:
        return False

ports = [lab.redis.address[1], *{ports!r}]
found = {{whose((host, port)) for host in ("127.0.0.1", *{addresses!r}) for port in ports}} - {{""}}
owners = {{path.stat().st_uid for path in pathlib.Path("/proc").glob("[0-9]*")}} - {{0}}
homes = {{path.name for path in pathlib.Path.home().parent.iterdir()}}
jupyters = {{address for address in {jupyters!r} if answers(address)}}
for what, all_of_them, own in (
    ("Redis", found, {name!r}), ("processes", owners, os.getuid()),
    ("homes", homes, pathlib.Path.home().name), ("JupyterLab", jupyters, {own!r}),
):
    others = sorted(all_of_them - {{own}}, key=str)
    print(f"{{what}}: one's own{{'' if own in all_of_them else ' NOT'}}, of others {{others or 'none'}}")
"""

LIMITS = """
import resource
limits = {"descriptors": resource.RLIMIT_NOFILE, "processes and threads": resource.RLIMIT_NPROC}
print(", ".join(f"{resource.getrlimit(limit)[1]:,} {name}" for name, limit in limits.items()))
"""

BOX = """
from zerohttpd_lib.grading.box import best
print(best().kind)
"""

TOO_MUCH_MEMORY = """
held = [bytearray(b"x" * 2**20) for _ in range({megabytes})]
"""

TOO_MANY_PROCESSES = """
import subprocess
held = [subprocess.Popen(["sleep", "60"]) for _ in range({number})]
"""
