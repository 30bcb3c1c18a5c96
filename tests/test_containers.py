"""Docker, a development container and Binder install the course in the same way."""

from __future__ import annotations

import json
import os
import shlex
import sys
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "containers"))

from dockerfile import Step, read_steps  # noqa: E402

INSTALL = "containers/install"


def steps(instruction: str) -> list[str]:
    return [step.argument for step in read_steps() if step.instruction == instruction]


def test_each_of_the_three_runs_the_same_install_step() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    binder = (ROOT / "binder" / "postBuild").read_text().splitlines()[-1]
    assert f"/src/{INSTALL}" in steps("RUN")
    assert shlex.split(container["postCreateCommand"])[0] == INSTALL
    assert shlex.split(binder)[:2] == ["exec", INSTALL]
    for script in (INSTALL, "binder/postBuild"):
        assert os.access(ROOT / script, os.X_OK)


def test_each_of_the_three_has_the_same_packages_of_the_system() -> None:
    """Binder's are in a file that the Dockerfile reads, and the development container is built by that."""
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    dockerfile = ROOT / ".devcontainer" / container["build"]["dockerfile"]
    assert dockerfile.resolve() == ROOT / "Dockerfile"
    assert (ROOT / ".devcontainer" / container["build"]["context"]).resolve() == ROOT
    assert any("$(cat /src/binder/apt.txt)" in run for run in steps("RUN"))
    assert "bubblewrap" in (ROOT / "binder" / "apt.txt").read_text().split()


def test_the_container_is_an_ordinary_users_and_so_is_the_development_container() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    in_order = read_steps()
    assert in_order.index(Step("USER", container["remoteUser"])) < in_order.index(Step("RUN", f"/src/{INSTALL}"))
    assert steps("USER") == [container["remoteUser"]]


def test_what_git_does_not_have_does_not_go_into_the_image() -> None:
    ignored = [line.strip("/").removeprefix("**/") for line in (ROOT / ".dockerignore").read_text().splitlines()]
    of_git = [line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()]
    assert set(of_git) <= set(ignored)
    for needed in ("README.md", "LICENSE", "hatch_build.py", "chapters", "solutions", "zerohttpd_lib"):
        assert not any(fnmatch(needed, pattern) for pattern in ignored)
