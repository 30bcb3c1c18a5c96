"""Make what is written down in docs from the code itself: the list of modules, and the page of the public names.

    python authoring/reference.py            write docs/api.md, and the end of docs/architecture.md
    python authoring/reference.py --check    write nothing; say what is not as the code has it

What stands there is what docstrings say. Mend it there, and make it anew.
"""

from __future__ import annotations

import argparse
import ast
import ctypes
import inspect
import sys
from collections.abc import Iterator
from enum import Enum
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Final

HOME: Final = Path(__file__).resolve().parents[1]
PACKAGE: Final = HOME / "zerohttpd_lib"
ARCHITECTURE: Final = HOME / "docs" / "architecture.md"
API: Final = HOME / "docs" / "api.md"
MARK: Final = "<!-- what follows is made by authoring/reference.py from the first lines of the modules -->\n"
MADE_OTHERWISE: Final = (Enum, Exception, ctypes.Structure)  # than by calling them with what is shown
PARTS: Final = ("cli", "app", "kernel", "trace", "load", "servers", "lab", "museum", "views", "grading")

# What is meant to be used from outside, by what it is used for: modules, and the names in them.
PUBLIC: Final = {
    "In a notebook": {
        "lab.lab": "Lab",
        "lab.errors": "LabError",
        "lab.server": "Server",
        "lab.page": "Page",
        "lab.visitors": "Visitor",
        "trace.stepper": "Stepper",
    },
    "Load tests": {
        "load.plan": "Plan",
        "lab.load_run": "LoadRun",
        "load.result": "LoadResult",
        "load.latencies": "Latencies",
        "lab.sweep": "Sweep",
        "lab.chance": "share_by_chance",
        "lab.measurement": "Cell Measurement",
        "lab.article": "published_table",
    },
    "What the waits were": {
        "trace.reader": "Trace",
        "trace.wait": "Wait Entry Turn Call",
        "trace.findings": "Finding",
        "trace.score": "Cost",
        "lab.saved_run": "Run load_run load_trace shipped_run",
    },
    "Figures and panels": {
        "views": "show_load show_waits show_work show_cost show_scan show_published show_sweep show_both "
        "live_chart watch one_wait stage load_panel inspector interest_panel stepper_panel twin_timelines replay "
        "Picture",
    },
    "What the kernel is asked": {
        "kernel.sockets": "listen accept start_connect receive receive_now send_now send_all raise_descriptor_limit",
        "kernel.pollfd": "PollFd poll",
        "kernel.events": "event_names",
        "kernel.interest": "Interest InterestList interest_list",
        "kernel.wait_price": "measure_grid WaitTime fit CostModel",
    },
    "Servers, and what they are made of": {
        "servers": "Rung RungServer Pool",
        "servers.difference": "Difference",
        "servers.event_loop": "EventLoop Timers",
        "servers.pollers": "Epoll EdgeEpoll",
        "servers.accepting": "AcceptingServer Connection",
        "servers.http_connection": "HttpServer",
        "servers.serve": "serve",
        "app.messages": "Request Response Command",
        "app.http_wire": "RequestReader write_response",
        "app.redis_wire": "ReplyReader write_command",
        "app.guestbook": "respond respond_in_one_trip",
    },
    "Exercises": {
        "grading.notebook": "check solution progress reset",
        "grading.judge": "judge",
        "grading.verdict": "Verdict",
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    old = [file for file, text in pages().items() if not file.exists() or file.read_text() != text]
    for file in old:
        if check:
            print(f"{file.relative_to(HOME)} is not what the code has: run authoring/reference.py.", file=sys.stderr)
        else:
            file.write_text(pages()[file])
    return 1 if check and old else 0


def pages() -> dict[Path, str]:
    written = ARCHITECTURE.read_text().partition(MARK)[0]
    return {ARCHITECTURE: written + MARK + module_list(), API: api_page()}


def module_list() -> str:
    lines: list[str] = []
    for part in ("", *PARTS):
        lines += ["", f"**{part or 'At the top'}**", ""]
        files = sorted(PACKAGE.glob("*.py") if not part else (PACKAGE / part).rglob("*.py"))
        lines += [f"- `{file.relative_to(PACKAGE)}`: {first_line(file)}" for file in files]
    return "\n".join(lines) + "\n"


def first_line(file: Path) -> str:
    return (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0]


# The page of the public names.


def api_page() -> str:
    lines = [
        "# The names that you can use",
        "",
        "Made by `authoring/reference.py` from the docstrings. What is not here may change at any time.",
        "Each heading begins with the module of `zerohttpd_lib` to import from; `Lab` is in the package itself, too.",
    ]
    for purpose, modules in PUBLIC.items():
        lines += ["", f"## {purpose}"]
        for module, names in modules.items():
            for name in names.split():
                lines += described(f"{module}.{name}", getattr(import_module(f"zerohttpd_lib.{module}"), name), "###")
    return "\n".join(lines) + "\n"


def described(title: str, thing: Any, level: str) -> Iterator[str]:
    """A heading, how it is called, what its docstring says; of a class, its public members, too."""
    yield from ["", f"{level} `{title}`", ""]
    if not (inspect.isclass(thing) and issubclass(thing, MADE_OTHERWISE)):
        yield from ["```python", f"{title.rpartition('.')[2]}{call_of(thing)}", "```", ""]
    yield docstring_of(title, thing)
    for name, member in vars(thing).items() if inspect.isclass(thing) else []:
        function = function_of(member)
        if not name.startswith("_") and function is not None:
            text = docstring_of(f"{title}.{name}", function).replace("\n", "\n  ")
            yield from ["", f"- **`{how_to_ask(name, member, function)}`** {text}"]


def function_of(member: Any) -> Any:
    """What a method, a property, a class method is made of; None for all else."""
    for name in ("fget", "func", "__func__"):
        member = getattr(member, name, member)
    return member if inspect.isfunction(member) else None


def how_to_ask(name: str, member: Any, function: Any) -> str:
    if isinstance(member, (property, cached_property)):
        return f"{name}: {inspect.signature(function).return_annotation}"
    return f"{name}{call_of(function, without_the_first=not isinstance(member, staticmethod))}"


def call_of(thing: Any, *, without_the_first: bool = False) -> str:
    """Parameters and what is returned, as they are written."""
    signature = inspect.signature(thing)
    parameters = [
        parameter.replace(
            annotation=as_written(parameter.annotation),
            default=Text("...") if inspect.isfunction(parameter.default) else parameter.default,
        )
        for parameter in signature.parameters.values()
    ]
    returned = inspect.Signature.empty if inspect.isclass(thing) else as_written(signature.return_annotation)
    return str(signature.replace(parameters=parameters[without_the_first:], return_annotation=returned))


class Text(str):
    """Printed without quotes."""

    __repr__ = str.__str__


def as_written(annotation: Any) -> Any:
    return Text(annotation) if isinstance(annotation, str) else annotation


def docstring_of(title: str, thing: Any) -> str:
    """Raises ValueError where there is none: what is public says what it does."""
    if not (text := inspect.getdoc(thing)):
        raise ValueError(f"{title} is public, and has no docstring.")
    return text


if __name__ == "__main__":
    sys.exit(main())
