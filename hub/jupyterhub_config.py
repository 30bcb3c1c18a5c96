"""JupyterHub for a class, on one machine: docs/hub.md says how to set it up, and what it holds back.

    jupyterhub -f hub/jupyterhub_config.py

It runs as root, for it makes a room for each learner. Learners are users of the system, and log in as such (PAM).
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from rooms import HUB, RoomSpawner, open_hub_address

os.umask(0o077)  # its database is nobody else's to read, and neither is what a learner writes
open_hub_address()

c = get_config()  # noqa: F821 - traitlets has put it here
c.JupyterHub.bind_url = "http://127.0.0.1:8000"  # behind a web server that speaks TLS; or set ssl_key and ssl_cert
c.JupyterHub.hub_ip = HUB  # where the rooms reach it
c.JupyterHub.spawner_class = RoomSpawner
c.Authenticator.allow_all = True  # whoever can log in on this machine; or name them: allowed_users

# For each learner; beyond memory or processes, the learner's whole room ends, and nobody else's.
c.RoomSpawner.mem_limit = "2G"
c.RoomSpawner.processes = 200  # and five threads for each
c.RoomSpawner.descriptors = 20_000  # for each process
c.Spawner.default_url = "/lab/tree/chapters/00-start-here.ipynb"
c.Spawner.args = ["--KernelManager.transport_encryption=auto"]  # else each kernel warns that it has none
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # seconds, of which a class that comes all at once needs many

# Whoever has gone leaves nothing running: after half an hour the room ends.
c.JupyterHub.load_roles = [
    {
        "name": "culler",
        "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
        "services": ["culler"],
    }
]
c.JupyterHub.services = [
    {"name": "culler", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=1800"]}
]
