"""Imports point one way: from the lab down to the values, never back up."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "zerohttpd_lib"

# Each part of the package, and the parts of it that it may import. A module is its own part
# unless its folder is one.
ALLOWED = {
    "app": set(),
    "kernel": set(),
    "load": {"kernel"},  # no server and no wire: a shared mistake would cancel out
    "trace": {"kernel"},
    "servers": {"app", "kernel", "trace"},
    "lab": {"app", "kernel", "servers", "load", "trace"},
    "museum": {"app", "kernel", "servers", "load", "trace", "lab"},
    "views": {"kernel", "servers", "load", "trace", "lab"},
    "grading": {"app", "kernel", "servers", "load", "trace", "lab", "museum"},
    "doctor": {"lab", "grading"},
    "cli": {"servers", "load", "lab", "views", "grading", "doctor"},
    "__init__": {"lab"},
    "__main__": {"cli"},
}
# The system's own doors. The wires and the application pass values on, and open none of them.
OPERATING_SYSTEM = {"socket", "select", "selectors", "os", "subprocess", "signal", "threading", "asyncio"}
PURE = sorted((PACKAGE / "app").glob("*.py"))
DRIVERS = {
    "blocking",
    "workers",
    "pollers",
    "difference",
    "serve",
    "child",
    "event_loop",
    "accepting",
    "http_connection",
    "redis_connection",
    "turns",
    "__init__",
}  # that servers may share


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(module: Path) -> list[tuple[str, ...]]:
    """What a module imports, as absolute names split at the dots."""
    here = ("zerohttpd_lib", *module.relative_to(PACKAGE).parts[:-1])
    found: list[tuple[str, ...]] = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found += [tuple(name.name.split(".")) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            found += [(*base, name.name) for name in node.names]
    return found


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_lies_below_it(module: Path) -> None:
    part = part_of(module)
    own = {name[1] for name in imports_of(module) if name[0] == "zerohttpd_lib" and len(name) > 1}
    assert own - {part} <= ALLOWED[part]


def name_of(module: Path) -> tuple[str, ...]:
    parts = ("zerohttpd_lib", *module.relative_to(PACKAGE).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


def imported_modules() -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    """Which module imports which: at its top, within a function, or for the type checker alone."""
    names = {name_of(module): module for module in modules()}
    return {
        name: {imported if imported in names else imported[:-1] for imported in imports_of(module)} & names.keys()
        for name, module in names.items()
    }


def reached_from(start: tuple[str, ...], imports: dict[tuple[str, ...], set[tuple[str, ...]]]) -> set[tuple[str, ...]]:
    reached: set[tuple[str, ...]] = set()
    ahead = list(imports[start])
    while ahead:
        module = ahead.pop()
        if module not in reached:
            reached.add(module)
            ahead += imports[module]
    return reached


def test_no_modules_import_each_other_in_a_circle() -> None:
    imports = imported_modules()
    in_a_circle = {".".join(module[1:]) for module in imports if module in reached_from(module, imports)}
    assert sorted(in_a_circle) == []


@pytest.mark.parametrize("module", PURE, ids=lambda path: path.stem)
def test_the_wires_and_the_application_know_no_operating_system(module: Path) -> None:
    assert not {name[0] for name in imports_of(module)} & OPERATING_SYSTEM


def test_only_the_views_import_matplotlib_and_ipywidgets() -> None:
    users = {
        part_of(module)
        for module in modules()
        if {"matplotlib", "ipywidgets", "anywidget"} & {name[0] for name in imports_of(module)}
    }
    assert users == {"views"}


@pytest.mark.parametrize("module", sorted((PACKAGE / "servers").glob("*.py")), ids=lambda path: path.stem)
def test_no_server_imports_another(module: Path) -> None:
    rungs = {path.stem for path in (PACKAGE / "servers").glob("*.py")} - DRIVERS
    imported = {name[2] for name in imports_of(module) if name[:2] == ("zerohttpd_lib", "servers") and len(name) > 2}
    assert not (imported & rungs) - {module.stem}


def test_no_two_modules_of_the_servers_import_each_other_by_whatever_way() -> None:
    """Not even for type checking: who is read first can be read alone."""
    names = {path.stem for path in (PACKAGE / "servers").glob("*.py")}
    imported = {
        name: {found[2] for found in imports_of(PACKAGE / "servers" / f"{name}.py") if found[1:2] == ("servers",)}
        & names - {"__init__"}
        for name in names
    }
    while leaves := [name for name, others in imported.items() if not others]:
        for name in leaves:
            del imported[name]
        imported = {name: others - {*leaves} for name, others in imported.items()}
    assert not imported, "these go in a circle"
