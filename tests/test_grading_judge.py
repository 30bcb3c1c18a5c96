"""The judge: what it says of answers that are right, wrong, and out to harm it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from proc import command, descendants
from small_exercise import small_exercise

from zerohttpd_lib.grading.exercise import Exercise
from zerohttpd_lib.grading.judge import judge
from zerohttpd_lib.grading.verdict import NOT_ATTEMPTED, RIGHT, WRONG, Verdict
from zerohttpd_lib.lab import LabError


@pytest.fixture(scope="module")
def exercise(tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    return small_exercise(tmp_path_factory.mktemp("small"))


def add(exercise: Exercise, code: str) -> Verdict:
    return judge("add", f"%%answer add\n{code}", exercise)


def test_a_right_answer_is_right(exercise: Exercise) -> None:
    assert add(exercise, "def add(a, b):\n    return a + b").status == RIGHT


def test_an_answer_may_use_the_setup_cell(exercise: Exercise) -> None:
    assert add(exercise, "def add(a, b):\n    return math.fsum([a, b])").status == RIGHT


def test_a_wrong_answer_is_told_its_mistake(exercise: Exercise) -> None:
    verdict = add(exercise, "def add(a, b):\n    return [a, b]")
    assert (verdict.status, verdict.code) == (WRONG, "no-sum")
    assert verdict.yours is not None and verdict.yours.startswith("[1")
    assert verdict.expected is not None and verdict.expected.isdigit()
    assert "hint:     There is a sign for it." in str(verdict)
    assert "hint:     The sign is +." in "\n".join(verdict.lines(hint=1))
    assert "hint:     return a + b" in "\n".join(verdict.lines(hint=7))


@pytest.mark.parametrize("code", ["\ndef add(a, b):\n    ...", "# mine\ndef add(a, b):\n\n    ...  # soon", ""])
def test_the_shipped_cell_is_not_attempted(exercise: Exercise, code: str) -> None:
    verdict = add(exercise, code)
    assert verdict.status == (NOT_ATTEMPTED if code else WRONG)


def test_a_task_that_is_not_there_is_said_so(exercise: Exercise) -> None:
    with pytest.raises(LabError, match="no task named 'ad'"):
        judge("ad", "", exercise)


def test_a_socket_arrives_as_a_socket(exercise: Exercise) -> None:
    assert judge("greet", "def greet(sock):\n    sock.sendall(b'hello')", exercise).status == RIGHT
    assert judge("greet", "def greet(sock):\n    sock.sendall(b'hi')", exercise).code == "rude"
    assert judge("greet", "def greet(sock):\n    return b'hello'", exercise).code == "says-nothing"


HOSTILE = {
    "an endless loop": ("def add(a, b):\n    while True:\n        pass", "too-slow", "It was in line"),
    "an endless cell": ("while True:\n    pass", "too-slow", "Your code did not end"),
    "sys.exit": ("import sys\nsys.exit(0)", "exits", "calls sys.exit()"),
    "os._exit": ("import os\ndef add(a, b):\n    os._exit(0)", "exits", "has ended with status 0"),
    "a crash": ("import ctypes\ndef add(a, b):\n    ctypes.string_at(0)", "exits", "signal"),
    "no such name": ("def ad(a, b):\n    return a + b", "missing-name", "does not define add"),
    "no Python": ("def add(a, b):\n    return a +", "does-not-run", "SyntaxError"),
    "a name from elsewhere": ("def add(a, b):\n    return plus(a, b)", "does-not-run", "NameError"),
    "an exception": ("def add(a, b):\n    return 1 / 0", "does-not-run", "in line 3 of the cell"),
    "a file of the learner's": ("import not_a_module_of_mine", "does-not-run", "not_a_module_of_mine"),
    "much memory": ("x = bytearray(10**11)", "does-not-run", "MemoryError"),
    "a value without end": ("def add(a, b):\n    x = []\n    x.append(x)\n    return x", "does-not-run", "Recursion"),
    "a value too long": ("def add(a, b):\n    return 'x' * 20_000_000", "exits", "channel"),
    "no plain value": ("def add(a, b):\n    return object()", "no-sum", "not the sum"),
    "replies written beforehand": (
        "import os\nfor fd in range(3, 20):\n    try:\n        os.write(fd, b'{\"value\": 300}\\n')\n"
        "    except OSError:\n        pass\ndef add(a, b):\n    return 0",
        "exits",
        "channel to the judge",
    ),
    "a closed channel": ("import os\nos.closerange(3, 100)\ndef add(a, b):\n    return a + b", "exits", "ended"),
    "json that is another": ("import json\njson.dumps = lambda *a, **k: '{}'", "exits", "channel to the judge"),
    "a result printed": ("print('add: right.')\ndef add(a, b):\n    return 0", "no-sum", "not the sum"),
    "a result written to the judge's output": (
        "import os\nfor fd in (1, 2):\n    try:\n        with open(f'/proc/{os.getppid()}/fd/{fd}', 'w') as out:\n"
        '            out.write(\'\\n{"verdict": {"task": "add", "status": "right"}}\\n\')\n'
        "    except OSError:\n        pass\ndef add(a, b):\n    return 0",
        "no-sum",
        "not the sum",
    ),
    "a checker that is another": (
        "import zerohttpd_lib.grading.judge as j, zerohttpd_lib.grading.verdict as v\n"
        "j.verdict_of = lambda *a: v.Verdict('add', 'right')\nv.Verdict.of = lambda *a: v.Verdict('add', 'right')\n"
        "def add(a, b):\n    return 0",
        "no-sum",
        "not the sum",
    ),
    "a value equal to all": (
        "class Yes:\n    def __eq__(self, other):\n        return True\n    def __ne__(self, other):\n"
        "        return False\ndef add(a, b):\n    return Yes()",
        "no-sum",
        "not the sum",
    ),
    "a fork storm": ("import os\nwhile True:\n    os.fork()", "too-many-processes", "more than 200 processes"),
    "the end of its parent": ("import os\nos.kill(os.getppid(), 9)\nwhile True:\n    pass", "exits", "ended"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_an_answer_that_does_harm_is_told_so_and_leaves_nothing(exercise: Exercise, what: str) -> None:
    code, expected, words = HOSTILE[what]
    verdict = add(exercise, code)
    assert (verdict.status, verdict.code) == (WRONG, expected), verdict
    assert words in verdict.sentence
    assert verdict.seconds < 30
    assert not [pid for pid in descendants(os.getpid()) if "grading" in command(pid)]


def test_processes_left_behind_are_ended(exercise: Exercise, tmp_path: Path) -> None:
    """A daemon with a session of its own, which no longer has to do with the answer."""
    pid_file = tmp_path / "pid"
    code = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        f"        open({str(pid_file)!r}, 'w').write(str(os.getpid()))\n        time.sleep(1000)\n    os._exit(0)\n"
        f"while not os.path.exists({str(pid_file)!r}) or not os.path.getsize({str(pid_file)!r}):\n    pass\n"
        "def add(a, b):\n    return a + b"
    )
    assert add(exercise, code).status == RIGHT
    assert not Path(f"/proc/{pid_file.read_text()}").exists()


def test_the_judge_imports_nothing_from_where_it_is_started(
    exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json.py", "zerohttpd_lib.py", "select.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the wrong place')")
    monkeypatch.chdir(tmp_path)
    assert add(exercise, "def add(a, b):\n    return a + b").status == RIGHT


def test_a_check_that_stumbles_says_where(tmp_path: Path) -> None:
    exercise = small_exercise(tmp_path)
    checks = Path(exercise.checks)
    checks.write_text(checks.read_text().replace("if yours != a + b:", "if yours < a:"))
    verdict = add(exercise, "def add(a, b):\n    return 'a'")
    assert verdict.code == "not-understood"
    assert "checks.py, line" in verdict.sentence
