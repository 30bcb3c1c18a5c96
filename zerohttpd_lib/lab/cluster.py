"""Machines beside this one: the workers of a Dask cluster, asked first whether they are fit for what is to be done.

`pip install 'zerohttpd-lab[cluster]'` brings Dask (distributed.dask.org). Whoever has it on several machines has a
scheduler, whether it was started by hand, by dask-jobqueue, dask-gateway or on Kubernetes: its address is enough.
Workers may come and go at any time.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final

from tqdm import tqdm

from .errors import LabError

CONNECT_TIME: Final = 10  # seconds
Question = Callable[..., str]  # is run on a worker; answers "", or in a sentence why it is not fit


class Cluster:
    """The cluster with its scheduler at `address`. `present`: its workers at the last look. `refused`: why one is not
    used, by address.

    Raises LabError where Dask is not installed or no scheduler answers; so does every method when it answers no more.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.refused: dict[str, str] = {}
        self.present: set[str] = set()
        self._fit: set[str] = set()
        try:
            from distributed import Client
            from distributed.comm import resolve_address
        except ImportError:
            raise LabError("--scheduler needs Dask: pip install 'zerohttpd-lab[cluster]'.") from None
        for name in ("distributed", "distributed.client"):  # what it has to say, we say in sentences
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            resolve_address(address)  # before there is a client, which would try for long
            self.client: Any = Client(address, timeout=CONNECT_TIME, set_as_default=False)
        except Exception as problem:  # an address that is none, nobody there, another protocol or version
            why = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
            raise LabError(f"No Dask scheduler answers at {address} ({why}).") from None

    def workers(self, question: Question, *arguments: Any) -> dict[str, int]:
        """The workers that are fit, and the threads of each. Whoever is new is asked, and is named if it is refused."""
        try:
            threads: dict[str, int] = self.client.nthreads()
            self.present = set(threads)
            if new := [address for address in threads if address not in self._fit and address not in self.refused]:
                answers = self.client.run(question, *arguments, workers=new, on_error="return")
                for address, answer in answers.items():
                    self._note(address, answer)
        except (OSError, RuntimeError, ValueError) as problem:  # ValueError: one of them has just gone
            if self.client.status != "running":
                raise self.is_gone() from None
            tqdm.write(f"zerohttpd: the workers could not be asked ({problem})", file=sys.stderr)
            return {}
        return {address: number for address, number in threads.items() if address in self._fit}

    def _note(self, address: str, answer: Any) -> None:
        if answer == "":
            self._fit.add(address)
        elif not isinstance(answer, OSError):  # that one died before it could answer
            why = answer if isinstance(answer, str) else f"it cannot be asked ({answer})"
            self.refused[address] = why
            tqdm.write(f"zerohttpd: the worker {address} is not used: {why}.", file=sys.stderr)

    def is_gone(self) -> LabError:
        return LabError(f"The scheduler at {self.address} does not answer any more.")

    def close(self) -> None:
        """Whatever is still under way there is given up."""
        self.client.close(timeout=2)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self.close()
