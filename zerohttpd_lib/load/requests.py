"""The bytes that clients send: the same each time, or varied as those of real clients are.

A server that remembers the head of the last request has an easy life with a load generator that
always sends the same one. Real clients differ: in their names, in what else they say, in the
order in which they say it, in how they spell the names of the fields (RFC 9110, section 5.1: the
case does not matter), and in what stands behind the question mark.
"""

from __future__ import annotations

import random
from typing import Final
from urllib.parse import urlsplit

VARIANTS: Final = 64
CLIENTS: Final = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
    "curl/8.14.1",
    "python-requests/2.32.4",
)
LANGUAGES: Final = ("en", "de-AT,de;q=0.7", "ta,en;q=0.5", "pt-BR")


def fixed_request(url: str, keep_alive: bool) -> bytes:
    """The shortest request for this URL."""
    parts = urlsplit(url)
    return f"GET {_target(url)} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: {_word(keep_alive)}\r\n\r\n".encode()


def varied_requests(url: str, keep_alive: bool) -> list[bytes]:
    """VARIANTS requests for this URL, the same ones each time; %d is for a number of your own."""
    chosen = random.Random(1)
    target = _target(url).replace("%", "%%")
    target += "&visit=%d" if "?" in target else "?visit=%d"
    found = []
    for _ in range(VARIANTS):
        fields = [
            ("Host", urlsplit(url).netloc),
            ("Connection", _word(keep_alive)),
            ("User-Agent", chosen.choice(CLIENTS)),
            ("Accept-Language", chosen.choice(LANGUAGES)),
            ("Accept", "text/html,*/*;q=0.8"),
        ]
        fields = fields[:2] + chosen.sample(fields[2:], chosen.randint(1, 3))
        chosen.shuffle(fields)
        spell = chosen.choice((str.title, str.lower))
        lines = [f"{spell(name)}: {value}" for name, value in fields]
        found.append("\r\n".join([f"GET {target} HTTP/1.1", *lines, "", ""]).encode())
    return found


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _word(keep_alive: bool) -> str:
    return "keep-alive" if keep_alive else "close"
