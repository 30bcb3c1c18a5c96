"""A real Redis for the lab: one of our own, on a free loopback port, or the one you name."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ..app.messages import Command, Reply
from ..app.redis_wire import NEED_MORE, ProtocolError, ReplyReader, write_command
from ..kernel.sockets import Address
from .errors import LabError
from .processes import GuardedProcess, new_folder
from .redis_process import Process, find_redis_process
from .redis_program import find_redis_server

if TYPE_CHECKING:
    import redis

FREEZER: Final = Path(__file__).with_name("freezer.py")
START_TIME: Final = 10.0  # seconds
REPLY_TIME: Final = 5.0  # seconds
MAX_CLIENTS: Final = 50_000  # connections; Redis lowers it to what its descriptor limit allows


def parse_url(url: str) -> Address:
    """The (host, port) of a redis://HOST:PORT URL. Raises LabError for anything it cannot serve."""
    try:
        parts = urlsplit(url)
    except ValueError as problem:
        raise LabError(f"{url!r} is not a Redis address: {problem}. Write it as redis://HOST:PORT.") from None
    try:
        port = 6379 if parts.port is None else parts.port
        if port == 0:
            raise ValueError
    except ValueError:
        raise LabError(f"The port in {url!r} is not a number from 1 to 65535.") from None
    if parts.scheme != "redis" or not parts.hostname:
        raise LabError(f"{url!r} is not a Redis address. Write it as redis://HOST:PORT.")
    if parts.password or parts.username or parts.query or parts.path not in ("", "/", "/0"):
        raise LabError(
            f"The servers here speak to Redis without a password and use database 0. "
            f"Give them a Redis of that kind: redis://{parts.hostname}:{port}."
        )
    return parts.hostname, port


class Redis:
    """A running Redis: `url`, `address` for the servers, `client` (redis-py) for you.

    Without a `url` it starts one that keeps nothing on disk and ends with us; nobody else uses
    it. With a `url` it uses that one, and `stop` leaves it alone. Raises LabError.
    """

    def __init__(self, url: str | None = None) -> None:
        self._process: GuardedProcess | None = None
        self._freezer: GuardedProcess | None = None
        self._frozen: Process | None = None
        self._client: redis.Redis | None = None
        self._login: tuple[str, str] | tuple[None, None] = (None, None)
        self.is_throw_away = url is None
        try:
            self.address = self._start() if url is None else parse_url(url)
            if url is not None:
                self._check_answers()
        except BaseException:  # an interrupt, too
            if self._process is not None:
                self._process.stop()
            raise

    def _start(self) -> Address:
        program = find_redis_server()
        for _ in range(5):  # between our choosing a port and its taking it, another may be faster
            address = ("127.0.0.1", _free_port())
            folder = new_folder("redis")
            self._process = GuardedProcess([str(program), *_settings(address, folder)], folder)
            if _is_up(self._process, address, folder):
                return address
            log = (folder / "log").read_text() if (folder / "log").exists() else self._process.errors()
            self._process.stop()
        raise LabError(f"{program} does not start. The end of its log: {log[-500:] or 'nothing'}")

    @property
    def client(self) -> redis.Redis:
        """A client of redis-py's, made when it is first asked for: to import that takes longer than to start a Redis.

        It says at once when there is no answer; as it is shipped, redis-py tries again, for seconds.
        """
        if self._client is None:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry

            user, password = self._login
            self._client = redis.Redis(*self.address, username=user, password=password, retry=Retry(NoBackoff(), 0))
        return self._client

    def _check_answers(self) -> None:
        import redis

        try:
            self.client.ping()
        except (redis.RedisError, OSError, UnicodeError) as error:  # UnicodeError: no name of a host
            raise LabError(f"No Redis answers at {self.url} ({error}). Start it, or unset REDIS_URL.") from None

    @property
    def url(self) -> str:
        host, port = self.address
        return f"redis://[{host}]:{port}" if ":" in host else f"redis://{host}:{port}"

    @property
    def pid(self) -> int | None:
        """Its process id; None unless it is a process of this machine for sure. Raises LabError when it is gone."""
        process = self._frozen or self._find()
        return process.pid if process is not None else None

    def _find(self) -> Process | None:
        try:
            return find_redis_process(self.address)
        except OSError:
            raise LabError(
                f"The Redis at {self.url} is gone. Start a new lab: lab = Lab(). "
                "If make lab had started it, run make lab again."
            ) from None

    def log_in(self, user: str, password: str) -> None:
        """From now on `client` is this user of Redis's (redis.io, ACL)."""
        self._hang_up()
        self._login = (user, password)

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def freeze(self) -> None:
        """Stop it where it is (SIGSTOP). Its connections stay, and the kernel takes new ones for it."""
        if self.is_frozen:
            return
        process = self._find()
        if process is None or not _is_ours(process.pid):
            raise LabError(
                f"The Redis at {self.url} runs on another machine, in a container, or as another user: "
                "it cannot be stopped."
            )
        command = [sys.executable, "-I", "-S", str(FREEZER), str(process.pid), process.started]
        self._freezer = GuardedProcess(command, new_folder("freezer"))
        self._frozen = process
        if not self._freezer.output.readline():
            said = self._freezer.errors()
            self.thaw()
            raise LabError(f"Redis could not be stopped: {said[-200:]}")

    def thaw(self) -> None:
        """Let it go on. May be repeated."""
        if self._freezer is not None:
            self._freezer.stop()
            self._freezer = self._frozen = None

    @property
    def is_frozen(self) -> bool:
        return self._freezer is not None

    def stop(self) -> None:
        """End it, and what it knows with it. A Redis of yours goes on."""
        self.thaw()
        self._hang_up()
        if self._process is not None:
            self._process.stop()

    def __enter__(self) -> Redis:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        gone, stays = "throw-away: what you write here is gone when the lab closes", "it goes on when this lab closes"
        kind = gone if self.is_throw_away else stays
        return f"Redis at {self.url} ({kind})"


