"""Wrong answers to exercise 06."""

from wrong_answers import WrongAnswer

CALLS = """%%answer calls
guestbook = {"poll": 6, "epoll": 12}
style_sheet = {"poll": 2, "epoll": 4}
because = "b"
"""

WINNER = """%%answer winner
cheaper = {1: "epoll", 2: "epoll", 3: "close", 4: "close"}
decides = "c"
"""

FIT = """%%answer fit
def fit(times):
    watched, ready, seconds = np.array(times, dtype=float).T
    terms = np.column_stack([np.ones_like(watched), watched, ready])
    prices, *_ = np.linalg.lstsq(terms / seconds[:, None], seconds / seconds, rcond=None)
    return prices.tolist()
"""

CROSSING = """%%answer crossing
def crossing(poll, epoll, ready, waits, changes):
    for_epoll = waits * (epoll["base"] + epoll["per_ready"] * ready) + changes * epoll["per_change"]
    for_poll = waits * (poll["base"] + poll["per_ready"] * ready)
    for_one_more = waits * (poll["per_watched"] + poll["per_rebuilt"])
    return max(0.0, (for_epoll - for_poll) / for_one_more)
"""

BY_CHANGE = 'waits * poll["per_watched"] + changes * poll["per_rebuilt"]'
ONCE = 'waits * epoll["base"] + epoll["per_ready"] * ready'

TABLE = """%%answer table
half_at = {"poll": 1500, "epoll": 15000}
rates = published_table()["poll"]
seconds_more = 10 / rates[2500] - 10 / rates[300]
more_per_page = seconds_more * 1e3
watched_more = 2 * (2500 - 300) / 10
price = seconds_more / (6 * watched_more) * 1e9
verdict = "b"
"""


def changed(text: str, *changes: tuple[str, str]) -> str:
    """A right answer with a mistake put in."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


WRONG = {
    "calls": [
        WrongAnswer("changes-are-free", changed(CALLS, ("12", "6"), ("4", "2"))),
        WrongAnswer("poll-pays-for-changes", changed(CALLS, ("6", "12"), ("2}", "4}"))),
        WrongAnswer("no-accept", changed(CALLS, ("6", "5"), ("12", "11"))),
        WrongAnswer("one-reply", changed(CALLS, ("6", "4"), ("12", "10"))),
        WrongAnswer("two-changes-short", changed(CALLS, ("12", "10"))),
        WrongAnswer("one-descriptor", changed(CALLS, ("12", "9"))),
        WrongAnswer("one-change-short", changed(CALLS, ("4}", "3}"))),
        WrongAnswer("changes-are-free", changed(CALLS, ("4}", "2}"))),
        WrongAnswer("file-asks-redis", changed(CALLS, ("4}", "12}"), ("2,", "6,"))),
        WrongAnswer("text-for-number", changed(CALLS, ("12", '"12"'))),
        WrongAnswer("another-count", changed(CALLS, ("6", "1"), ("12", "7"))),
        WrongAnswer("wrong-reason", changed(CALLS, ('"b"', '"a"'))),
    ],
    "winner": [
        WrongAnswer("scan-is-cheap", changed(WINNER, ('1: "epoll"', '1: "close"'))),
        WrongAnswer("ten-make-it-even", changed(WINNER, ('2: "epoll"', '2: "close"'))),
        WrongAnswer("epoll-always", changed(WINNER, ('3: "close"', '3: "epoll"'))),
        WrongAnswer("epoll-collapses", changed(WINNER, ('3: "close"', '3: "poll"'))),
        WrongAnswer("three-are-many", changed(WINNER, ('4: "close"', '4: "epoll"'))),
        WrongAnswer("call-is-free", changed(WINNER, ('4: "close"', '4: "poll"'))),
        WrongAnswer("no-such-word", changed(WINNER, ('1: "epoll"', '1: "epol"'))),
        WrongAnswer("wrong-reason", changed(WINNER, ('"c"', '"a"'))),
    ],
    "fit": [
        WrongAnswer("absolute", changed(FIT, ("terms / seconds[:, None], seconds / seconds", "terms, seconds"))),
        WrongAnswer(
            "root-weighted",
            changed(FIT, ("seconds[:, None], seconds / seconds", "seconds[:, None]**0.5, seconds**0.5")),
        ),
        WrongAnswer("other-half-weighted", changed(FIT, ("terms / seconds[:, None]", "terms"))),
        WrongAnswer("half-weighted", changed(FIT, ("seconds / seconds", "seconds"))),
        WrongAnswer(
            "no-base",
            changed(FIT, ("np.ones_like(watched), ", ""), ("prices.tolist()", "[0.0, *prices.tolist()]")),
        ),
        WrongAnswer("swapped", changed(FIT, ("watched), watched, ready]", "watched), ready, watched]"))),
        WrongAnswer("other-unit", changed(FIT, ("prices.tolist()", "(prices * 1e6).tolist()"))),
        WrongAnswer("not-three", changed(FIT, ("prices.tolist()", "prices.tolist()[1:]"))),
        WrongAnswer(
            "typed-in",
            changed(FIT, ("np.array(times, dtype=float)", "np.array(recorded_times(kind_of(times)), dtype=float)"))
            + """
