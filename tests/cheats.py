"""Attempts to pass with a wrong answer: what tests/test_cheating.py tries and docs/cheating.md lists.

Each is done to a real exercise notebook that holds a wrong answer to one task, and should leave it
wrong. The rest of the report says what was noticed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

EXERCISE = "04-meet-epoll"
TASK = "left"  # its check starts no server: it costs little, and there are many attempts
ANSWER, CHECK = "04-left", "04-left-check"
WRONG = """def how_it_left(events):
    if events & select.EPOLLHUP:
        return "gone"
    return "half" if events & select.EPOLLRDHUP else 'there'"""
RIGHT = """def how_it_left(events):
    if events & select.EPOLLERR:
        return "broken"
    if events & select.EPOLLHUP:
        return "gone"
    return "half" if events & select.EPOLLRDHUP else 'there'"""
CODE = "broken-as-gone"  # what the check says of this wrong answer

Book = dict[str, Any]


class Cheat(NamedTuple):
    """`reported`: a part of the report on this attempt; "" where there is nothing to report but the mistake."""

    what: str
    do: Callable[[Book], None]
    reported: str
    code: str = CODE


def cell(book: Book, name: str) -> dict[str, Any]:
    return next(each for each in book["cells"] if each.get("id") == name)


def answer(code: str) -> Callable[[Book], None]:
    """Code in the answer cell, before the wrong answer."""

    def do(book: Book) -> None:
        cell(book, ANSWER)["source"] = f"%%answer {TASK}\n{code}\n{WRONG}"

    return do


def change(name: str, **changes: Any) -> Callable[[Book], None]:
    return lambda book: cell(book, name).update(copy.deepcopy(changes))


def tag(name: str, tag: str) -> Callable[[Book], None]:
    return lambda book: cell(book, name)["metadata"].setdefault("tags", []).append(tag)


def comment(name: str, text: str) -> Callable[[Book], None]:
    def do(book: Book) -> None:
        cell(book, name)["source"] += f"\n# {text}"

    return do


def delete(name: str) -> Callable[[Book], None]:
    return lambda book: book["cells"].remove(cell(book, name))


def duplicate(name: str, **changes: Any) -> Callable[[Book], None]:
    return lambda book: book["cells"].append({**copy.deepcopy(cell(book, name)), **changes})


def move_to_the_top(name: str) -> Callable[[Book], None]:
    def do(book: Book) -> None:
        moved = cell(book, name)
        book["cells"].remove(moved)
        book["cells"].insert(0, moved)

    return do


def remove_ids(book: Book) -> None:
    for each in book["cells"]:
        each.pop("id", None)
    book["nbformat_minor"] = 4  # in which cells have none


def say_solution(book: Book) -> None:
    book["metadata"]["zerohttpd"] = {"solution": EXERCISE, "version": book["metadata"]["zerohttpd"]["version"]}


def two(*steps: Callable[[Book], None]) -> Callable[[Book], None]:
    def do(book: Book) -> None:
        for step in steps:
            step(book)

    return do


SAYS_RIGHT = {"output_type": "stream", "name": "stdout", "text": f"{TASK}: right.\n"}
SAVED = {"outputs": [SAYS_RIGHT], "execution_count": 7}
CLAIM = "A saved output says that it is right; saved outputs count for nothing."
NO_EFFECT = "was added to its check cell; it has no effect."
PATCH = """
import zerohttpd_lib.grading as grading
from zerohttpd_lib.grading import judging as judge, verdict
grading.check = lambda task: print(f"{task}: right.")
judge.verdict_of = judge.judge = lambda task, *rest: verdict.Verdict(task, "right")
verdict.Wrong.__init__ = lambda self, *rest, **more: None
"""
PATCH_MODULES = """
import json, socket
json.dumps = lambda *rest, **more: '{"value": "broken"}'
socket.socket.recv = socket.socket.send = lambda self, *rest: 0
"""
FORGE = """
import os
for fd in range(1, 30):
    try:
        os.write(fd, b'{"verdict": {"task": "left", "status": "right"}}\\n')
    except OSError:
        pass
