"""Wrong answers to exercise 11."""

from wrong_answers import WrongAnswer

WOKEN = """%%answer woken
woken = {1: 5, 2: 1, 3: 3, 4: 1, 5: 1}
"""

CAPACITY = """%%answer capacity
def capacity(samples, memory, descriptors):
    (few, less), (many, more) = min(samples), max(samples)
    each = (more - less) / (many - few)
    before = less - each * few
    connections = max(0, int((memory - before) // each))
    return connections, -(-connections // (descriptors - 20))
"""

ONE_WAKES = """%%answer one_wakes
class OneWakes(EpollServer):
    def watch(self, fd, events):
        if fd == self.listener.fileno():
            events |= select.EPOLLEXCLUSIVE
        super().watch(fd, events)
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A right answer with a mistake put in."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


WRONG = {
    "woken": [
        WrongAnswer("herd-missed", changed(WOKEN, ("1: 5", "1: 1"))),
        WrongAnswer("exclusive-wakes-more", changed(WOKEN, ("2: 1", "2: 2"))),
        WrongAnswer("plain-not-spared", changed(WOKEN, ("3: 3", "3: 1"))),
        WrongAnswer("stops-at-the-busy", changed(WOKEN, ("4: 1", "4: 0"))),
        WrongAnswer("dealt-to-more", changed(WOKEN, ("5: 1", "5: 5"))),
        WrongAnswer("not-filled-in", changed(WOKEN, ("5: 1", "5: None"))),
    ],
    "capacity": [
        WrongAnswer(
            "base-in-each",
            changed(CAPACITY, ("(more - less) / (many - few)", "more / many"), ("less - each * few", "0")),
        ),
        WrongAnswer("rounds-each", changed(CAPACITY, ("(more - less) / (many", "(more - less) // (many"))),
        WrongAnswer("base-forgotten", changed(CAPACITY, ("less - each * few", "0"))),
        WrongAnswer(
            "one-too-many", changed(CAPACITY, ("int((memory - before) // each)", "round((memory - before) / each)"))
        ),
        WrongAnswer(
            "process-too-few",
            changed(CAPACITY, ("-(-connections // (descriptors - 20))", "connections // (descriptors - 20)")),
        ),
        WrongAnswer(
            "process-too-many",
            changed(CAPACITY, ("-(-connections // (descriptors - 20))", "connections // (descriptors - 20) + 1")),
        ),
        WrongAnswer("spare-forgotten", changed(CAPACITY, (" - 20", ""))),
        WrongAnswer(
            "less-than-nothing",
            changed(CAPACITY, ("max(0, int((memory - before) // each))", "int((memory - before) // each) or 1")),
        ),
        WrongAnswer(
            "less-than-nothing",
            changed(CAPACITY, ("max(0, int((memory - before) // each))", "int((memory - before) / each)")),
        ),
        WrongAnswer(
            "swapped",
            changed(
                CAPACITY,
                (
                    "return connections, -(-connections // (descriptors - 20))",
                    "return -(-connections // (descriptors - 20)), connections",
                ),
            ),
        ),
        WrongAnswer("no-pair", changed(CAPACITY, (", -(-connections // (descriptors - 20))", ""))),
    ],
    "one_wakes": [
        WrongAnswer(
            "herd", changed(ONE_WAKES, ("            events |= select.EPOLLEXCLUSIVE\n", "            pass\n"))
        ),
        WrongAnswer("edge-wakes-all", changed(ONE_WAKES, ("EPOLLEXCLUSIVE", "EPOLLET"))),
        WrongAnswer("clients-too", changed(ONE_WAKES, ("        if fd == self.listener.fileno():\n    ", ""))),
        WrongAnswer(
            "flag-refused", changed(ONE_WAKES, ("select.EPOLLEXCLUSIVE", "select.EPOLLEXCLUSIVE | select.EPOLLONESHOT"))
        ),
        WrongAnswer(
            "door-unwatched",
            changed(
                ONE_WAKES,
                ("class OneWakes", "import fcntl\nimport tempfile\n\n\nclass OneWakes"),
                (
                    "            events |= select.EPOLLEXCLUSIVE\n",
                    "            events |= select.EPOLLEXCLUSIVE\n"
                    "            self.mutex = open(tempfile.gettempdir() + '/door', 'w')\n"
                    "            try:\n"
                    "                fcntl.flock(self.mutex, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
                    "            except BlockingIOError:\n"
                    "                return\n",
                ),
            ),
        ),
        # The library's own, under the name that is asked for.
        WrongAnswer(
            "library",
            """%%answer one_wakes
class OneWakes(EpollServer):
    def __new__(cls, *arguments):
        from zerohttpd_lib.servers.multiprocess import MultiprocessServer

        return MultiprocessServer(*arguments)
""",
        ),
        WrongAnswer("wakes-up", ONE_WAKES + "\n    def wait(self):\n        return self.epoll.poll(0.02)\n"),
        WrongAnswer(
            "left-at-the-door",
            changed(ONE_WAKES, ("select.EPOLLEXCLUSIVE", "select.EPOLLEXCLUSIVE | select.EPOLLET")),
        ),
    ],
}