def kind_of(times):
    return "epoll" if max(seconds for _, _, seconds in times) < 1e-4 else "poll"
""",
        ),
    ],
    "crossing": [
        WrongAnswer("changes-forgotten", changed(CROSSING, (' + changes * epoll["per_change"]', ""))),
        WrongAnswer("one-wait", changed(CROSSING, ("waits * (", "("))),
        WrongAnswer("nothing-rebuilt", changed(CROSSING, (' + poll["per_rebuilt"]', ""))),
        WrongAnswer("ready-forgotten", changed(CROSSING, (" * ready)", " * 0)"))),
        WrongAnswer("below-nothing", changed(CROSSING, ("max(0.0, (for_epoll", "((for_epoll"))),
        WrongAnswer("polls-price-forgotten", changed(CROSSING, ("(for_epoll - for_poll)", "for_epoll"))),
        WrongAnswer("another-number", changed(CROSSING, ("(for_epoll - for_poll)", "(for_epoll + for_poll)"))),
        WrongAnswer("cheaper-from-the-start", changed(CROSSING, ("(for_epoll - for_poll)", "(for_poll - for_epoll)"))),
        WrongAnswer("turned-round", changed(CROSSING, ("max(0.0, (for_epoll - for_poll)", "((for_poll - for_epoll)"))),
        WrongAnswer("base-forgotten", changed(CROSSING, ('(epoll["base"] + ', "("), ('(poll["base"] + ', "("))),
        WrongAnswer(
            "rebuilt-once",
            changed(
                CROSSING,
                (
                    'waits * (poll["per_watched"] + poll["per_rebuilt"])',
                    'waits * poll["per_watched"] + poll["per_rebuilt"]',
                ),
            ),
        ),
        WrongAnswer("one-look", changed(CROSSING, ("for_one_more = waits * (poll", "for_one_more = (poll"))),
        WrongAnswer(
            "rebuilt-by-change", changed(CROSSING, ('waits * (poll["per_watched"] + poll["per_rebuilt"])', BY_CHANGE))
        ),
        WrongAnswer(
            "ready-once", changed(CROSSING, ("""waits * (epoll["base"] + epoll["per_ready"] * ready)""", ONCE))
        ),
        WrongAnswer(
            "ready-once-in-both",
            changed(
                CROSSING,
                ("""waits * (epoll["base"] + epoll["per_ready"] * ready)""", ONCE),
                ("""waits * (poll["base"] + poll["per_ready"] * ready)""", ONCE.replace("epoll", "poll")),
            ),
        ),
        WrongAnswer(
            "base-once",
            changed(
                CROSSING,
                ('waits * (epoll["base"] + ', 'epoll["base"] + waits * ('),
                ('waits * (poll["base"] + ', 'poll["base"] + waits * ('),
            ),
        ),
        WrongAnswer("one-wait", changed(CROSSING, ("changes * epoll", "waits * changes * epoll"))),
        WrongAnswer("rebuilt-only", changed(CROSSING, ('poll["per_watched"] + ', ""))),
        WrongAnswer(
            "ready-for-one-only", changed(CROSSING, ('poll["base"] + poll["per_ready"] * ready', 'poll["base"]'))
        ),
    ],
    "table": [
        # Nowhere is the rate below half of the first one: `next(..., None)`.
        WrongAnswer("not-filled-in", changed(TABLE, ("15000", "None"))),
        # One of the values is a text.
        WrongAnswer(
            "does-not-run",
            changed(
                TABLE,
                (
                    'half_at = {"poll": 1500, "epoll": 15000}\n',
                    """half_at = {}
for name in ("poll", "epoll"):
    column = published_table()[name]
    half_at[name] = next(n for n in column if column[n] < max(column.values()) / 2)
""",
                ),
            ),
        ),
        WrongAnswer("another-level", changed(TABLE, ("15000", "2500"))),
        WrongAnswer("the-one-before", changed(TABLE, ("1500,", "1000,"), ("15000", "14000"))),
        WrongAnswer("one-process", changed(TABLE, ("10 / rates", "1 / rates"))),
        WrongAnswer("rates-subtracted", changed(TABLE, ("10 / rates[2500] - 10 / rates[300]", "10 / (2250 - 490)"))),
        WrongAnswer("other-unit", changed(TABLE, ("seconds_more * 1e3", "seconds_more"))),
        WrongAnswer("all-of-it", changed(TABLE, (" - 10 / rates[300]", ""))),
        WrongAnswer("one-wait", changed(TABLE, ("(6 * watched_more)", "watched_more"))),
        WrongAnswer("nobody-shares", changed(TABLE, ("(2500 - 300) / 10", "(2500 - 300)"))),
        WrongAnswer("no-redis", changed(TABLE, ("2 * (2500", "(2500"))),
        WrongAnswer("others-forgotten", changed(TABLE, ("(2500 - 300) / 10", "2500 / 10"))),
        WrongAnswer("scan-explains-all", changed(TABLE, ('"b"', '"a"'))),
        WrongAnswer("scan-is-free", changed(TABLE, ('"b"', '"c"'))),
    ],
}
