"""The generator processes of a load test: started, listened to, told what to do, ended."""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Protocol

from ..load.cpu import Machine, Meter, Share
from ..load.network import Counters
from ..load.plan import Plan
from ..load.sample import Sample
from .errors import LabError
from .processes import GuardedProcess, interrupts_held_back, new_folder


class Side(Protocol):
    """How busy a side of a load test is; see `Meter`."""

    def cores(self) -> float: ...
    def share(self) -> Share: ...


class Busy(Protocol):
    """How busy all cores are; see `Machine`."""

    def share(self) -> float: ...


class AnyGenerators(Protocol):
    """What a load test asks of whoever generates it: processes here, or those on the workers of a cluster."""

    pids: list[int]
    results: list[dict[str, Any]]

    def samples(self) -> Iterator[list[Sample]]: ...
    def tell(self, what: signal.Signals) -> None: ...
    def meter(self) -> Side: ...
    def machine(self) -> Busy: ...
    def counters(self) -> Counters: ...
    def errors(self) -> str: ...
    def stop(self) -> None: ...


class Generators:
    """A process for each part of a plan. Raises LabError when one does not start."""

    def __init__(self, parts: Sequence[Plan]) -> None:
        self.processes: list[GuardedProcess] = []
        self.pids: list[int] = []
        self.results: list[dict[str, Any]] = []
        self._readers: list[threading.Thread] = []
        self._messages: queue.SimpleQueue[tuple[int, dict[str, Any] | None]] = queue.SimpleQueue()
        try:
            for part in parts:
                self.processes.append(start_part("generator", part))
            self.pids = [_first_word(process)["pid"] for process in self.processes]
            for number in range(len(parts)):
                reader = threading.Thread(target=self._read, args=(number,), daemon=True)
                with interrupts_held_back():
                    reader.start()
                    self._readers.append(reader)
        except BaseException:
            self.stop()
            raise

    def _read(self, number: int) -> None:
        """In a thread for each process: pass on what it prints. None says that it has ended."""
        try:
            for line in self.processes[number].output:
                self._messages.put((number, json.loads(line)))
        except ValueError:  # half a line: it was killed while it wrote
            pass
        finally:
            self._messages.put((number, None))

    def samples(self) -> Iterator[list[Sample]]:
        """A sample of each process, as soon as all have sent theirs, until all processes have ended."""
        parts: list[list[Sample]] = [[] for _ in self.pids]
        running = len(self.pids)
        while running:
            number, message = self._messages.get()
            if message is None:
                running -= 1
            elif "result" in message:
                self.results.append(message["result"])
            else:
                parts[number].append(Sample(**message["sample"]))
                if all(parts):
                    yield [part.pop(0) for part in parts]

    def tell(self, what: signal.Signals) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, what)

    def meter(self) -> Meter:
        """How busy they are from now on."""
        return Meter(self.pids)

    def machine(self) -> Machine:
        """How busy the cores are from now on that they, and the server, run on."""
        return Machine()

    def counters(self) -> Counters:
        """What the kernel has counted until now."""
        return Counters.now()

    def errors(self) -> str:
        """The last that each of them had to say."""
        return "\n".join(process.errors()[-500:] for process in self.processes)

    def stop(self) -> None:
        """End them. May be repeated, and from several threads."""
        for process in self.processes:
            process.ask_to_stop()
        for reader in self._readers:
            reader.join()
        for process in self.processes:
            process.stop()


def start_part(module: str, plan: Plan) -> GuardedProcess:
    command = [sys.executable, "-m", f"zerohttpd_lib.load.{module}", plan.to_json()]
    return GuardedProcess(command, new_folder(module), grace=0.5)


def _first_word(process: GuardedProcess) -> dict[str, Any]:
    line = process.output.readline()
    if not line:
        raise LabError(f"The load generator did not start. It said: {process.errors()[-500:] or 'nothing'}")
    word: dict[str, Any] = json.loads(line)
    return word
