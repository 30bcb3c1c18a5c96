"""One learner as JupyterHub sees one: a server that is started, and a notebook's kernel that runs cells."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any, Final

import requests
import websocket

PUBLIC: Final = "http://127.0.0.1:8000"
START_TIME: Final = 240.0  # seconds


def ask(token: str, method: str, path: str, **settings: Any) -> requests.Response:
    """A request to the hub, or to what lies behind it. Status codes are left to the caller."""
    return requests.request(method, PUBLIC + path, headers={"Authorization": f"token {token}"}, timeout=60, **settings)


class Learner:
    """`name` with a server that runs, a token of their own, and one kernel. `admin` is a token that may do that."""

    def __init__(self, name: str, admin: str) -> None:
        self.name, self._admin = name, admin
        ask(admin, "POST", f"/hub/api/users/{name}")
        self.token: str = ask(admin, "POST", f"/hub/api/users/{name}/tokens").json()["token"]

    def start(self) -> None:
        """Raises TimeoutError when the server is not there in time."""
        ask(self._admin, "POST", f"/hub/api/users/{self.name}/server").raise_for_status()
        deadline = time.monotonic() + START_TIME
        while not self.is_running():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} has no server after {START_TIME:.0f} s.")
            time.sleep(0.2)
        found = ask(self.token, "POST", f"/user/{self.name}/api/kernels")
        found.raise_for_status()
        self._kernel = found.json()["id"]

    def is_running(self) -> bool:
        servers: dict[str, Any] = ask(self._admin, "GET", f"/hub/api/users/{self.name}").json()["servers"]
        return any(server["ready"] for server in servers.values())

    def run(self, code: str) -> str:
        """What a cell prints; and an error's name and text, if it ends in one. Raises websocket's errors."""
        url = f"{PUBLIC.replace('http', 'ws')}/user/{self.name}/api/kernels/{self._kernel}/channels"
        channel = websocket.create_connection(url, header=[f"Authorization: token {self.token}"], timeout=120)
        try:
            channel.send(json.dumps(_request(code)))
            return _printed(channel)
        finally:
            channel.close()


def _request(code: str) -> dict[str, Any]:
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False, "stop_on_error": True}
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}


def _printed(channel: websocket.WebSocket) -> str:
    """Until the cell is done: its reply and the kernel's "idle" come in either order, for they take two ways."""
    said, has_replied, is_idle = "", False, False
    while not (has_replied and is_idle):
        message = json.loads(channel.recv())
        kind, content = message["msg_type"], message["content"]
        if message["parent_header"].get("msg_type") != "execute_request":
            continue  # of the kernel's start
        if kind == "stream" and content["name"] == "stdout":
            said += content["text"]
        elif kind == "error":
            said += f"{content['ename']}: {content['evalue']}\n"
        has_replied |= kind == "execute_reply"
        is_idle |= kind == "status" and content["execution_state"] == "idle"
    return said
