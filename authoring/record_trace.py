"""Record the trace that exercise 05 is about, from a server that really has the mistake.

    python authoring/record_trace.py

Somebody has made the answer to HEAD faster, by an early return, which leaves out a line that is
still needed. Of the traffic only one request is a HEAD. Two silent clients stay, and one leaves
by a reset: it is handled as it should be.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import time
from pathlib import Path

import cloudpickle

from zerohttpd_lib import Lab
from zerohttpd_lib.app.redis_wire import write_command
from zerohttpd_lib.kernel import sockets
from zerohttpd_lib.lab.server import Server
from zerohttpd_lib.servers.epoll import READABLE, Client, EpollServer
from zerohttpd_lib.trace.reader import Trace

TARGET = Path(__file__).resolve().parents[1] / "zerohttpd_lib" / "grading" / "recorded" / "one_mistake.json"
PAUSE = 0.3  # seconds that Redis pauses


class HasAMistake(EpollServer):
    def redis_connected(self, client: Client) -> None:
        if error := sockets.connect_error(client.redis):
            raise OSError(error, "connect to Redis")
        client.redis.setblocking(True)
        client.next_callback = self.redis_replied
        sockets.send_all(client.redis, write_command(client.command))
        if client.head_only:  # "no body to send: nothing more to do here"
            return
        self.modify(client.redis.fileno(), READABLE)


def main() -> None:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    with Lab() as lab:
        server = lab.serve(HasAMistake)
        idle = lab.hold_idle(server, 2)
        lab.load(server, clients=2, requests=4, progress=False)
        meet_a_pause(lab, server)
        lab.load(server, clients=2, requests=3, progress=False)
        trace = server.trace
        idle.stop()
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text("[\n" + ",\n".join(json.dumps(wait) for wait in plain(trace)) + "\n]\n")
    print(f"{len(trace)} waits in {os.path.relpath(TARGET)}")


def meet_a_pause(lab: Lab, server: Server) -> None:
    """While Redis pauses, three clients ask. The second one resets its connection, the third one sends the HEAD."""
    lab.redis.client.client_pause(int(PAUSE * 1e3))
    patient, resets, asks_for_the_head = [ask(server, method) for method in ("GET", "GET", "HEAD")]
    resets.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    resets.close()
    for connection in (patient, asks_for_the_head):
        with connection, connection.makefile("rb") as answer:
            answer.read()


def ask(server: Server, method: str) -> socket.socket:
    connection = socket.create_connection(server.address)
    connection.sendall(f"{method} /guestbook HTTP/1.1\r\nHost: lab\r\n\r\n".encode())
    time.sleep(PAUSE / 10)  # one after the other
    return connection


def plain(trace: Trace) -> list[dict[str, object]]:
    """Each wait as plain values. The last one is left out: nothing was ready in it yet."""
    return [
        {
            "number": wait.number,
            "watched": wait.watched,
            "waited": round(wait.waited, 6),
            "handling": None if wait.handling is None else round(wait.handling, 6),
            "ready": [[e.fd, e.events, e.role, e.step, e.kind] for e in wait.ready],
            "changes": [[e.fd, e.events, e.role, e.step, e.kind] for e in wait.changes],
        }
        for wait in trace
    ]


if __name__ == "__main__":
    main()
