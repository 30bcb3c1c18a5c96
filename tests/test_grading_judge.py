"""The judge: what it says of answers that are right, wrong, and out to harm it."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from proc import command, descendants
from small_exercise import small_exercise

from zerohttpd_lib.grading.attempts import Progress
from zerohttpd_lib.grading.box import KINDS, NONE, Box, best, can_be_made
from zerohttpd_lib.grading.exercise import Exercise
from zerohttpd_lib.grading.judge import judge
from zerohttpd_lib.grading.verdict import COULD_NOT, NOT_ATTEMPTED, RIGHT, WRONG, Verdict
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


# The answer's end of the channel to the judge.
CHANNEL = """
import os, socket, stat, time
for fd in range(3, 30):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            judge = socket.socket(fileno=fd)
    except OSError:
        pass
"""
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
    "a value too long": ("def add(a, b):\n    return 'x' * 20_000_000", "too-much", "longer than 16,777,216 bytes"),
    "a number too long": ("def add(a, b):\n    return 10**5000", "no-sum", "not the sum"),
    "a set of sets": ("def add(a, b):\n    return {frozenset({a}): b}", "no-sum", "not the sum"),
    "an exception without words": (
        "class Mute(Exception):\n    def __str__(self):\n        raise self\ndef add(a, b):\n    raise Mute",
        "does-not-run",
        "raised Mute",
    ),
    "no plain value": ("def add(a, b):\n    return object()", "no-sum", "not the sum"),
    "replies written beforehand": (
        "import os\nfor fd in range(3, 20):\n    try:\n        os.write(fd, b'{\"value\": 300}\\n')\n"
        "    except OSError:\n        pass\ndef add(a, b):\n    return 0",
        "writes-to-judge",
        "channel to the judge, in place of a reply: b'{\"value\": 300}'",
    ),
    "a closed channel": ("import os\nos.closerange(3, 100)\ndef add(a, b):\n    return a + b", "exits", "ended"),
    "json that is another": ("import json\njson.dumps = lambda *a, **k: '{}'", "writes-to-judge", "b'{}'"),
    "a result printed": ("print('add: right.')\ndef add(a, b):\n    return 0", "no-sum", "not the sum"),
    "a result written to the judge's output": (
        "import os\nfor fd in (1, 2):\n    try:\n        with open(f'/proc/{os.getppid()}/fd/{fd}', 'w') as out:\n"
        '            out.write(\'\\n{"verdict": {"task": "add", "status": "right"}}\\n\')\n'
        "    except OSError:\n        pass\ndef add(a, b):\n    return 0",
        "no-sum",
        "not the sum",
    ),
    "a checker that is another": (
        "import zerohttpd_lib.grading.judging as j, zerohttpd_lib.grading.verdict as v\n"
        "j.verdict_of = lambda *a: v.Verdict('add', 'right')\nv.Verdict.of = lambda *a: v.Verdict('add', 'right')\n"
        "def add(a, b):\n    return 0",
        "library",
        "cannot have while it is judged",
    ),
    "a server of the library's": (
        "from zerohttpd_lib.servers.threaded import ThreadedServer",
        "library",
        "cannot have while it is judged",
    ),
    "memory in many processes": (
        "import os, time\nfor _ in range(5):\n    if not os.fork():\n        kept = b'x' * (200 << 20)\n"
        "        time.sleep(60)\ntime.sleep(60)",
        "too-much-memory",
        "bytes of memory",
    ),
    "memory that is shared": (
        "import mmap, time\nkept = mmap.mmap(-1, 1 << 30)\nkept.write(bytes(1 << 30))\ntime.sleep(60)",
        "too-much-memory",
        "bytes of memory",
    ),
    "a reply that never ends": (
        f"{CHANNEL}def add(a, b):\n    while True:\n        judge.send(b'x')\n        time.sleep(0.001)",
        "too-slow",
        "add() did not return within 2 seconds",
    ),
    "descriptors for the judge": (
        f"{CHANNEL}def add(a, b):\n    try:\n        for _ in range(3000):\n"
        "            socket.send_fds(judge, [b' '], [1] * 16)\n    except OSError:\n        pass\n"
        "    return 0",
        "no-sum",
        "not the sum",
    ),
    "a value equal to all": (
        "class Yes:\n    def __eq__(self, other):\n        return True\n    def __ne__(self, other):\n"
        "        return False\ndef add(a, b):\n    return Yes()",
        "no-sum",
        "not the sum",
    ),
    "many processes": (
        "import os, time\nfor _ in range(9):\n    os.fork()\ntime.sleep(60)",
        "too-many-processes",
        "more than 200 processes",
    ),
    "the end of its parent": ("import os, signal\nos.kill(os.getppid(), 9)\nsignal.pause()", "too-slow", "8 seconds"),
}


THE_BOX_MATTERS = {
    "os._exit", "a crash", "a closed channel", "replies written beforehand", "a result written to the judge's output",
    "a checker that is another", "a server of the library's", "many processes", "the end of its parent",
    "memory that is shared", "a reply that never ends", "descriptors for the judge",
}  # fmt: skip
# What no process of the answer's can reach from a box of namespaces, and so does not even tell of it.
OTHERWISE = {
    "none": {
        "a checker that is another": ("no-sum", "not the sum"),
        "the end of its parent": ("exits", "ended"),
    },
    "Landlock": {
        "a checker that is another": ("does-not-run", "PermissionError"),
        "the end of its parent": ("does-not-run", "PermissionError"),
    },
}


def in_boxes() -> Iterator[Any]:
    """Each in the best box, and those about the box in every kind. The others, without a box, are `more`."""
    for what, box in itertools.product(HOSTILE, KINDS):
        if box == best().kind or what in THE_BOX_MATTERS:
            yield pytest.param(what, box, id=f"{what}-{box}")
        elif box == NONE.kind:
            yield pytest.param(what, box, id=f"{what}-{box}", marks=pytest.mark.more)


@pytest.mark.parametrize(("what", "box"), [*in_boxes()])
def test_an_answer_that_does_harm_is_told_so_and_leaves_nothing(
    exercise: Exercise, what: str, box: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_be_made(KINDS[box]):
        pytest.skip(f"no {box} here")
    code, expected, words = HOSTILE[what]
    if "memory" in what:  # reached fast on a slow machine, too
        monkeypatch.setattr("zerohttpd_lib.grading.judge.MOST_MEMORY", 800 << 20)
    expected, words = OTHERWISE.get(box, {}).get(what, (expected, words))
    verdict = judge("add", f"%%answer add\n{code}", exercise, box=KINDS[box])
    assert (verdict.status, verdict.code) == (WRONG, expected), verdict
    assert words in verdict.sentence
    assert verdict.seconds < 30
    assert not [pid for pid in descendants(os.getpid()) if "grading" in command(pid)]


SAFE = [box for box in KINDS.values() if box.holds and can_be_made(box)]
only_in_a_box = pytest.mark.skipif(not SAFE, reason="without a box this would be the end of all your processes")


@only_in_a_box
@pytest.mark.parametrize("box", SAFE, ids=lambda box: box.kind)
def test_a_fork_storm_is_ended(exercise: Exercise, box: Box) -> None:
    verdict = judge("add", "%%answer add\nimport os\nwhile True:\n    os.fork()", exercise, box=box)
    assert (verdict.status, verdict.code) in ((WRONG, "too-many-processes"), (WRONG, "does-not-run")), verdict
    assert not [pid for pid in descendants(os.getpid()) if "grading" in command(pid)]


@only_in_a_box
def test_threads_are_counted_too(exercise: Exercise) -> None:
    """By the kernel for an ordinary user; by the guard for root, whom the kernel does not count (man 2 setrlimit)."""
    code = (
        "import threading, time\nthreading.stack_size(65_536)\n"
        "for _ in range(1500):\n    threading.Thread(target=time.sleep, args=[60], daemon=True).start()\ntime.sleep(60)"
    )
    verdict = judge("add", f"%%answer add\n{code}", exercise, box=best())
    assert (verdict.status, verdict.code) in ((WRONG, "too-many-processes"), (WRONG, "does-not-run")), verdict


def test_what_is_judged_is_the_first_to_go_when_the_machine_has_no_memory(exercise: Exercise) -> None:
    code = "kept = open('/proc/self/oom_score_adj').read()\ndef add(a, b):\n    return kept"
    assert add(exercise, code).yours == "1000\n"


@only_in_a_box
@pytest.mark.parametrize("box", SAFE, ids=lambda box: box.kind)
@pytest.mark.parametrize("number", [9, 19])
def test_the_end_of_everybody_is_the_answers_own(exercise: Exercise, number: int, box: Box) -> None:
    """kill(-1) goes to every process that one may signal (man 2 kill). In a box these are its own."""
    code = (
        f"import os, sys\nassert 'ZEROHTTPD_BOX' in os.environ\nos.kill(-1, {number})\nos.kill(os.getpid(), {number})"
    )
    verdict = judge("add", f"%%answer add\n{code}", exercise, box=box)
    assert (verdict.status, verdict.code) == (WRONG, "does-not-run")
    assert "ProcessLookupError" in verdict.sentence  # there is nobody else


@pytest.mark.parametrize("box", [box for box in KINDS.values() if can_be_made(box)], ids=lambda box: box.kind)
def test_processes_left_behind_are_ended(exercise: Exercise, box: Box) -> None:
    """A daemon with a session of its own, which no longer has to do with the answer."""
    name = secrets.token_hex(8)
    code = (
        "import os, sys\nends, tells = os.pipe()\nos.set_inheritable(tells, True)\n"
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        program = 'import os, time; os.write(int(os.sys.argv[2]), b\"x\"); time.sleep(1000)'\n"
        f"        os.execl(sys.executable, 'python', '-c', program, {name!r}, str(tells))\n    os._exit(0)\n"
        "os.read(ends, 1)\ndef add(a, b):\n    return a + b"
    )
    assert judge("add", f"%%answer add\n{code}", exercise, box=box).code == "processes"
    assert not [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if name in command_of(pid)]


def command_of(pid: int) -> str:
    try:
        return command(pid)
    except OSError:  # it has ended since
        return ""


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


def with_check(tmp_path: Path, statement: str) -> Exercise:
    """A task whose check does nothing but this."""
    exercise = small_exercise(tmp_path)
    before, _, after = Path(exercise.checks).read_text().partition("    a, b = ")
    Path(exercise.checks).write_text(f"import os, time\n{before}    {statement}\n    a, b = {after}")
    return exercise


@pytest.mark.parametrize(
    ("statement", "code", "says"),
    [
        ("raise OSError('no room')", "check-failed", "OSError: no room"),
        ("os._exit(3)", "no-verdict", "ended without a verdict"),
        ("time.sleep(100)", "check-too-slow", "longer than 4 seconds"),
    ],
)
def test_a_check_that_fails_is_tried_again_and_its_evidence_is_kept(
    tmp_path: Path, statement: str, code: str, says: str
) -> None:
    exercise = with_check(tmp_path, statement)
    if code == "check-too-slow":
        Path(exercise.checks).write_text(
            Path(exercise.checks).read_text().replace('"add", seconds=15', '"add", seconds=4')
        )
    verdict = add(exercise, "def add(a, b):\n    return a + b")
    assert (verdict.status, verdict.code) == (COULD_NOT, code), verdict
    assert says in verdict.sentence
    assert verdict.sentence.startswith("The check failed, not you")
    evidence = evidence_of(verdict)
    assert "Trial 2" in evidence
    assert "return a + b" in evidence


def evidence_of(verdict: Verdict) -> str:
    """What was kept. It is removed."""
    file = Path(verdict.sentence.split()[-1].rstrip("."))
    text = file.read_text()
    file.unlink()
    return text


GARBLES = """import os
for fd in range(3, 20):
    try:
        os.write(fd, b'garbage\\n')
    except OSError:
        pass
