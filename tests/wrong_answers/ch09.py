"""Wrong answers to exercise 09."""

from wrong_answers import WrongAnswer

LINK = """%%answer link
class Link:
    def __init__(self, sock):
        self.sock = sock
        self.reader = ReplyReader()
        self.output = b""
        self.waiting = []

    def ask(self, command, callback):
        self.output += write_command(command)
        self.waiting.append(callback)

    def end_of_batch(self):
        if self.output:
            self.sock.send(self.output)
            self.output = b""

    def readable(self):
        try:
            self.reader.feed(self.sock.recv(65_536))
        except BlockingIOError:
            return
        while (reply := self.reader.next_reply()) is not NEED_MORE:
            self.waiting.pop(0)(reply)
"""

SEGMENT = """%%answer segment
def send_page(sock, pieces):
    made = bytearray()
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        for piece in pieces:
            made += piece or b""
            if piece is None or len(made) > 16_000:
                sock.sendall(made)
                made.clear()
        sock.sendall(made)
    finally:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)
"""
SWITCHED_ON = "    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n"
FINALLY = "    finally:\n        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 0)\n"

LASTING = '''%%answer lasting
class Lasting(Connection):
    """Stays for five answers."""

    keep_alive = True
    answers = 0

    def respond(self, response):
        self.answers += 1
        self.keep = self.keep and self.answers < 5
        super().respond(response)

    def answered(self):
        if self.keep:
            self.state = "reading"
        else:
            super().answered()

    def take_up_requests(self):
        while self.take_up_request() and self.state == "reading":
            pass


class LastingServer(PipelinedServer):
    connection_class = Lasting
'''

TAKE_UP = """
    def take_up_requests(self):
        while self.take_up_request() and self.state == "reading":
            pass
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A right answer with a mistake put in."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


WRONG = {
    "link": [
        WrongAnswer(
            "sends-at-once",
            changed(LINK, ("self.output += write_command(command)", "self.sock.send(write_command(command))")),
        ),
        WrongAnswer(
            "a-send-each",
            changed(
                LINK,
                ('self.output = b""', "self.output = []"),
                ("self.output += write_command(command)", "self.output.append(write_command(command))"),
                ("        if self.output:\n    ", "        for command in self.output:\n    "),
                ("send(self.output)", "send(command)"),
                ("            self.output = []", "        self.output = []"),
            ),
        ),
        WrongAnswer("sends-again", changed(LINK, ('            self.output = b""\n', ""))),
        WrongAnswer(
            "sends-nothing",
            changed(
                LINK,
                (
                    "        if self.output:\n            self.sock.send(self.output)\n",
                    "        self.sock.send(self.output)\n        if self.output:\n",
                ),
            ),
        ),
        WrongAnswer("never-sends", changed(LINK, ("            self.sock.send(self.output)\n", ""))),
        WrongAnswer(
            "other-bytes",
            changed(LINK, ("self.output += write_command(command)", "self.output = write_command(command)")),
        ),
        WrongAnswer("wrong-order", changed(LINK, ("pop(0)", "pop()"))),
        WrongAnswer("one-a-read", changed(LINK, ("while (reply", "if (reply"))),
        WrongAnswer(
            "empty-is-a-reply",
            changed(
                LINK,
                (
                    "while (reply := self.reader.next_reply()) is not NEED_MORE",
                    "while reply := self.reader.next_reply()",
                ),
            ),
        ),
        WrongAnswer("empty-is-a-reply", changed(LINK, ("is not NEED_MORE", "!= NEED_MORE"))),
        WrongAnswer(
            "eagain-escapes",
            changed(
                LINK, ("        except BlockingIOError:\n            return\n", "        finally:\n            pass\n")
            ),
        ),
        WrongAnswer(
            "waits-for-more",
            changed(
                LINK,
                (
                    "        try:\n            self.reader.feed(self.sock.recv(65_536))\n"
                    "        except BlockingIOError:\n            return\n",
                    "",
                ),
                (
                    "        while (reply := self.reader.next_reply()) is not NEED_MORE:\n"
                    "            self.waiting.pop(0)(reply)\n",
                    "        while self.waiting:\n"
                    "            if (reply := self.reader.next_reply()) is not NEED_MORE:\n"
                    "                self.waiting.pop(0)(reply)\n                continue\n            try:\n"
                    "                self.reader.feed(self.sock.recv(65_536))\n            except BlockingIOError:\n"
                    "                pass\n",
                ),
            ),
        ),
        WrongAnswer(
            "forgets-a-batch",
            changed(
                LINK,
                (
                    '            self.output = b""\n',
                    '            self.output = b""\n            self.sent, self.waiting = self.waiting, []\n',
                ),
                ("self.waiting.pop(0)(reply)", "self.sent.pop(0)(reply)"),
            ),
        ),
        WrongAnswer(
            "loses-what-callbacks-ask",
            changed(LINK, ("self.waiting.pop(0)(reply)", 'self.waiting.pop(0)(reply)\n        self.output = b""')),
        ),
        WrongAnswer(
            "need-more-is-none",
            changed(
                LINK,
                (
                    "        while (reply := self.reader.next_reply()) is not NEED_MORE:\n"
                    "            self.waiting.pop(0)(reply)\n",
                    "        for callback in list(self.waiting):\n            self.waiting.remove(callback)\n"
                    "            callback(self.reader.next_reply())\n",
                ),
            ),
        ),
        WrongAnswer(
            "one-for-all",
            changed(LINK, ("        self.waiting = []\n", ""), ("class Link:\n", "class Link:\n    waiting = []\n\n")),
        ),
        WrongAnswer("calls-nobody", changed(LINK, ("self.waiting.pop(0)(reply)", "self.waiting.pop(0)"))),
    ],
    "segment": [
        # Nothing is cut into pieces, but what comes after the None waits for what came before it.
        WrongAnswer("waits-for-ack", changed(SEGMENT, (SWITCHED_ON, ""), ("TCP_NODELAY, 0)", "TCP_CORK, 0)"))),
        WrongAnswer(
            "waits-for-ack",
            """%%answer segment
