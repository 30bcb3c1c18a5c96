"""Mutants that pass the checks, and may: by task, the changed line (as mutants.py shows it) and the reason.

Either the change makes no difference at all, or none that the task speaks of.
"""

from __future__ import annotations

from typing import Final

STOPPING: Final = "How the server is stopped is what the task before is about, not this one."
SMALL: Final = "Small and capital letters mean the same event: the check takes both on purpose."
LARGE: Final = "A letter or a word may be written large."
ANY_CASE: Final = "The names of events may be written large or small."
ROUNDED: Final = "Less than a thousandth: the check allows two hundredths, to those who round."

EQUIVALENT: Final[dict[str, dict[str, str]]] = {
    # exercise 01
    "crowd": {
        "serve: without redis.disconnect()": "The connection is closed with its last reference, when serve() returns.",
    },
    "patience": {
        "run: threads = [Thread(target=self.serve_clients, daemon=None) for _ in range(4)]": STOPPING,
        "run: threads = [Thread(target=self.serve_clients, ) for _ in range(4)]": STOPPING,
        "run: threads = [Thread(target=self.serve_clients, daemon=False) for _ in range(4)]": STOPPING,
    },
    # exercise 02
    "connect": {
        "state: poller.register(sock, )": "Without events, register() asks for OUT, too (select, poll.register).",
    },
    "chain": {
        "receive: self.data += self.sock.recv(4097)": "The size of a piece is free.",
    },
    "half": {
        "read_request: chunk = client.sock.recv(65537)": "The size of a piece is free.",
    },
    # exercise 03
    "unasked": {
        '"a": "in|hup",': SMALL,
        '"b": "NONE",': SMALL,
        '"c": "in",': SMALL,
        '"d": "err|hup",': SMALL,
        '"e": "nval",': SMALL,
    },
    "last_words": {
        "last_words: array = (PollFd * 2)(PollFd(sock.fileno(), select.POLLIN))": (
            "The second entry asks for nothing, of descriptor 0, on which nothing happens."
        ),
        "last_words: piece = sock.recv(1001)": "The size of a piece is free.",
    },
    # exercise 04
    "drain": {
        "take_all: piece = sock.recv(4097)": "How much one read asks for is free: it goes on until nothing is left.",
    },
    # exercise 05
    "closed": {
        'reported = {1: "nval", 2: "nothing", 3: "IN", 4: "nothing"}': ANY_CASE,
        'reported = {1: "NVAL", 2: "NOTHING", 3: "IN", 4: "nothing"}': ANY_CASE,
        'reported = {1: "NVAL", 2: "nothing", 3: "in", 4: "nothing"}': ANY_CASE,
        'reported = {1: "NVAL", 2: "nothing", 3: "IN", 4: "NOTHING"}': ANY_CASE,
        'because = "B"': LARGE,
    },
    # exercise 06
    "calls": {'because = "B"': LARGE},
    "winner": {
        'cheaper = {1: "EPOLL", 2: "epoll", 3: "close", 4: "close"}': LARGE,
        'cheaper = {1: "epoll", 2: "EPOLL", 3: "close", 4: "close"}': LARGE,
        'cheaper = {1: "epoll", 2: "epoll", 3: "CLOSE", 4: "close"}': LARGE,
        'cheaper = {1: "epoll", 2: "epoll", 3: "close", 4: "CLOSE"}': LARGE,
        'decides = "C"': LARGE,
    },
    "fit": {
        "fit: watched, ready, seconds = np.array(times, dtype=None).T": "The times are floats, so all of it is.",
        "fit: watched, ready, seconds = np.array(times, ).T": "The times are floats, so all of it is.",
        "fit: prices, *_ = np.linalg.lstsq(terms / seconds[:, None], seconds / seconds, )": (
            "rcond is for columns that depend on each other, which these do not."
        ),
    },
    "table": {
        "half_at = {name: next(n for n in column if column[n] <= max(column.values()) / 2) "
        "for name, column in rates.items()}": "No rate in the table is exactly half of the best one.",
        "watched_more = 2 * (2501 - 300) / processes": ROUNDED,
        "watched_more = 2 * (2500 - 301) / processes": ROUNDED,
        'verdict = "B"': LARGE,
    },
}