"""


def test_who_has_written_to_the_judge_once_is_not_accused(exercise: Exercise, tmp_path: Path) -> None:
    """The second trial decides. Without a box the two have a file in common."""
    flag = tmp_path / "been-here"
    code = f"import pathlib\nflag = pathlib.Path({str(flag)!r})\n"
    first_time = "if not flag.exists():\n    flag.touch()\n    " + GARBLES.replace("\n", "\n    ").rstrip()
    right = "\ndef add(a, b):\n    return a + b"
    assert judge("add", f"%%answer add\n{code}{first_time}{right}", exercise, box=NONE).status == RIGHT


def test_who_is_accused_once_and_not_judged_once_is_not_accused(tmp_path: Path) -> None:
    flag = tmp_path / "been-here"
    exercise = with_check(tmp_path, f"os.path.exists({str(flag)!r}) or (open({str(flag)!r}, 'w').close(), 1 / 0 and 0)")
    text = Path(exercise.checks).read_text().replace("1 / 0 and 0", "os._exit(3)")
    Path(exercise.checks).write_text(text)
    code = f"import os\nif os.path.exists({str(flag)!r}):\n    " + GARBLES.replace("\n", "\n    ").rstrip()
    verdict = judge("add", f"%%answer add\n{code}\ndef add(a, b):\n    return a + b", exercise, box=NONE)
    assert (verdict.status, verdict.code) == (COULD_NOT, "no-verdict"), verdict
    assert "garbage" in evidence_of(verdict)


def test_a_reply_that_comes_late_is_nobodys(tmp_path: Path) -> None:
    """A check may go on after it has waited in vain."""
    exercise = with_check(tmp_path, "give_up(answer)")
    checks = Path(exercise.checks)
    checks.write_text(
        checks.read_text()
        + "\n\ndef give_up(answer):\n    try:\n        answer.call('add', 1, 2, seconds=0.1)\n"
        + "    except Wrong as wrong:\n        assert wrong.code == 'too-slow'\n"
    )
    code = "import time\nslow = [0.3]\ndef add(a, b):\n    if slow:\n        time.sleep(slow.pop())\n    return a + b"
    assert add(exercise, code).status == RIGHT


def test_a_process_that_babbles_before_it_runs_the_answer_is_our_trouble(
    exercise: Exercise, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Such as one of another version than the judge's. Here the setup cell is ours, and it does so."""
    babbling = replace(exercise, cells=[_with_garbage(cell) for cell in exercise.cells])
    verdict = add(babbling, "def add(a, b):\n    return a + b")
    assert (verdict.status, verdict.code) == (COULD_NOT, "check-failed"), verdict
    assert "Before it ran the answer" in verdict.sentence
    assert "garbage" in evidence_of(verdict)


