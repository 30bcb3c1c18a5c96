"""Record the traces that exercise 12 asks a diagnosis of, from exhibits of the museum with visitors of their own.

python authoring/record_cases.py
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from zerohttpd_lib import Lab
from zerohttpd_lib.museum import closed_twice, half_close, hup_ignored, not_drained
from zerohttpd_lib.museum.visit import Visit

TARGET = Path(__file__).resolve().parents[1] / "zerohttpd_lib" / "grading" / "recorded" / "cases.json"
MOST = 40  # waits of a case


def come_and_go(place: Visit) -> None:
    """Two who are served as they should be."""
    for path in ("/", "/style.css"):
        client = place.client(path)
        place.answer(client)
        client.close()
        place.settle()


def never_answered(place: Visit) -> None:
    stays = place.client("/", method="POST", rest=b"x" * 900)
    place.answer(stays)
    come_and_go(place)
    waits = place.client("/", method="POST", rest=b"x" * 3000)
    place.settle()
    come_and_go(place)
    waits.close()


def cut_off(place: Visit) -> None:
    come_and_go(place)
    leavers = [place.client("/") for _ in range(2)]
    for client in leavers:
        place.answer(client)
    with place.frozen():
        leavers[1].close()
        newcomer = place.client("/")
    place.answer(newcomer)
    come_and_go(place)


def restless(place: Visit) -> None:
    come_and_go(place)
    place.lab.redis.client.client_pause(300)  # milliseconds
    patient, impatient = place.client("/guestbook"), place.client("/guestbook")
    place.settle()
    impatient.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    impatient.close()
    place.answer(patient)


def no_answer(place: Visit) -> None:
    come_and_go(place)
    stays = place.client("/")
    place.answer(stays)
    with place.frozen():
        client = place.client("/")
        client.shutdown(socket.SHUT_WR)
    place.answer(client)
    come_and_go(place)


CASES = {
    "A": (cut_off, closed_twice.Broken),
    "B": (restless, hup_ignored.Broken),
    "C": (never_answered, not_drained.Broken),
    "D": (no_answer, half_close.Broken),
}


def main() -> None:
    recorded: dict[str, list[dict[str, Any]]] = {}
    with Lab() as lab:
        for name, (visit, server_class) in CASES.items():
            server = lab.serve(server_class, record="details")
            place = Visit(lab, server)
            visit(place)
            time.sleep(0.1)
            place.end()
            server.stop()
            recorded[name] = [plain(asdict(wait)) for wait in server.trace[:MOST] if wait.ready]
    rows = (f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, waits)) + "\n]" for name, waits in recorded.items())
    TARGET.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    print({name: len(waits) for name, waits in recorded.items()}, "waits in", os.path.relpath(TARGET))


def plain(wait: dict[str, Any]) -> dict[str, Any]:
    """Without what is said twice: the turns have all of it."""
    kept = {name: wait[name] for name in ("number", "watched", "turns")}
    return kept | {"waited": round(wait["waited"], 6), "handling": round(wait["handling"] or 0, 6)}


if __name__ == "__main__":
    main()
