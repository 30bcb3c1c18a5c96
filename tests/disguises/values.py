"""Values that are no values, and code that hides from whoever asks for them."""

from __future__ import annotations

from .disguised import ANY, Disguise, changed, written

DEEP = """
def how_it_left(events):
    x = "there"
    for _ in range(100_000): x = [x]
    return x
"""
NEVER_ENDS = """
class K:
    def tolist(self): return K()
def how_it_left(events):
    return K()
"""
EQUALS_ALL = """
class Any(str):
    def __eq__(self, other): return True
    def __hash__(self): return 0
def how_it_left(events):
    return Any("there")
"""
SERVANT = """
import sys
frame = sys._getframe()
while "self" not in frame.f_locals or type(frame.f_locals["self"]).__name__ != "Servant": frame = frame.f_back
servant = frame.f_locals["self"]
servant.obey = lambda request: "broken" if request.get("name") == "how_it_left" else None
def how_it_left(events):
    return "gone"
"""
EXEC = """
import os, sys
os.execv(sys.executable, [sys.executable, "-c", "import sys\\nwhile True:\\n    print('{}')"])
"""
HIDDEN_LOOP = """
import faulthandler, signal
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
def how_it_left(events):
    while True: pass
"""
NAN = "def density(first, ready, more):\n    return float('nan') if ready else 0.0\n"
INFINITE = "def crossing(poll, epoll, ready, waits, changes):\n    return float('inf')\n"

BY_TURN = """
ORDER = [set()] * 4 + [{"law"}] * 8 + [set()] * 6 + [{"law"}] * 4
ORDER += [{"unsteady"}, {"few"}, {"few"}, set(), set(), {"few"}] + [{"limit"}] * 4 + [set(), set(), {"door"}, {"door"}]
ORDER += [{"law", "unsteady", "few", "limit", "door"}] + [{"law", "few"}] * 3
LEFT = []
def complaints(test):
    LEFT[:] = LEFT or ORDER
    return LEFT.pop(0)
"""

ROUNDED_CHANCE = """
import numpy as np
def share_of_pairs(first, second):
    n = len(first)
    differences = np.array(first) - np.array(second)
    measured, far, drawn = abs(differences.sum()), 0, 0
    random = np.random.default_rng()
    for _ in range(40):
        signs = random.integers(0, 2, size=(100_000, n), dtype=np.int8) * 2 - 1
        far += int((np.abs(signs @ differences) >= measured - 1e-9).sum())
        drawn += len(signs)
    ways = 2 ** (n - 1)
    return round(far / drawn * ways) / ways
"""

DISGUISES: list[Disguise] = [
    written("left", "A list in a list in a list, a hundred thousand deep", "does-not-run", DEEP),
    written("left", "A value whose parts never end", "does-not-run", NEVER_ENDS),
    written("left", "A text that is equal to everything", ANY, EQUALS_ALL),
    written("left", "The servant found in the frames, and changed", ANY, SERVANT),
    written("left", "Another program put in the place of the answer's", "exits", EXEC),
    written("left", "An endless loop that hides where it is", "too-slow", HIDDEN_LOOP),
    written("left", "Ninety thousand signs before a number", "does-not-run", "x = " + "-" * 90_000 + "1\n"),
    written("left", "Forty thousand attributes in a row", "does-not-run", "x = a" + ".b" * 40_000 + "\n"),
    written("density", "NaN", "not-density", NAN),
    written("crossing", "Infinity", "not-understood", INFINITE),
    written("referee", "The expected words, by the order in which they are asked for", ANY, BY_TURN),
    changed("referee", "Eighteen hundredths in place of a tenth", "law-missed", ("<= 0.1:", "<= 0.18:")),
    written("pairs", "By chance, often enough, and then rounded to a number of ways", ANY, ROUNDED_CHANCE),
    changed("pairs", "Whole numbers only", ANY, ("one - other for", "int(one) - int(other) for")),
    changed(
        "pairs",
        "Up to ten pairs only",
        ANY,
        ("    differences", "    if len(first) > 10:\n        return 0.5\n    differences"),
    ),
]
