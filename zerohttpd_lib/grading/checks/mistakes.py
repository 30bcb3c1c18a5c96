"""Mistakes that are the same in every task, told before a check's own guess at what went wrong.

A check sees only what its own task is about: that no page came, or that a number is another. Why that is so can be
plain from the value, from the text of the cell, or from what a server has said before it ended. Then that is said
first; the check's own hints follow, for those whom it does not help.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

from ..answer_process import ANSWER
from ..replies import YOURS, is_withheld
from ..verdict import NOTHING, Raised, Wrong, hint_about

# Exceptions that nobody raises on purpose: whoever gets one has misspelt something, or forgotten it.
SLIPS: Final = ("AttributeError", "NameError", "UnboundLocalError", "ImportError", "ModuleNotFoundError")
CHANGEABLE: Final = ("list", "dict", "set", "bytearray", "deque", "defaultdict", "Counter")
IN_THAT_LINE: Final = "Look at that line, and at where the names in it come from."
SERVE_IT: Final = "Serve it yourself: server = lab.serve(YourClass), ask it for a page, and read server.errors()."
STARTS_LATER: Final = re.compile(r"Thread|Timer|Process|submit|append|add|start_new_thread|apply_async|put")
RAISED: Final = re.compile(r"\w+(Error|Exception|Interrupt)\b")  # shown in place of a value

HINTS: Final = {
    "forgets-super": [
        "Your class has an __init__ of its own. What that of its base class does is not done any more.",
        "super().__init__(...), with what the base class is given, as the first line of yours.",
    ],
    "prints-not-returns": ["print() shows a value to you; whoever has called the function gets None. Use return."],
    "empty-is-none": ['`x or None` makes None of everything empty: of b"", of 0, and of a list without items.'],
    "returns-nothing": [
        "Whoever has called it was given None. Where does the function end without a return?",
        "Each way through it needs a return with a value. Leave no `...` behind.",
    ],
    "text-for-number": ["In quotes it is a text: '12' is not 12. Leave them out, or use int() or float()."],
    "text-for-bytes": ['What travels over a socket is bytes, b"..."; a text is something else. No decode(), no str().'],
    "swallows-errors": [
        "One `except` of yours catches every error, your own mistakes included, and then nobody hears of them.",
        "Name the one error that you expect, as in `except BlockingIOError:`, and let all others through.",
    ],
    "default-is-kept": [
        "A default value is made once, when the function is, and is the same object at each call: what is in it stays.",
        "Make the list, the set or the dictionary in the function: it begins empty each time.",
    ],
    "late-binding": [
        "A lambda looks up a variable when it is called, not when it is made. By then your loop has gone on.",
        "Hand the value over when you make it: Thread(target=f, args=(value,)), or `lambda value=value: ...`.",
    ],
}  # fmt: skip


def explained(wrong: Wrong, cell: str, said: str = "") -> Wrong:
    """The same mistake, or a common one that is behind it. `said`: what the answer's servers have written (stderr)."""
    wrong = _with_crash(wrong, said)
    if wrong.code == "library":
        return wrong
    code = _in_value(wrong, cell) or _in_text(wrong, cell)
    if code is None:
        return wrong
    hints = [*HINTS[code], *wrong.hints]
    return Wrong(code, yours=wrong.yours, expected=wrong.expected, say=wrong.say, hints=hints)


def _with_crash(wrong: Wrong, said: str) -> Wrong:
    """If a server has raised an exception in a line of the cell, that comes first."""
    crash = None if isinstance(wrong, Raised) else last_crash(said)
    if crash is None:
        return wrong
    kind, what = crash
    say = what if kind in wrong.say else f"{what} {wrong.say}"
    code, hints = wrong.code, wrong.hints
    if is_withheld(kind, what):
        code, hints = "library", YOURS
    elif kind in SLIPS:
        code, hints = (
            "does-not-run",
            [hint_about(kind, what) or IN_THAT_LINE, SERVE_IT],
        )  # no guess at what it looks like
    return Wrong(code, yours=wrong.yours, expected=wrong.expected, say=say, hints=hints)


def last_crash(said: str) -> tuple[str, str] | None:
    """The last exception in this text whose traceback goes through the cell: its kind, and a sentence."""
    for text in reversed(said.split("Traceback (most recent call last):\n")[1:]):
        lines = re.findall(re.escape(ANSWER) + r'", line (\d+)', text)
        raised = re.search(r"^((?:\w+\.)*(\w+)(?:: .*)?)$", text, re.M)
        if lines and raised:
            return raised[2], f"Your server raised {raised[1]} (line {lines[-1]} of the cell)."
    return None