"""
LEAVE = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
"""
REMOTE = """
import os
for fd in (1, 2):
    try:
        with open(f"/proc/{os.getppid()}/fd/{fd}", "w") as out:
            print(f"{'left'}: right.", file=out)
    except OSError:
        pass
"""
SHADOW = """
import os
for folder in ("..", ".", "../..", os.environ.get("TMPDIR", "/tmp")):
    for name in ("stringprep.py", "sitecustomize.py", "random.py", "zerohttpd_lib.py"):
        try:
            with open(os.path.join(folder, name), "w") as file:
                file.write("import os\\nos._exit(0)\\n")
        except OSError:
            pass
"""
JOB = """
import glob, os
for path in glob.glob("/tmp/**/job", recursive=True) + glob.glob("/proc/[0-9]*/fd/*"):
    try:
        with open(path, "r+b") as file:
            file.write(b'{"task": "left", "source": "", "checks": "", "secret": ""}')
    except OSError:
        pass
"""
MEMORY = """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) != os.getpid():
        for name in ("mem", "fd/1", "fd/3", "environ"):
            try:
                with open(f"/proc/{pid}/{name}", "r+b") as file:
                    file.write(b"right")
            except OSError:
                pass
"""
INSTALLED = """
import glob, os, site, sys, sysconfig
import zerohttpd_lib
for folder in (os.path.dirname(zerohttpd_lib.__file__), sysconfig.get_path("purelib"), site.getusersitepackages()):
    for path in (*glob.glob(folder + "/**/*.py*", recursive=True), folder + "/mine.pth"):
        try:
            with open(path, "ab") as file:
                file.write(b"import os; os._exit(0)")
        except OSError:
            pass
        else:
            raise SystemExit(path)
"""
STOP = """
import os, signal
for pid in range(1, 5000):
    if pid != os.getpid():
        try:
            os.kill(pid, signal.SIGSTOP)
        except OSError:
            pass
"""
LATER = """
import os, time
if os.fork() == 0:
    os.setsid()
    while True:
        for folder, _, names in os.walk("/"):
            for name in names:
                if name.endswith((".xml", ".csv", ".html")):
                    try:
                        open(os.path.join(folder, name), "w").write("right")
                    except OSError:
                        pass
"""
ABSTRACT = """
import socket
taken = []
for name in open("/proc/net/unix").read().split():
    if name.startswith("@"):
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.bind("\\0" + name[1:])
            sock.listen()
            taken.append(sock)
        except OSError:
            pass
"""
READ = """
import json, os
found = []
for folder, folders, names in os.walk("/"):
    folders[:] = [name for name in folders if name not in ("proc", "usr", "lib", "include", "share")]
    found += [os.path.join(folder, name) for name in names if name.startswith("04-")]
for path in found:
    for cell in json.load(open(path))["cells"]:
        source = "".join(cell["source"])
        if source.startswith("%%answer left"):
            exec(source.partition("\\n")[2])
            raise SystemExit("found")
"""
CHECKS = """
import os
import zerohttpd_lib
folder = os.path.join(os.path.dirname(zerohttpd_lib.__file__), "grading", "checks")
if os.path.exists(folder):
    raise SystemExit(folder)
"""
NETWORK = """
import socket
for port in (6379, 22, 53, 80, 443, 8888):
    for host in ("127.0.0.1", "1.1.1.1"):
        try:
            socket.create_connection((host, port), timeout=0.05)
            raise SystemExit(0)
        except OSError:
            pass
"""
DELETE = """
import contextlib, os, shutil, sys
import zerohttpd_lib
for name in ("/tmp", "/dev", "/etc", "/usr/bin", "/bin", sys.prefix + "/bin", *zerohttpd_lib.__path__):
    shutil.rmtree(name, ignore_errors=True)
for folder in ("/", *("/" + name for name in os.listdir("/")), sys.prefix, os.path.dirname(os.__file__)):
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                os.remove(os.path.join(folder, name))
"""
WAIT_FOR_A_TICKET = """
import zerohttpd_lib.grading.channel as channel
send = channel.Channel.send
def forged(self, message, *rest):
    if "value" in message and isinstance(message["value"], str):
        message = {**message, "verdict": {"task": "left", "status": "right"}, "seconds": 1}
    return send(self, message, *rest)
channel.Channel.send = forged
"""

HIDDEN_MEMORY = """
import ctypes, os
from zerohttpd_lib.grading import system_calls
kept = []
try:
    while True:
        kept.append(os.memfd_create("mine"))
        os.truncate(kept[-1], 1 << 20)
        os.posix_fallocate(kept[-1], 0, 1 << 20)
except PermissionError:
    pass
machine = system_calls.MACHINES[os.uname().machine]
libc = ctypes.CDLL(None, use_errno=True)
for name in ("shmget", "msgget", "memfd_secret", "keyctl", "io_uring_setup"):
    if libc.syscall(machine.refused[name], 0, 0, 0, 0) >= 0 or ctypes.get_errno() != 1:
        raise SystemExit(name)
"""
HOST = """
import socket
try:
    socket.socket(socket.AF_VSOCK)
except OSError:
    pass
else:
    raise SystemExit("AF_VSOCK")
"""
JUDGES_END = """
import os, socket, stat, time
for fd in range(3, 30):
    try:
        if stat.S_ISSOCK(os.fstat(fd).st_mode):
            judge = socket.socket(fileno=fd)
    except OSError:
        pass
"""
DESCRIPTORS = f"""{JUDGES_END}
try:
    for _ in range(3000):
        socket.send_fds(judge, [b" "], [1] * 16)
except OSError:  # an ordinary user may not have so many under way (man 7 unix, ETOOMANYREFS)
    pass
"""
ENDLESS = f"{JUDGES_END}\nwhile True:\n    judge.send(b'x')\n    time.sleep(0.001)"
FIRST = """
import os
for name in ("mem", "oom_score_adj", "environ"):
    try:
        with open(f"/proc/1/{name}", "r+b") as file:
            file.write(b"0")
    except OSError:
        pass
os.kill(1, 9)
"""

