"""Wrong answers to exercise 03."""

from wrong_answers import WrongAnswer

UNASKED = """%%answer unasked
revents = {"a": "IN|HUP", "b": "none", "c": "IN", "d": "ERR|HUP", "e": "NVAL"}
"""

LAST_WORDS = """%%answer last_words
def last_words(sock, seconds):
    array = (PollFd * 1)(PollFd(sock.fileno(), select.POLLIN))
    data, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if poll(array, milliseconds=int(left * 1000) + 1):
            try:
                piece = sock.recv(1000)
            except ConnectionResetError:
                return data, "reset"
            if not piece:
                return data, "closed"
            data += piece
    return data, "still there"
"""

NO_LIMIT = """%%answer last_words
def last_words(sock, seconds):
    array = (PollFd * 1)(PollFd(sock.fileno(), select.POLLIN))
    data = b""
    while True:
        poll(array, milliseconds=-1)
        try:
            piece = sock.recv(1000)
        except ConnectionResetError:
            return data, "reset"
        if not piece:
            return data, "closed"
        data += piece
"""

ARRAY = """%%answer array
class ArrayPoller:
    def __init__(self):
        self.events = {}
        self.paused = set()

    def watch(self, fd, events):
        self.events[fd] = events

    def modify(self, fd, events):
        if fd not in self.events:
            raise KeyError(fd)
        self.events[fd] = events

    def forget(self, fd):
        del self.events[fd]
        self.paused.discard(fd)

    def pause(self, fd):
        if fd not in self.events:
            raise KeyError(fd, "pause")
        self.paused.add(fd)

    def resume(self, fd):
        if fd not in self.events:
            raise KeyError(fd, "resume")
        self.paused.discard(fd)

    def wait(self, milliseconds):
        entries = [PollFd(~fd if fd in self.paused else fd, events) for fd, events in self.events.items()]
        array = (PollFd * len(entries))(*entries)
        poll(array, milliseconds)
        return [(entry.fd, entry.revents) for entry in array if entry.revents]
"""

DENSITY = """%%answer density
def density(first, ready, more):
    watched, looked_at = first, 0
    for change in more:
        looked_at += watched
        watched += change
    return sum(ready) / looked_at if ready else 0.0
"""

LOOKS = """%%answer looks
busy = 1
silent = 100
because = "b"
"""


SPINS = """import time

        end = time.monotonic() + milliseconds / 1000
        while not poll(array, 0) and (milliseconds < 0 or time.monotonic() < end):
            pass"""

HUP_FIRST = """            if array[0].revents & select.POLLHUP:
                return data, "closed"
"""
AGAIN = """            data += piece
            end = time.monotonic() + seconds
"""
EACH = """        if not poll(array, milliseconds=int(seconds * 1000)):
            return data, "still there"
"""
EARLY = """        if not poll(array, milliseconds=int(seconds)):
            return data, "still there"
"""

RESUME = """            raise KeyError(fd, "resume")
        self.paused.discard(fd)
"""


def changed(cell: str, old: str, new: str) -> str:
    """The cell with one mistake put in."""
    assert cell.count(old) == 1, old
    return cell.replace(old, new)


