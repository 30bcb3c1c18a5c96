"""Right answers to exercise 06 that are unlike its solutions."""

from right_answers import RightAnswer

RIGHT = {
    "calls": [
        RightAnswer(
            "floats, and a large letter",
            """%%answer calls
guestbook, style_sheet = dict(poll=6.0, epoll=12.0), dict(poll=2.0, epoll=4.0)
because = "B"
""",
        ),
        RightAnswer(
            "added up in a dict of another kind",
            """%%answer calls
from collections import Counter

waits, changes = ["listener", "request", "connect", *3 * ["reply"]], 2 * ["watch", "modify", "forget"]
guestbook = Counter(poll=len(waits), epoll=len(waits) + len(changes))
style_sheet = Counter(poll=len(waits[:2]), epoll=len(waits[:2]) + 2)
because = "b"
""",
        ),
        RightAnswer(
            "of numpy's",
            """%%answer calls
guestbook, style_sheet = (dict(zip(("poll", "epoll"), row)) for row in np.array([[6, 12], [2, 4]]))
because = "b"
""",
        ),
    ],
    "winner": [
        RightAnswer(
            "large letters",
            '%%answer winner\ncheaper = {1: "EPOLL", 2: "Epoll", 3: "close", 4: "close "}\ndecides = "C"\n',
        ),
        RightAnswer(
            "by a rule",
            """%%answer winner
situations = {1: (1000, 1), 2: (1000, 10), 3: (1000, 1000), 4: (3, 1)}
cheaper = {number: "epoll" if ready / watched < 0.1 else "close" for number, (watched, ready) in situations.items()}
decides = "c"
""",
        ),
        RightAnswer(
            "one word more than was asked for",
            '%%answer winner\ncheaper = dict(enumerate(["?", "epoll", "epoll", "close", "close"]))\ndecides = "c"\n',
        ),
    ],
    "fit": [
        RightAnswer(
            "the normal equations, as an array",
            """%%answer fit
def fit(times):
    watched, ready, seconds = np.array(times).T
    rows = np.stack([1 / seconds, watched / seconds, ready / seconds], axis=1)
    scale = np.linalg.norm(rows, axis=0)
    rows = rows / scale
    return np.linalg.solve(rows.T @ rows, rows.T @ np.ones(len(rows))) / scale
""",
        ),
        RightAnswer(
            "the pseudo-inverse, in microseconds on the way",
            """%%answer fit
def fit(times):
    rows = [[1 / (s * 1e6), w / (s * 1e6), r / (s * 1e6)] for w, r, s in times]
    return tuple(float(price) / 1e6 for price in np.linalg.pinv(rows) @ np.ones(len(times)))
""",
        ),
        RightAnswer(
            "by QR, a generator for the rows",
            """%%answer fit
def fit(times):
    rows = np.array(list(np.array([1, watched, ready]) / seconds for watched, ready, seconds in times))
    q, r = np.linalg.qr(rows)
    base, per_watched, per_ready = np.linalg.solve(r, q.T @ np.ones(len(times)))
    return base, per_watched, per_ready
""",
        ),
    ],
    "crossing": [
        RightAnswer(
            "a fraction",
            """%%answer crossing
from fractions import Fraction


def crossing(poll, epoll, ready, waits, changes):
    poll, epoll = ({name: Fraction(price) for name, price in prices.items()} for prices in (poll, epoll))
    dearer = epoll["base"] - poll["base"] + (epoll["per_ready"] - poll["per_ready"]) * ready
    dearer += Fraction(changes, waits) * epoll["per_change"]
    return max(Fraction(0), dearer / (poll["per_watched"] + poll["per_rebuilt"]))
""",
        ),
        RightAnswer(
            "the first whole number, searched for",
            """%%answer crossing
def crossing(poll, epoll, ready, waits, changes):
    watched = 0
    page = waits * (epoll["base"] + epoll["per_ready"] * ready) + changes * epoll["per_change"]
    each = poll["per_watched"] + poll["per_rebuilt"]
    while waits * (poll["base"] + each * watched + poll["per_ready"] * ready) < page:
        watched += 1
    return watched
""",
        ),
        RightAnswer(
            "a number of numpy's",
            """%%answer crossing
def crossing(poll, epoll, ready, waits, changes):
    terms = np.array([1.0, ready])
    gap = terms @ [epoll["base"] - poll["base"], epoll["per_ready"] - poll["per_ready"]]
    each = poll["per_watched"] + poll["per_rebuilt"]
    return np.clip((gap * waits + changes * epoll["per_change"]) / waits / each, 0, None)
""",
        ),
    ],
    "table": [
        RightAnswer(
            "fractions",
            """%%answer table
from fractions import Fraction

half_at = {"poll": Fraction(1500), "epoll": 15000}
rates = published_table()["poll"]
seconds = Fraction(10) / Fraction(rates[2500]) - Fraction(10) / Fraction(rates[300])
more_per_page = seconds * 1000
price = seconds / 6 / 440 * 10**9
verdict = "b"
""",
        ),
        RightAnswer(
            "rounded by hand",
            """%%answer table
half_at = {"poll": 1500.0, "epoll": 15000.0}
more_per_page = 16.0
price = 6050
verdict = "B"
""",
        ),
        RightAnswer(
            "of numpy's",
            """%%answer table
half_at = {}
for name in ("poll", "epoll"):
    clients, rates = np.array([(n, r) for n, r in published_table()[name].items() if isinstance(r, float)]).T
    half_at[name] = clients[np.argmax(rates < rates.max() / 2)]
poll = published_table()["poll"]
more_per_page = np.subtract(*(10_000 / np.array([poll[2500], poll[300]])))
price = more_per_page * np.float64(1e6) / (6 * 440)
verdict = np.str_("b")
""",
        ),
    ],
}