def send_page(sock, pieces):
    for piece in pieces:
        sock.sendall(piece or b"")
""",
        ),
        WrongAnswer(
            "waits-for-the-next",
            "%%answer segment\ndef send_page(sock, pieces):\n"
            "    sock.sendall(b''.join(piece for piece in pieces if piece))\n",
        ),
        WrongAnswer("keeps-too-much", changed(SEGMENT, (" or len(made) > 16_000", ""))),
        WrongAnswer("keeps-too-much", changed(SEGMENT, ("16_000", "100_000"))),
        # It comes to its end, or it does not.
        WrongAnswer(
            "leaves-options", changed(SEGMENT, ("    try:\n", "    if True:\n"), ("    finally:\n", "    if True:\n"))
        ),
        WrongAnswer("leaves-options", changed(SEGMENT, ("TCP_NODELAY, 0)", "TCP_NODELAY, 1)"))),
        WrongAnswer(
            "hides-the-error",
            changed(SEGMENT, ("    finally:", "    except ArithmeticError:\n        pass\n    finally:")),
        ),
        WrongAnswer(
            "many-segments",
            changed(SEGMENT, ("piece is None or len(made) > 16_000", "made")),
        ),
        WrongAnswer("corked", changed(SEGMENT, (FINALLY, "    finally:\n        pass\n"), ("TCP_NODELAY", "TCP_CORK"))),
        WrongAnswer(
            "more-was-promised",
            """%%answer segment
def send_page(sock, pieces):
    for piece in pieces:
        if piece is not None:
            sock.sendall(piece, socket.MSG_MORE)
