"""The server's process: `python -m zerohttpd_lib.servers.child FILE`.

FILE holds what to serve, pickled by cloudpickle, so that a class typed into a notebook cell
can travel. The first line on standard output is a JSON object with the address and the
process id; what the server prints itself goes to standard error.
"""

from __future__ import annotations

import faulthandler
import json
import os
import pickle
import signal
import sys
from pathlib import Path

from . import RUNGS
from .serve import CannotServe, serve


def main(path: str) -> int:
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    spec = pickle.loads(Path(path).read_bytes())
    to_the_lab = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a print() in a learner's server must not be taken for a word to the lab
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # and it is seen at once

    def announce(url: str) -> None:
        print(json.dumps({"url": url, "pid": os.getpid()}), file=to_the_lab, flush=True)

    what = spec.pop("what")
    try:
        serve(RUNGS[what].load() if isinstance(what, str) else what, announce=announce, **spec)
    except CannotServe as problem:
        print(problem, file=sys.stderr)
        return 1
    print("run() has returned", file=sys.stderr)  # what a server does when it is told to stop, or by mistake
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
