"""Common mistakes are told before a check's own guess, and nobody is told one that was not made."""

from __future__ import annotations

from typing import Any

import pytest

from zerohttpd_lib.grading.checks.mistakes import explained, last_crash
from zerohttpd_lib.grading.verdict import BY_HAND, NOTHING, Raised, Wrong

GUESS = "the check's own guess"
CRASH = """Exception in thread Thread-1:
Traceback (most recent call last):
  File "/usr/lib/python3.11/threading.py", line 1038, in _bootstrap_inner
    self.run()
  File "<your answer>", line 12, in serve
    self.serv(client)
AttributeError: 'Mine' object has no attribute 'serv'
"""


def told(cell: str, yours: Any = NOTHING, expected: Any = NOTHING, said: str = "") -> Wrong:
    wrong = Wrong("own", yours=yours, expected=expected, say="It is wrong.", hints=[GUESS])
    return explained(wrong, f"%%answer task\n{cell}", said)


COMMON: list[tuple[str, str, Any, Any]] = [
    ("prints-not-returns", "def f(a):\n    print(a)", None, 3),
    ("returns-nothing", "def f(a):\n    a + 1", None, 3),
    ("returns-nothing", "def f(a):\n    if a:\n        return 3", None, 0),
    ("empty-is-none", "def f(a):\n    return a.data or None", None, b""),
    ("text-for-number", "def f(a):\n    return str(a)", "3", 3),
    ("text-for-number", "def f(a):\n    return [1, str(a)]", [1, "2.5"], [1, 2.5]),
    ("text-for-bytes", "def f(a):\n    return 'data', a.decode()", ("data", "x"), ("data", b"x")),
    ("forgets-super", "class Mine(PollServer):\n    def __init__(self, a, b):\n        self.a = a", NOTHING, NOTHING),
    ("swallows-errors", "try:\n    f()\nexcept:\n    pass", NOTHING, NOTHING),
    ("swallows-errors", "try:\n    f()\nexcept Exception:\n    a = 1", 1, 2),
    ("default-is-kept", "def f(a, found=set()):\n    found.add(a)\n    return found", {1, 2}, {2}),
    ("default-is-kept", "def f(a, *, b=[]):\n    b += a\n    return b", NOTHING, NOTHING),
    ("late-binding", "for a in b:\n    Thread(target=lambda: f(a)).start()", NOTHING, NOTHING),
    ("late-binding", "while True:\n    c = d()\n    self.after[c.fd] = lambda: f(c)", NOTHING, NOTHING),
]


@pytest.mark.parametrize(("code", "cell", "yours", "expected"), COMMON)
def test_a_common_mistake_comes_before_the_guess(code: str, cell: str, yours: Any, expected: Any) -> None:
    wrong = told(cell, yours, expected)
    assert wrong.code == code
    assert wrong.hints[0] != GUESS
    assert wrong.hints[-1] == GUESS
    assert wrong.say == "It is wrong."


INNOCENT: list[tuple[str, Any, Any]] = [
    ("def f(a):\n    return None if a else 3", None, 3),  # None is meant
    ("def f(a):\n    return g.get(a)", None, 3),  # and here: g has no a
    ("def f(a):\n    print(a)\n    return a", 2, 3),
    ("def f(a):\n    return 'data', b''", ("data", b""), ("data", b"x")),
    ("def f(a):\n    return '?'", "?", 3),
    ("class Mine(PollServer):\n    def __init__(self, a, b):\n        super().__init__(a, b)", NOTHING, NOTHING),
    ("class Mine(PollServer):\n    def __init__(self, *a):\n        PollServer.__init__(self, *a)", NOTHING, NOTHING),
    ("class Base:\n    pass\nclass Mine(Base):\n    def __init__(self):\n        self.a = 1", NOTHING, NOTHING),
    ("try:\n    f()\nexcept OSError:\n    pass", NOTHING, NOTHING),
    ("try:\n    f()\nexcept Exception as e:\n    print(e)", NOTHING, NOTHING),
    ("try:\n    f()\nexcept:\n    raise", NOTHING, NOTHING),
    ("for a in b:\n    Thread(target=lambda a=a: f(a)).start()", NOTHING, NOTHING),
    ("for a in b:\n    c = min(d, key=lambda x: abs(x - a))", NOTHING, NOTHING),
    ("this is no Python", 1, 2),
]


@pytest.mark.parametrize(("cell", "yours", "expected"), INNOCENT)
def test_nobody_is_told_a_mistake_that_was_not_made(cell: str, yours: Any, expected: Any) -> None:
    wrong = told(cell, yours, expected)
    assert (wrong.code, wrong.hints) == ("own", [GUESS])


def test_a_crash_in_the_cell_comes_first_and_a_slip_replaces_the_guess() -> None:
    wrong = told("", said=CRASH)
    assert wrong.code == "does-not-run"
    assert wrong.say.startswith("Your server raised AttributeError: 'Mine' object has no attribute 'serv' (line 12")
    assert wrong.say.endswith("It is wrong.")
    assert "misspelt" in wrong.hints[0]
    assert GUESS not in wrong.hints
    kept = told("", said=CRASH.replace("AttributeError", "ValueError"))
    assert (kept.code, kept.hints) == ("own", [GUESS])
    assert kept.say.startswith("Your server raised ValueError")


def test_an_attribute_of_none_is_no_misspelling() -> None:
    wrong = told("", said=CRASH.replace("'Mine' object", "'NoneType' object"))
    assert "is None there" in wrong.hints[0]
    raised = Raised("AttributeError", "'NoneType' object has no attribute 'fileno'", "It raised.")
    assert raised.hints == wrong.hints[:1]


@pytest.mark.parametrize(
    "text",
    [
        "'>' not supported between instances of 'str' and 'float'",
        "unsupported operand type(s) for /: 'int' and 'str'",
    ],
)
def test_a_text_among_numbers_is_told(text: str) -> None:
    assert "a text and a number" in Raised("TypeError", text, "It raised.").hints[0].lower()
    assert Raised("TypeError", "f() takes 1 positional argument", "It raised.").hints == [BY_HAND]


def test_only_a_crash_that_goes_through_the_cell_is_the_answers() -> None:
    assert last_crash(CRASH.replace("<your answer>", "/lib/other.py")) is None
    assert last_crash("AttributeError, line 3") is None
    assert last_crash(CRASH + CRASH.replace("12", "14").replace("AttributeError: 'Mine'", "a.b.Odd: x 'M'")) == (
        "Odd",
        "Your server raised a.b.Odd: x 'M' object has no attribute 'serv' (line 14 of the cell).",
    )


def test_an_exception_that_was_told_already_is_told_once() -> None:
    raised = Raised("KeyError", "3", "f raised KeyError: 3, in line 2 of the cell.")
    assert explained(raised, "%%answer task\ntry:\n    f()\nexcept:\n    pass", CRASH) is raised
