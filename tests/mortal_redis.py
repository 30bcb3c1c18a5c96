"""A Redis that can be frozen, killed and started again, always on the same port."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import redis
from proc import state
from tiny_server import free_port
from waiting import wait_until

from zerohttpd_lib.lab.processes import GuardedProcess, new_folder
from zerohttpd_lib.lab.redis_program import find_redis_server


class MortalRedis:
    def __init__(self) -> None:
        self.address = ("127.0.0.1", free_port())
        self.client = redis.Redis(*self.address, retry=None)
        self.process: GuardedProcess | None = None
        self.start()

    def start(self) -> None:
        """With nothing in it."""
        folder = new_folder("mortal-redis")
        settings = ["--port", str(self.address[1]), "--bind", self.address[0], "--save", "", "--dir", str(folder)]
        settings += ["--logfile", str(folder / "log")]
        self.process = GuardedProcess([str(find_redis_server()), *settings], folder)
        wait_until(self.answers)
        self.pid = int(self.client.info("server")["process_id"])

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        """Frozen or not: it can do nothing about it."""
        assert self.process is not None
        os.kill(self.pid, signal.SIGKILL)
        self.process.stop()
        self.process = None
        self.client.connection_pool.disconnect()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It accepts connections, because the kernel does that, and says nothing."""
        os.kill(self.pid, signal.SIGSTOP)
        wait_until(lambda: state(self.pid) == "T")
        try:
            yield
        finally:
            self.thaw()

    def thaw(self) -> None:
        if self.process is not None:
            os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> MortalRedis:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self.client.close()
        if self.process is not None:
            self.thaw()
            self.process.stop()