def _in_value(wrong: Wrong, cell: str) -> str | None:
    """What the value itself tells, if there is one to look at."""
    yours, expected = wrong.yours, wrong.expected
    if yours is NOTHING or expected is NOTHING:
        return None
    if yours is None and expected is not None:
        return _why_none(cell)
    pairs = list(_pairs(yours, expected))
    if any(isinstance(it, str) and _is_number(other) and _reads_as_number(it) for it, other in pairs):
        return "text-for-number"
    if any(isinstance(it, str) and isinstance(other, bytes) and not RAISED.match(it) for it, other in pairs):
        return "text-for-bytes"
    return None


def _why_none(cell: str) -> str | None:
    tree = _parsed(cell)
    if any(_prints_only(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        return "prints-not-returns"
    if re.search(r"\bor None\b", cell):
        return "empty-is-none"
    return None if _says_none(tree) else "returns-nothing"


def _pairs(yours: Any, expected: Any) -> Iterator[tuple[Any, Any]]:
    """The two, and what is in the same places of them."""
    yield yours, expected
    if isinstance(yours, (list, tuple)) and isinstance(expected, (list, tuple)):
        for pair in zip(yours, expected, strict=False):
            yield from _pairs(*pair)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# What the text of the cell tells: no proof, so only those are asked who are wrong anyway.


def _in_text(wrong: Wrong, cell: str) -> str | None:
    tree = _parsed(cell)
    if any(_forgets_super(node, tree) for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        return "forgets-super"
    if isinstance(wrong, Raised):
        return None
    if any(_keeps_default(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        return "default-is-kept"
    if any(_swallows(node) for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)):
        return "swallows-errors"
    if any(_binds_late(node) for node in ast.walk(tree) if isinstance(node, (ast.For, ast.While))):
        return "late-binding"
    return None


def _parsed(cell: str) -> ast.Module:
    first, _, rest = cell.partition("\n")
    try:
        return ast.parse(rest if first.startswith("%%answer") else cell)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # what ast.parse may raise
        return ast.Module([], [])


def _prints_only(function: ast.FunctionDef) -> bool:
    nodes = list(ast.walk(function))
    prints = any(isinstance(node, ast.Call) and _name_of(node.func) == "print" for node in nodes)
    return prints and not any(isinstance(node, ast.Return) and node.value is not None for node in nodes)


def _says_none(tree: ast.Module) -> bool:
    """Whether None is said somewhere in so many words, or by a dict.get(key): then it may well be meant."""
    return any(
        (isinstance(node, ast.Constant) and node.value is None)
        or (isinstance(node, ast.Call) and _name_of(node.func) == "get" and len(node.args) == 1)
        for node in ast.walk(tree)
    )


def _forgets_super(of: ast.ClassDef, tree: ast.Module) -> bool:
    """A base class from elsewhere, an __init__ here, and nothing in it that calls the other __init__."""
    here = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    bases = {_name_of(base) for base in of.bases} - here - {"object", "Exception", "NamedTuple", "Enum", ""}
    own = [node for node in of.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    return bool(bases and own) and not any(
        isinstance(node, ast.Attribute) and node.attr == "__init__" for node in ast.walk(own[0])
    )


def _keeps_default(function: ast.FunctionDef) -> bool:
    """A default value that can be changed."""
    defaults = [*function.args.defaults, *(each for each in function.args.kw_defaults if each is not None)]
    return any(
        isinstance(each, (ast.List, ast.Dict, ast.Set))
        or (isinstance(each, ast.Call) and _name_of(each.func) in CHANGEABLE)
        for each in defaults
    )


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Catches everything, and neither raises it again nor looks at it."""
    everything = handler.type is None or _name_of(handler.type) in ("Exception", "BaseException")
    looks = handler.name is not None or any(isinstance(node, ast.Raise) for node in ast.walk(handler))
    return everything and not looks


def _binds_late(loop: ast.For | ast.While) -> bool:
    """A lambda that is kept or started for later, and reads a variable that the loop sets anew."""
    stored = {node.id for node in ast.walk(loop) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return any(stored & _free(lambda_) for lambda_ in _kept_lambdas(loop))


def _kept_lambdas(loop: ast.For | ast.While) -> Iterator[ast.Lambda]:
    for node in ast.walk(loop):
        if isinstance(node, ast.Call) and STARTS_LATER.search(_name_of(node.func)):
            given: list[ast.expr] = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.Assign) and not all(isinstance(target, ast.Name) for target in node.targets):
            given = [node.value]
        else:
            continue
        yield from (value for value in given if isinstance(value, ast.Lambda))


def _free(function: ast.Lambda) -> set[str]:
    own = {argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]}
    return {node.id for node in ast.walk(function.body) if isinstance(node, ast.Name)} - own


def _name_of(node: ast.expr) -> str:
    """The last name of a dotted one; "" of anything else."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