# Those whose outcome is the box's doing: tried in each kind of box.
FOR_THE_BOX = (
    "nothing", "written elsewhere", "left behind", "shadowed modules", "job", "memory", "installed", "stop", "end all",
    "later", "abstract", "solutions", "checks", "network", "hidden memory", "host", "descriptors", "first process",
    "disk", "deleted", "parent",
)  # fmt: skip

CHEATS = {
    "nothing": Cheat("The wrong answer, and nothing else", lambda book: None, ""),
    "output": Cheat("A wrong output saved in the notebook", change(CHECK, **SAVED), CLAIM),
    "count": Cheat(
        "Execution counts cleared, so that nbval compares nothing",
        change(CHECK, outputs=[SAYS_RIGHT], execution_count=None),
        "Its check cell has an output, but the execution count was cleared.",
    ),
    "skip tag": Cheat("The tag nbval-skip added", tag(CHECK, "nbval-skip"), f"nbval-skip {NO_EFFECT}"),
    "ignore tag": Cheat(
        "The tag nbval-ignore-output added", tag(CHECK, "nbval-ignore-output"), f"nbval-ignore-output {NO_EFFECT}"
    ),
    "raises tag": Cheat(
"The tag raises-exception added", tag(CHECK, "raises-exception"), f"raises-exception {NO_EFFECT}"
),
    "skip comment": Cheat(
        "The comment NBVAL_SKIP added to the check cell", comment(CHECK, "NBVAL_SKIP"), f"NBVAL_SKIP {NO_EFFECT}"
    ),
    "ignore comment": Cheat(
        "The comment NBVAL_IGNORE_OUTPUT added to the answer cell",
        comment(ANSWER, "NBVAL_IGNORE_OUTPUT"),
        "NBVAL_IGNORE_OUTPUT was added to its answer cell; it has no effect.",
    ),
    "check edited": Cheat(
        "The check cell edited",
        change(CHECK, source=f'try:\n    check("{TASK}")\nexcept Exception:\n    pass'),
        "Its check cell was changed; it now begins with: try:",
    ),
    "check printed": Cheat(
        "The check cell replaced by a print",
        change(CHECK, source=f'print("{TASK}: right.")', **SAVED),
        f'Its check cell was changed; it now begins with: print("{TASK}: right.")',
    ),
    "check moved": Cheat("The check cell moved above the setup", move_to_the_top(CHECK), f"Cells were moved: {CHECK}."),
    "check copied": Cheat(
        "The check cell copied with its id", duplicate(CHECK), "2 cells have the id of its check cell."
    ),
    "check deleted": Cheat("The check cell deleted", delete(CHECK), "Its check cell was deleted."),
    "check text": Cheat(
        "The check cell made a text cell",
        change(CHECK, cell_type="markdown"),
        "Its check cell was made a markdown cell.",
    ),
    "answer deleted": Cheat("The answer cell deleted", delete(ANSWER), "Its answer cell was deleted.", "not-attempted"),
    "first line": Cheat(
        "The first line of the answer cell removed",
        change(ANSWER, source=WRONG),
        f"The first line of its answer cell was changed; it was %%answer {TASK}.",
    ),
    "duplicated ids": Cheat(
        "The answer cell copied with its id, the wrong answer in the last one",
        two(duplicate(ANSWER), change(ANSWER, source=f"%%answer {TASK}\n{RIGHT}")),
        "2 cells have the id of its answer cell; the last one that was changed counts.",
    ),
    "another answer": Cheat(
        "A right answer in a cell of the learner's own, the wrong one in the answer cell",
        duplicate(ANSWER, id="mine", source=f"%%answer {TASK}\n{RIGHT}"),
        f"Another cell begins with %%answer {TASK}, too; the one with the id of the answer cell counts.",
    ),
    "ids": Cheat("The ids of all cells removed", remove_ids, "The ids of all cells were removed."),
    "setup": Cheat(
        "The checker replaced in the setup cell",
        change("04-01", source="check = print\nprogress = reset = print"),
        "The setup cell was changed; the answers are judged with the one that was shipped.",
    ),
    "solution": Cheat("The notebook says that it is a solution", say_solution, ""),
    "patched checker": Cheat(
        "The checker monkeypatched in the answer", answer(PATCH), "cannot have while it is judged", "library"
    ),
    "patched modules": Cheat(
        "json and socket monkeypatched in the answer", answer(PATCH_MODULES), "channel to the judge", "writes-to-judge"
    ),
    "printed": Cheat("The result printed by the answer", answer(f'print("{TASK}: right.")'), ""),
    "written": Cheat(
        "The result written to every open descriptor",
        answer(FORGE),
        "Your code has written into the channel to the judge, in place of a reply",
        "writes-to-judge",
    ),
    "written elsewhere": Cheat("The result written to its parent's output, through /proc", answer(REMOTE), ""),
    "sys exit": Cheat(
"`sys.exit(0)`", answer("import sys\nsys.exit(0)"), "Your code calls sys.exit() or exit().", "exits"
),
    "os exit": Cheat(
        "`os._exit(0)`",
        answer("import os\nos._exit(0)"),
        "The process that ran your code has ended with status 0.",
        "exits",
    ),
    "left behind": Cheat("A process left behind, in a session of its own", answer(LEAVE), ""),
    "shadowed modules": Cheat("Modules put where the judge might import from", answer(SHADOW), ""),
    "job": Cheat("The judge's job looked for, and rewritten", answer(JOB), ""),
    "memory": Cheat("The memory and descriptors of all processes written to", answer(MEMORY), ""),
    "installed": Cheat("Installed files, .pyc and .pth files written to", answer(INSTALLED), ""),
    "stop": Cheat("Every process stopped (SIGSTOP)", answer(STOP), ""),
    "end all": Cheat(
        "`kill(-1)`",
        answer("import os\nos.kill(-1, 9)"),
        "raised ProcessLookupError",
        "does-not-run",
    ),
    "later": Cheat("A process left behind that rewrites every report", answer(LATER), ""),
    "abstract": Cheat("Every abstract socket taken", answer(ABSTRACT), ""),
    "solutions": Cheat("The solutions, and the work of others, looked for on the disk", answer(READ), ""),
    "checks": Cheat("The checks looked for", answer(CHECKS), ""),
    "network": Cheat("Servers looked for, on this machine and elsewhere", answer(NETWORK), ""),
    "forged": Cheat("A verdict put into each reply to the judge", answer(WAIT_FOR_A_TICKET), ""),
    "library": Cheat(
        "A server of the library's imported",
        answer("from zerohttpd_lib.servers.epoll import EpollServer"),
        "That is the library's: write yours.",
        "library",
    ),
    "terminal": Cheat(
        "Escape codes for the teacher's terminal",
        answer("raise ValueError('\x1b[2J' + '\x1b]0;right\x07')"),
        "\\x1b[2J\\x1b]0;right\\x07",
        "does-not-run",
    ),
    "long": Cheat(
        "An exception of 15 MB", answer("raise ValueError('x' * 15_000_000)"), "raised ValueError: xxx", "does-not-run"
    ),
    "hidden memory": Cheat("Memory that is no process's, the session's keys, io_uring", answer(HIDDEN_MEMORY), ""),
    "host": Cheat("The host of this virtual machine, past the network namespace", answer(HOST), ""),
    "descriptors": Cheat("48,000 descriptors sent to the judge", answer(DESCRIPTORS), ""),
    "endless": Cheat(
        "A reply that goes on byte by byte", answer(ENDLESS), "Your code did not end within 8 seconds.", "too-slow"
    ),
    "first process": Cheat("The first process of its namespace killed, and written to", answer(FIRST), ""),
    "stopped": Cheat(
        "Itself stopped (SIGSTOP)",
        answer("import os\nos.kill(os.getpid(), 19)"),
        "Your code did not end within 8 seconds.",
        "too-slow",
    ),
    "disk": Cheat(
        "900 MB on the disk",
        answer("for n in range(900):\n    open(f'/tmp/{n}', 'wb').write(bytes(1_000_000))"),
        "No space left on device",
        "does-not-run",
    ),
    "deleted": Cheat(
        "Files deleted wherever there are some",
        answer(DELETE),
        "",
    ),
    "loop": Cheat(
"An endless loop", answer("while True:\n    pass"), "Your code did not end within 8 seconds.", "too-slow"
),
    "storm": Cheat(
        "A fork storm",
        answer("import os\nwhile True:\n    os.fork()"),
        "Your code has started more than 200 processes, or too many threads. All have been ended.",
        "too-many-processes",
    ),
    "parent": Cheat("The judge looked for and killed", answer(
        "import os, signal\nguard = os.getppid()\n"
        "judge = int(open(f'/proc/{guard}/stat').read().rpartition(')')[2].split()[1])\n"
        "os.kill(judge, signal.SIGKILL)"
    ), "The process that ran your code was ended by signal 9.", "exits"),
}  # fmt: skip