def ask(address: Address, *commands: str) -> list[Reply]:
    """What the Redis there replies to commands of words without spaces: what redis-py can do, but at once.

    A reply that is an error is a value, too. Raises OSError, and ProtocolError when that is no Redis.
    """
    reader = ReplyReader()
    replies: list[Reply] = []
    with socket.create_connection(address, REPLY_TIME) as sock:
        for command in commands:
            name, *arguments = os.fsencode(command).split()
            sock.sendall(write_command(Command(name, tuple(arguments))))
        while len(replies) < len(commands):
            while (reply := reader.next_reply()) is NEED_MORE:
                if not (data := sock.recv(65_536)):
                    raise ConnectionError("it has closed the connection")
                reader.feed(data)
            replies.append(reply)
    return replies


def _is_ours(pid: int) -> bool:
    try:
        return os.stat(f"/proc/{pid}").st_uid == os.geteuid()
    except FileNotFoundError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _settings(address: Address, folder: Path) -> list[str]:
    settings = {
        "bind": address[0],
        "port": address[1],
        "save": "",
        "appendonly": "no",
        "dir": folder,
        "logfile": folder / "log",
        "maxclients": MAX_CLIENTS,
        "tcp-backlog": 4096,
    }
    return [word for name, value in settings.items() for word in (f"--{name}", str(value))]


def _is_up(process: GuardedProcess, address: Address, folder: Path) -> bool:
    """Wait until our Redis answers. Its folder tells it from another that was faster at the port."""
    deadline = time.monotonic() + START_TIME
    while not process.has_ended() and time.monotonic() < deadline:
        try:
            return ask(address, "CONFIG GET dir") == [[b"dir", os.fsencode(folder)]]
        except (OSError, ProtocolError):
            time.sleep(0.005)
    return False
