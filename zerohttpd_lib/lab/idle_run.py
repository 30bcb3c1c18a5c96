"""Idle connections, held open by processes of their own."""

from __future__ import annotations

import json
import threading
from typing import Final

from ..load.plan import Plan, PlanError
from .errors import LabError
from .generators import start_part
from .processes import GuardedProcess, interrupts_held_back

AT_A_TIME: Final = 2  # processes that open connections: more would overflow the server's accept queue


class IdleRun:
    """`plan.idle` connections, all open and accepted when this returns. Raises LabError."""

    def __init__(self, plan: Plan) -> None:
        try:
            self.plan = plan.check()
        except PlanError as problem:
            raise LabError(str(problem)) from None
        self._processes: list[GuardedProcess] = []
        self._readers: list[threading.Thread] = []
        self._open: dict[int, int] = {}  # by process
        self.problem = ""
        try:
            parts = self.plan.idle_parts()
            for first in range(0, len(parts), AT_A_TIME):
                self._open_parts(parts[first : first + AT_A_TIME])
            for number, process in enumerate(self._processes):
                reader = threading.Thread(target=self._read, args=(number, process), daemon=True)
                with interrupts_held_back():
                    reader.start()
                    self._readers.append(reader)
        except BaseException:
            self.stop()
            raise

    def _open_parts(self, parts: list[Plan]) -> None:
        first = len(self._processes)
        self._processes += [start_part("idle", part) for part in parts]
        for number in range(first, len(self._processes)):
            line = self._processes[number].output.readline()
            if not line:
                said = self._processes[number].errors()[-500:]
                raise LabError(f"The idle connections could not be opened: {said}")
            self._take_in(number, line)
        if self.problem:
            host, port = self.plan.address
            nobody = f"Does a server listen on {host} port {port}?"
            raise LabError(
                f"Of {self.plan.idle:,} idle connections {self.open_now:,} could be opened: {self.problem}. "
                + ("Choose fewer, or give the server more workers." if self.open_now else nobody)
            )

    @property
    def is_running(self) -> bool:
        return any(not process.has_ended() for process in self._processes)

    @property
    def open_now(self) -> int:
        """How many are still open. The server may have closed some."""
        return sum(self._open.values())

    def _take_in(self, number: int, line: str) -> None:
        news = json.loads(line)
        self._open[number] = news["open"]
        self.problem = self.problem or news["problem"]

    def _read(self, number: int, process: GuardedProcess) -> None:
        for line in process.output:
            self._take_in(number, line)

    def stop(self) -> None:
        """Close them all."""
        for process in self._processes:
            process.ask_to_stop()
        for reader in self._readers:
            reader.join()
        for process in self._processes:
            process.stop()

    def __repr__(self) -> str:
        return f"{self.open_now:,} connections that are open and silent"
