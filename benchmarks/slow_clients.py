"""Fifty clients who take their time: `python -m benchmarks.slow_clients HOST PORT NUMBER`.

Each sends its request a byte at a time and reads its page in small pieces, over and over, until
the process is ended. The first line on standard output says that all of them are at it.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import Final

REQUEST: Final = b"GET /guestbook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
PAUSE: Final = 0.05  # seconds between two bytes of a request, and between two pieces of a page
PIECE: Final = 64  # bytes of a page


async def main(host: str, port: int, number: int) -> None:
    at_it = [asyncio.Event() for _ in range(number)]
    clients = [asyncio.create_task(ask_slowly(host, port, event)) for event in at_it]
    for event in at_it:
        await event.wait()
    print("all are at it", flush=True)
    await asyncio.gather(*clients)


async def ask_slowly(host: str, port: int, at_it: asyncio.Event) -> None:
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(host, port, limit=PIECE)
            for byte in REQUEST:
                writer.write(bytes([byte]))
                at_it.set()
                await asyncio.sleep(PAUSE)
            while await reader.read(PIECE):
                await asyncio.sleep(PAUSE)
            writer.close()
        await asyncio.sleep(PAUSE)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
