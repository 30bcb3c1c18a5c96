"""From each rung to the next, the diff of the two files is the lesson: no less, and little more."""

from __future__ import annotations

import ast
import html
import re
from itertools import pairwise

import pytest

from zerohttpd_lib.cli import main
from zerohttpd_lib.servers import RUNGS
from zerohttpd_lib.servers.difference import Difference

LADDER = [*RUNGS][7:12]
STEPS = list(pairwise(LADDER))


def changed_lines(diff: str) -> list[str]:
    return [line for line in diff.splitlines()[2:] if line[:1] in ("+", "-") and line[1:].strip()]


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_the_diff_of_two_rungs_is_short(before: str, after: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", before, after]) == 0
    assert 5 <= len(changed_lines(capsys.readouterr().out)) <= 60


# What is new in a rung, and so in its file and not in the one before.
LESSONS = {
    "pipelined": {"RedisLink", "respond_in_one_trip"},
    "keepalive": {"ANSWERS_AT_ONCE", "keep_alive", "resume"},
    "edge": {"EdgeEpoll", "left_unread", "accept_clients"},
    "multiprocess": {"EPOLLEXCLUSIVE", "share"},
}


def names_in(rung: str) -> set[str]:
    """Every name that the code of a rung uses or defines; its docstrings are text."""
    nodes = list(ast.walk(ast.parse(RUNGS[rung].source.read_text())))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    names |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return names | {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_the_lesson_of_a_rung_is_in_its_own_file(before: str, after: str) -> None:
    assert names_in(after) >= LESSONS[after]
    assert not names_in(before) & LESSONS[after]


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_a_rung_names_the_one_before_it(before: str, after: str) -> None:
    assert f"Read {before}.py first" in RUNGS[after].source.read_text().partition("\n")[0]


def test_the_diff_is_coloured_on_a_terminal_and_in_a_notebook_alike(capsys: pytest.CaptureFixture[str]) -> None:
    difference = Difference("keepalive", "edge")
    assert main(["diff", "--color", "always", "keepalive", "edge"]) == 0
    printed = capsys.readouterr().out
    assert re.sub(r"\x1b\[\d+m", "", printed) == f"{difference}\n"
    shown = difference._repr_html_()
    assert html.unescape(re.sub(r"<[^>]+>", "", shown.replace("</div>", "\n"))).splitlines() == [
        line or " " for line in difference.lines
    ]
    for sign, ink, paper in (("+", "\x1b[32m", "46, 160, 67"), ("-", "\x1b[31m", "248, 81, 73")):
        lines = [line for line in difference.lines if line.startswith(sign)]
        assert lines and all(f"{ink}{line}\x1b[0m" in printed for line in lines)
        assert shown.count(f"rgba({paper}") == len(lines)


def test_nobody_who_reads_a_pipe_or_wants_no_colour_gets_any(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["diff", "poll", "epoll"]) == 0
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["diff", "poll", "epoll"]) == 0
    assert "\x1b" not in capsys.readouterr().out