""",
        ),
        WrongAnswer("sends-a-part", changed(SEGMENT, ("        sock.sendall(made)\n    finally", "    finally"))),
        WrongAnswer(
            "too-many-buffers",
            changed(
                SEGMENT,
                ("bytearray()", "[]"),
                ('made += piece or b""', 'made.append(piece or b"")'),
                ("len(made)", "sum(map(len, made))"),
                ("sock.sendall(made)", "sock.sendmsg(made)"),
            ),
        ),
        WrongAnswer("other-bytes", changed(SEGMENT, ('made += piece or b""', 'made[:0] = piece or b""'))),
        WrongAnswer(
            "keeps-the-broken",
            changed(
                SEGMENT,
                ("    made = bytearray()\n", ""),
                (
                    "def send_page(sock, pieces):\n",
                    "made = bytearray()\n\n\ndef send_page(sock, pieces):\n    global made\n",
                ),
                (
                    "        sock.sendall(made)\n    finally",
                    "        sock.sendall(made)\n        made.clear()\n    finally",
                ),
            ),
        ),
        WrongAnswer(
            "default-is-kept",
            changed(
                SEGMENT,
                ("    made = bytearray()\n", ""),
                ("(sock, pieces)", "(sock, pieces, made=bytearray())"),
                (
                    "        sock.sendall(made)\n    finally",
                    "        sock.sendall(made)\n        made.clear()\n    finally",
                ),
            ),
        ),
        WrongAnswer("does-not-wait", changed(SEGMENT, ("    made = ", "    sock.setblocking(False)\n    made = "))),
        WrongAnswer("scrambled", changed(SEGMENT, ("sock.sendall", "sock.send"))),
    ],
    "lasting": [
        WrongAnswer("closes-at-once", changed(LASTING, ("    keep_alive = True\n", ""))),
        WrongAnswer("falls-silent", changed(LASTING, ('self.state = "reading"\n        else', "pass\n        else"))),
        WrongAnswer("no-limit", changed(LASTING, (" and self.answers < 5", ""))),
        # A page that needs no Redis has left by then.
        WrongAnswer(
            "decides-too-late",
            changed(
                LASTING,
                (
                    """    def respond(self, response):
        self.answers += 1
        self.keep = self.keep and self.answers < 5
        super().respond(response)
""",
                    """    def begin(self, request):
        super().begin(request)
        self.answers += 1
        if self.answers == 5:
            self.keep = False
""",
                ),
            ),
        ),
        # The count is the server's, and begins again with the next five.
        WrongAnswer(
            "closes-in-between",
            changed(
                LASTING,
                (
                    """        self.answers += 1
        self.keep = self.keep and self.answers < 5
""",
                    """        self.server.answers = getattr(self.server, "answers", 0) + 1
        if self.server.answers == 5:
            self.keep, self.server.answers = False, 0
""",
                ),
            ),
        ),
        WrongAnswer("closes-early", changed(LASTING, ("answers < 5", "answers < 4"))),
        WrongAnswer("no-limit", changed(LASTING, ("answers < 5", "answers < 6"))),
        WrongAnswer("counts-for-all", changed(LASTING, ("self.answers += 1", "Lasting.answers += 1"))),
        WrongAnswer(
            "does-not-say",
            changed(
                LASTING,
                ("        self.keep = self.keep and self.answers < 5\n", ""),
                ("        if self.keep:", "        if self.keep and self.answers < 5:"),
            ),
        ),
        WrongAnswer("keeps-the-unwilling", changed(LASTING, ("self.keep and self.answers < 5", "self.answers < 5"))),
        WrongAnswer("loses-requests", changed(LASTING, (TAKE_UP, ""))),
        WrongAnswer(
            "out-of-order",
            changed(LASTING, (' and self.state == "reading"', "")),
        ),
        WrongAnswer(
            "never-rests",
            LASTING
            + """
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.look()

    def look(self):
        for connection in list(self.connections):
            connection.ready(1)
        self.timers.call_in(0.01, self.look)
""",
        ),
        WrongAnswer(
            "stays-open",
            changed(
                LASTING,
                ("            super().answered()", "            self.keep_alive"),
            ),
        ),
        WrongAnswer(
            "library",
            """%%answer lasting
from zerohttpd_lib.servers.keepalive import KeepaliveServer


class LastingServer(KeepaliveServer):
    pass
""",
        ),
    ],
}