def _with_garbage(cell: dict[str, Any]) -> dict[str, Any]:
    is_setup = "setup" in cell.get("metadata", {}).get("tags", [])
    return {**cell, "source": "".join(cell["source"]) + "\n" + GARBLES} if is_setup else cell


def test_an_answer_that_had_no_time_of_its_own_is_not_called_slow(tmp_path: Path) -> None:
    """The check itself has used up the time of the task."""
    exercise = with_check(tmp_path, "time.sleep(1.5)")
    checks = Path(exercise.checks)
    checks.write_text(checks.read_text().replace('"add", seconds=15', '"add", seconds=4'))
    verdict = add(exercise, "import time\ndef add(a, b):\n    time.sleep(1.2)\n    return a + b")
    assert (verdict.status, verdict.code) == (COULD_NOT, "check-failed"), verdict
    assert "time for this task was over" in verdict.sentence
    evidence_of(verdict)


def test_what_is_not_judged_is_no_attempt() -> None:
    progress = Progress(None)
    progress.note(Verdict("add", COULD_NOT, "check-failed"))
    assert progress.attempts("add") == 0


def test_a_verdict_on_another_task_is_none() -> None:
    with pytest.raises(ValueError, match="not a verdict on add"):
        Verdict.told("add", Verdict("greet", RIGHT).as_json())


def test_with_the_same_seed_a_check_draws_the_same_numbers(exercise: Exercise) -> None:
    cell = "%%answer add\ndef add(a, b):\n    return (a, b)"
    seeded = [judge("add", cell, exercise, seed=seed).yours for seed in ("one", "one", "two")]
    assert seeded[0] == seeded[1] != seeded[2]


def test_what_an_answer_says_is_shown_and_not_obeyed_and_has_an_end(exercise: Exercise) -> None:
    verdict = add(exercise, "def add(a, b):\n    raise ValueError('\\x1b]0;title\\x07\\u202e' + 'x' * 15_000_000)")
    assert "\\x1b]0;title\\x07\\u202e" in verdict.sentence
    assert len(str(verdict)) < 3000


def test_nothing_of_our_environment_is_there(exercise: Exercise, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", "secret")
    code = (
        "import os\ndef add(a, b):\n"
        "    first = 1 if 'ZEROHTTPD_BOX' in os.environ else 'self'\n"  # of its PID namespace, where there is one
        "    return [*sorted(os.environ), *open(f'/proc/{first}/environ').read().split('\\0')]"
    )
    verdict = add(exercise, code)
    assert "PATH" in str(verdict.yours)
    assert "A_TOKEN" not in str(verdict.yours)
