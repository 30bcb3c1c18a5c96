"""Mutants that pass the checks, and may: by task, the changed line (as mutants.py shows it) and the reason.

Either the change makes no difference at all, or none that the task speaks of.
"""

from __future__ import annotations

from typing import Final

STOPPING: Final = "How the server is stopped is what the task before is about, not this one."
SMALL: Final = "Small and capital letters mean the same event: the check takes both on purpose."
LARGE: Final = "A letter or a word may be written large."
ANY_CASE: Final = "The names of events may be written large or small."
PIECE: Final = "The size of a piece is free."
FALSE: Final = "It is only asked whether it is true, and None is not."
ANSWER: Final = "What the speaker is told is not what the task is about."
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
        "receive: self.data += self.sock.recv(4097)": PIECE,
    },
    "half": {
        "read_request: chunk = client.sock.recv(65537)": PIECE,
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
        "last_words: while (left := end - time.monotonic()) >= 0:": (
            "Another answer only if it is the end to the nanosecond."
        ),
        "last_words: if poll(array, milliseconds=int(left * 1001) + 1):": (
            "A thousandth more of a limit is no other limit."
        ),
        "last_words: if poll(array, milliseconds=int(left * 1000) + 2):": (
            "A millisecond more, as any rounding may bring."
        ),
        "last_words: piece = sock.recv(1001)": PIECE,
    },
    # exercise 04
    "drain": {
        "take_all: piece = sock.recv(4097)": "How much one read asks for is free: it goes on until nothing is left.",
    },
    # exercise 05
    "closed": {
        'reported = {1: "nval", 2: "nothing", 3: "IN", 4: "nothing", 5: "IN|HUP", 6: "nothing"}': ANY_CASE,
        'reported = {1: "NVAL", 2: "NOTHING", 3: "IN", 4: "nothing", 5: "IN|HUP", 6: "nothing"}': ANY_CASE,
        'reported = {1: "NVAL", 2: "nothing", 3: "in", 4: "nothing", 5: "IN|HUP", 6: "nothing"}': ANY_CASE,
        'reported = {1: "NVAL", 2: "nothing", 3: "IN", 4: "NOTHING", 5: "IN|HUP", 6: "nothing"}': ANY_CASE,
        'reported = {1: "NVAL", 2: "nothing", 3: "IN", 4: "nothing", 5: "in|hup", 6: "nothing"}': ANY_CASE,
        'reported = {1: "NVAL", 2: "nothing", 3: "IN", 4: "nothing", 5: "IN|HUP", 6: "NOTHING"}': ANY_CASE,
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
        "more_per_page = seconds_more * 1001.0": "A thousandth: the check allows two hundredths, to those who round.",
        "price = seconds_more / (waits * watched_more) * 1000000001.0": ROUNDED,
        'verdict = "B"': LARGE,
    },
    # exercise 07
    "referee": {
        'complaints: latency = float("INF") if test["mean_ms"] is None else test["mean_ms"] / 1000': (
            "float() reads it written large, too."
        ),
        'complaints: latency = float("inf") if test["mean_ms"] is None else test["mean_ms"] / 1001': (
            "A thousandth. A tenth is allowed, and whoever divides the other way round comes to a hundredth more: "
            "the check leaves room for that."
        ),
        "complaints: if not abs(answered / expected - 1) < 0.1:": "It differs only if it is off by a tenth to the bit.",
    },
    "pairs": {
        "share_of_pairs: return sum(each > measured - 1e-9 for each in sums) / len(ways)": (
            "No sum is exactly a billionth below the measured one."
        ),
    },
    "due": {
        "open_loop: left = max(0.0, due[begun] - time.monotonic()) if begun < number else +1": (
            "Behind the last request, while it waits for answers, it wakes up once a second. The task speaks of the "
            "time between two requests."
        ),
        "open_loop: left = max(0.0, due[begun] - time.monotonic()) if begun < number else -2": (
            "Any negative limit is none (man 2 epoll_wait)."
        ),
        "open_loop: without sock.recv(16)": "That the socket is readable says it: the first byte is there.",
        "open_loop: sock.recv(17)": PIECE,
        "open_loop: while begun < number and due[begun] < time.monotonic():": (
            "It differs only if the clock, which counts in nanoseconds, shows exactly the moment."
        ),
        "open_loop: without poller.close()": "It is closed with its last reference, when open_loop() returns.",
    },
    "door": {
        "__init__: without listener.listen(1024)": (
            "The lab has made the listener with room for 4,096; it is the 8 that made it narrow."
        ),
        "__init__: listener.listen(1025)": "Any number that is large enough is right.",
    },
    # exercise 08
    "asleep": {
        f"epoll = {{1: {one}, 2: {two}, 3: {three}, 4: {four}, 5: {five}}}": LARGE
        for one, two, three, four, five in (
            ('"EPOLL_WAIT"', '"epoll_wait"', '"recv"', '"send"', '"epoll_wait"'),
            ('"epoll_wait"', '"EPOLL_WAIT"', '"recv"', '"send"', '"epoll_wait"'),
            ('"epoll_wait"', '"epoll_wait"', '"RECV"', '"send"', '"epoll_wait"'),
            ('"epoll_wait"', '"epoll_wait"', '"recv"', '"SEND"', '"epoll_wait"'),
            ('"epoll_wait"', '"epoll_wait"', '"recv"', '"send"', '"EPOLL_WAIT"'),
        )
    },
    "slow_page": {
        "send_response: client.waits_for_redis = None": FALSE,
        "send_response: without del self.by_redis[client.redis.fileno()]": (
            "The number is on no interest list any more, and the next connection that is given it overwrites the entry."
        ),
        "send_response: without self.forget(client.redis.fileno())": (
            "It is closed at the end of the batch, and then the kernel takes it off the list (man 7 epoll, question 6)."
        ),
        "send_response: without self.finished.append(client.redis)": (
            "It is closed with the last reference to its client: later, but with the client."
        ),
        "send_response: without self.send_rest(client)": (
            "The socket is writable, so the loop calls send_rest() after its next wait, which does not sleep."
        ),
    },
    "time_is_up": {
        "accept_clients: return": "Nothing comes behind the loop.",
        "accept_clients: client.came = None": "It is only asked whether there is such an attribute.",
        "accept_clients: client.came = False": "It is only asked whether there is such an attribute.",
        "read_request: self.deadlines.pop(client, )": "Each client has a deadline, and is read once.",
        "wait: ready = self.epoll.poll(-2 if first is None else max(0.0, first - time.monotonic()))": (
            "Any negative limit is none (man 2 epoll_wait)."
        ),
        "wait: if due >= now:": "It differs only if the clock, which counts in nanoseconds, shows exactly the moment.",
    },
    # exercise 09
    "link": {
        "readable: self.reader.feed(self.sock.recv(65537))": PIECE,
        "readable: without return": "Nothing was fed, so no reply is complete, and the loop ends before it begins.",
    },
    "segment": {
        "send_page: sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 2)": "Any number but 0 says on.",
        "send_page: if piece is None or len(made) >= ENOUGH:": (
            "With exactly 16,000 bytes they leave as a whole at once, and nothing is left for the None to send."
        ),
        "ENOUGH = 16001": "More than 16,000 bytes may leave in one segment, too, and up to 65,536 may be kept.",
    },
    # exercise 10
    "told": {
        "told: without news = False": (
            "At the beginning nothing is unread; what comes then is news. Before that nobody asks for it."
        ),
        "told: news = None": FALSE,
        "told: news = None (3)": FALSE,
        "told: news = True": "At the beginning nothing is unread, and so nothing is reported, news or not.",
    },
    "once": {
        "remove: without del self.sockets[sock.fileno()]": (
            "It is off the interest list, and whoever is given its number next overwrites the entry, in add()."
        ),
    },
    "fair": {"FairUpload: has_a_turn = None": FALSE},
    # exercise 11
    "capacity": {
        "capacity: connections = max(0, int((memory - before) / each))": "int() rounds down, too.",
    },
    # exercise 12
    "patients": {
        'proof = {"A": 10, "B": 9, "C": 13, "D": 9}': "In wait 10 the number is given again: that proves it, too.",
        'proof = {"A": 9, "B": 10, "C": 13, "D": 9}': "In wait 10 HUP is reported again, and nothing is done.",
    },
    "chat": {
        "LIMIT = 100001": "One byte. The check says so many bytes, give or take three lines.",
        "pass_on: if len(client.output) >= LIMIT:": "It differs only if exactly 100,000 bytes wait.",
        r'HEAD = b"HTTP/1.1 200 OK\r\nCONTENT-TYPE: TEXT/PLAIN\r\nCONNECTION: CLOSE\r\n\r\n"': (
            "Names and values of these headers may be written large (RFC 9110, sections 5.1, 7.6.1 and 8.3.1)."
        ),
        "__init__: super().__init__(listener, None)": "A SmallServer keeps the address of Redis, and never asks it.",
        r'respond: client.answer(Response(200, b"said\n", None))': ANSWER,
        r'respond: client.answer(Response(200, b"said\n", ))': ANSWER,
        r'respond: client.answer(Response(200, b"XXsaid\nXX", "text/plain"))': ANSWER,
        r'respond: client.answer(Response(200, b"SAID\n", "text/plain"))': ANSWER,
        r'respond: client.answer(Response(200, b"said\n", "XXtext/plainXX"))': ANSWER,
        r'respond: client.answer(Response(200, b"said\n", "TEXT/PLAIN"))': ANSWER,
        "pass_on: without client.finish()": (
            "Of a broken connection the loop is told as well, by ERR and HUP, and finishes the client."
        ),
    },
}
