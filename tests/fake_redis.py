"""What plays the part of Redis where the test decides what is said, and when."""

from __future__ import annotations

import re
import socket
import threading

from raw_client import leave_with_reset
from tiny_server import TinyServer, answers

NONSENSE = {
    "accepts and closes": lambda sock: True,
    "resets": leave_with_reset,
    "reads and closes": answers(b""),
    "talks HTTP": answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "stops in mid-reply": answers(b"*2\r\n$5\r\nhel"),
    "says nil": answers(b"$-1\r\n" * 3),
    "is loading": answers(b"-LOADING Redis is loading the dataset in memory\r\n" * 3),
    "mixes up its replies": answers(b":1\r\n*0\r\n+OK\r\n"),
    "says more than was asked": answers(b"*0\r\n" * 9),
}
REPLIES = {b"LRANGE": b"*0\r\n", b"INCR": b":1\r\n", b"GET": b"$1\r\n1\r\n", b"CLIENT": b"+OK\r\n"}


class SlowRedis(TinyServer):
    """It says that it has been asked, and answers when it may."""

    def __init__(self) -> None:
        super().__init__(self.talk)
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def talk(self, sock: socket.socket) -> bool:
        while data := sock.recv(65_536):
            commands = re.findall(rb"LRANGE|INCR|GET|CLIENT", data)
            if b"LRANGE" in commands:
                self.asked.set()
                self.may_answer.wait(20)
            sock.sendall(b"".join(map(REPLIES.__getitem__, commands)))
        return True