WRONG = {
    "unasked": [
        WrongAnswer("pair-closed", changed(UNASKED, '"a": "IN|HUP"', '"a": "IN"')),
        WrongAnswer("close-unasked", changed(UNASKED, '"b": "none"', '"b": "HUP"')),
        WrongAnswer("close-asked", changed(UNASKED, '"c": "IN"', '"c": "IN|RDHUP"')),
        WrongAnswer("reset-unasked", changed(UNASKED, '"d": "ERR|HUP"', '"d": "none"')),
        WrongAnswer("reset-and-more", changed(UNASKED, '"d": "ERR|HUP"', '"d": "IN|ERR|HUP"')),
        WrongAnswer("closed-number", changed(UNASKED, '"e": "NVAL"', '"e": "ERR"')),
        WrongAnswer("no-names", changed(UNASKED, '"e": "NVAL"', '"e": "OSError: Bad file descriptor"')),
    ],
    "last_words": [
        WrongAnswer(
            "leaves-at-hup",
            changed(
                LAST_WORDS,
                "            try:\n",
                f"{HUP_FIRST}            try:\n",
            ),
        ),
        WrongAnswer(
            "stops-early",
            """%%answer last_words
def last_words(sock, seconds):
    array = (PollFd * 1)(PollFd(sock.fileno(), select.POLLIN))
    poll(array, milliseconds=int(seconds * 1000))
    try:
        return sock.recv(1000), "closed"
    except ConnectionResetError:
        return b"", "reset"
""",
        ),
        WrongAnswer("reset-escapes", changed(LAST_WORDS, "ConnectionResetError", "BrokenPipeError")),
        WrongAnswer("how-it-ended", changed(LAST_WORDS, '"reset"', '"closed"')),
        WrongAnswer("how-it-ended", changed(LAST_WORDS, '"still there"', '"closed"')),
        WrongAnswer("lost-at-reset", changed(LAST_WORDS, 'data, "reset"', 'b"", "reset"')),
        WrongAnswer("no-pair", changed(LAST_WORDS, 'return data, "closed"', "return data")),
        WrongAnswer("too-slow", changed(LAST_WORDS, "select.POLLIN", "0")),
        # Takes 300 ms of silence for the end.
        WrongAnswer(
            "stops-early",
            changed(
                changed(LAST_WORDS, "int(left * 1000) + 1", "300"),
                "            data += piece\n",
                '            data += piece\n        elif data:\n            return data, "closed"\n',
            ),
        ),
        # Looks ten times a second, or again and again.
        WrongAnswer("wakes-up", changed(LAST_WORDS, "int(left * 1000) + 1", "100")),
        WrongAnswer("wakes-up", changed(LAST_WORDS, "int(left * 1000) + 1", "0")),
        WrongAnswer(
            "reads-without-asking", changed(LAST_WORDS, "if poll(array, milliseconds=int(left * 1000) + 1)", "if True")
        ),
        WrongAnswer("no-limit", NO_LIMIT),
        WrongAnswer("starts-again", changed(LAST_WORDS, "            data += piece\n", AGAIN)),
        WrongAnswer("starts-again", changed(NO_LIMIT, "        poll(array, milliseconds=-1)\n", EACH)),
        WrongAnswer("leaves-early", changed(NO_LIMIT, "        poll(array, milliseconds=-1)\n", EARLY)),
        WrongAnswer(
            "waits-once",
            """%%answer last_words
def last_words(sock, seconds):
    array = (PollFd * 1)(PollFd(sock.fileno(), select.POLLIN))
    sock.setblocking(False)
    data = b""
    poll(array, milliseconds=int(seconds * 1000))
    while True:
        try:
            piece = sock.recv(1000)
        except BlockingIOError:
            return data, "still there"
        except ConnectionResetError:
            return data, "reset"
        if not piece:
            return data, "closed"
        data += piece
""",
        ),
        # Asks again and again in its last millisecond.
        WrongAnswer("spins-at-the-end", changed(LAST_WORDS, "int(left * 1000) + 1", "int(left * 1000)")),
        WrongAnswer("lost-at-the-end", changed(LAST_WORDS, 'data, "still there"', 'b"", "still there"')),
        WrongAnswer(
            "swallows-errors",
            changed(
                LAST_WORDS,
                'except ConnectionResetError:\n                return data, "reset"',
                'except Exception:\n                return data, "closed"',
            ),
        ),
        WrongAnswer(
            "text-for-bytes", changed(LAST_WORDS, 'return data, "closed"', "return data.decode('latin-1'), \"closed\"")
        ),
    ],
    "array": [
        WrongAnswer(
            "pythons-poller",
            """%%answer array
class ArrayPoller:
    def __init__(self):
        self.poller = select.poll()

    def watch(self, fd, events):
        self.poller.register(fd, events)
""",
        ),
        WrongAnswer("lists-all", changed(ARRAY, " if entry.revents]", "]")),
        WrongAnswer(
            "not-the-ready",
            changed(
                ARRAY,
                "        poll(array, milliseconds)\n        return [(entry.fd, entry.revents) for entry in array if",
                "        found = poll(array, milliseconds)\n"
                "        return [(entry.fd, entry.revents) for entry in array[:found] if",
            ),
        ),
        WrongAnswer(
            "one-by-one",
            """%%answer array
class ArrayPoller:
    def __init__(self):
        self.events = {}

    def watch(self, fd, events):
        self.events[fd] = events

    modify = watch

    def forget(self, fd):
        del self.events[fd]

    def wait(self, milliseconds):
        ready = []
        for fd, events in self.events.items():
            array = (PollFd * 1)(PollFd(fd, events))
            if poll(array, milliseconds):
                ready.append((fd, array[0].revents))
                milliseconds = 0
        return ready
""",
        ),
        WrongAnswer(
            "adds-events",
            changed(
                ARRAY, "raise KeyError(fd)\n        self.events[fd] =", "raise KeyError(fd)\n        self.events[fd] |="
            ),
        ),
        WrongAnswer("keeps-forgotten", changed(ARRAY, "del self.events[fd]", "self.events[fd]")),
        WrongAnswer("paused-reported", changed(ARRAY, "self.paused.add(fd)", "pass")),
        WrongAnswer("pause-toggles", changed(ARRAY, "self.paused.add(fd)", "self.paused ^= {fd}")),
        WrongAnswer("zero-is-not-negative", changed(ARRAY, "~fd if", "-fd if")),
        WrongAnswer(
            "paused-hangs-up",
            changed(
                ARRAY,
                "PollFd(~fd if fd in self.paused else fd, events)",
                "PollFd(fd, 0 if fd in self.paused else events)",
            ),
        ),
        WrongAnswer(
            "modify-resumes",
            changed(
                ARRAY,
                "raise KeyError(fd)\n        self.events[fd] =",
                "raise KeyError(fd)\n        self.paused.discard(fd)\n        self.events[fd] =",
            ),
        ),
        WrongAnswer("never-resumed", changed(ARRAY, RESUME, RESUME.replace("discard(fd)", "discard(~fd)"))),
        WrongAnswer("loses-place", changed(ARRAY, RESUME, f"{RESUME}        self.events[fd] = self.events.pop(fd)\n")),
        WrongAnswer(
            "stays-paused",
            changed(ARRAY, "del self.events[fd]\n        self.paused.discard(fd)", "del self.events[fd]"),
        ),
        WrongAnswer(
            "forgets-change",
            changed(
                changed(ARRAY, "self.paused.add(fd)", "self.paused.add(fd)\n        self.before = self.events[fd]"),
                RESUME,
                f"{RESUME}        self.events[fd] = self.before\n",
            ),
        ),
        WrongAnswer(
            "paused-wakes",
            changed(
                changed(ARRAY, "~fd if fd in self.paused else fd", "fd"),
                "if entry.revents]",
                "if entry.revents and entry.fd not in self.paused]",
            ),
        ),
        WrongAnswer("no-error", changed(ARRAY, RESUME, RESUME.replace('raise KeyError(fd, "resume")', "pass"))),
        WrongAnswer("drops-unasked", changed(ARRAY, "if entry.revents]", "if entry.revents & entry.events]")),
        WrongAnswer("no-error", changed(ARRAY, "del self.events[fd]", "self.events.pop(fd, None)")),
        WrongAnswer("drops-unasked", changed(ARRAY, "if entry.revents]", "if entry.revents & ~select.POLLNVAL]")),
        WrongAnswer("wakes-up", changed(ARRAY, "poll(array, milliseconds)", SPINS)),
        WrongAnswer("out-of-order", changed(ARRAY, "in self.events.items()]", "in sorted(self.events.items())]")),
        # What is changed goes to the end.
        WrongAnswer(
            "out-of-order", changed(ARRAY, "raise KeyError(fd)\n", "raise KeyError(fd)\n        del self.events[fd]\n")
        ),
        WrongAnswer("other-error", changed(ARRAY, "raise KeyError(fd)", "raise ValueError(fd)")),
        WrongAnswer("does-not-wait", changed(ARRAY, "poll(array, milliseconds)", "poll(array)")),
        WrongAnswer("does-not-wait", changed(ARRAY, "poll(array, milliseconds)", "poll(array, milliseconds // 1000)")),
        WrongAnswer(
            "out-of-order",
            changed(ARRAY, "for fd, events in self.events.items()", "for fd, events in reversed(self.events.items())"),
        ),
    ],
    "density": [
        WrongAnswer(
            "text-for-number", changed(DENSITY, "return sum(ready) / looked_at", "return str(sum(ready) / looked_at)")
        ),
        WrongAnswer(
            "prints-not-returns",
            changed(DENSITY, "return sum(ready) / looked_at if ready else 0.0", "print(sum(ready) / looked_at)"),
        ),
        WrongAnswer(
            "changed-too-soon",
            changed(
                DENSITY,
                "        looked_at += watched\n        watched += change\n",
                "        watched += change\n        looked_at += watched\n",
            ),
        ),
        WrongAnswer("never-changes", changed(DENSITY, "        watched += change\n", "")),
        WrongAnswer(
            "mean-of-shares",
            """%%answer density
def density(first, ready, more):
    watched, shares = first, []
    for number, change in zip(ready, more):
        shares.append(number / watched)
        watched += change
    return sum(shares) / len(shares) if shares else 0.0
""",
        ),
        WrongAnswer("upside-down", changed(DENSITY, "sum(ready) / looked_at", "looked_at / sum(ready)")),
        WrongAnswer("per-wait", changed(DENSITY, "sum(ready) / looked_at", "sum(ready) / len(ready)")),
        WrongAnswer("last", changed(DENSITY, "sum(ready) / looked_at", "ready[-1] / (watched - change)")),
        WrongAnswer("percent", changed(DENSITY, "sum(ready) / looked_at", "100 * sum(ready) / looked_at")),
        WrongAnswer("whole", changed(DENSITY, "sum(ready) / looked_at", "sum(ready) // looked_at")),
        WrongAnswer("no-wait", changed(DENSITY, " if ready else 0.0", "")),
    ],
    "looks": [
        WrongAnswer("busy", changed(LOOKS, "busy = 1", "busy = 10")),
        WrongAnswer("silent-free", changed(LOOKS, "silent = 100", "silent = 1")),
        WrongAnswer("silent-too-much", changed(LOOKS, "silent = 100", "silent = 1000")),
        WrongAnswer("because-a", changed(LOOKS, '"b"', '"a"')),
        WrongAnswer("because-c", changed(LOOKS, '"b"', '"c"')),
        WrongAnswer("because-d", changed(LOOKS, '"b"', '"d"')),
        WrongAnswer("no-choice", changed(LOOKS, "silent = 100", "silent = 137.5")),
    ],
}
