"""What the tests share: one throw-away Redis, one lab, and a fresh server for each test that asks."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from arena import Arena
from chromium import chromium
from hypothesis import settings
from quick import FIXTURES, Watch, starts_processes

from zerohttpd_lib import Lab
from zerohttpd_lib.lab import Server
from zerohttpd_lib.lab.redis_server import Redis

# `make soak` chooses it, by --hypothesis-profile=soak.
settings.register_profile("soak", max_examples=100_000, deadline=None)

TIME_FOR_A_TEST = 120  # seconds
KEYS = ("visitor_count", "guestbook_remarks")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only the tests that start no process")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--quick"):
        config.pluginmanager.register(Quick())


class Quick:
    """See quick.py."""

    def __init__(self) -> None:
        self.watch = Watch()

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
        return True if is_test and starts_processes(collection_path) else None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if not FIXTURES.intersection(getattr(item, "fixturenames", ()))]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        self.watch.is_on = True
        try:
            return (yield)
        finally:
            self.watch.is_on = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """None may take for ever."""
    for item in items:
        if item.config.pluginmanager.hasplugin("timeout") and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIME_FOR_A_TEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    from scheduling import ByFile

    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def state_of_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """`zerohttpd grade` keeps its verdicts here, not where whoever runs the tests has theirs."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def session_redis() -> Iterator[Redis]:
    with Redis() as redis:
        yield redis


@pytest.fixture(scope="session")
def session_lab(session_redis: Redis) -> Iterator[Lab]:
    with Lab(redis=session_redis.url) as lab:
        yield lab


@pytest.fixture(scope="session")
def arena(session_redis: Redis) -> Iterator[Arena]:
    with Arena(session_redis.address) as arena:
        yield arena


@pytest.fixture
def redis(session_redis: Redis) -> Redis:
    """A Redis that knows no visitor and no remark."""
    session_redis.client.delete(*KEYS)
    return session_redis


@pytest.fixture
def lab(session_lab: Lab, redis: Redis) -> Iterator[Lab]:
    """The lab. What a test starts in it ends with the test."""
    yield session_lab
    for run in session_lab.loads:
        run.stop()
    for server in list(session_lab.servers):  # each leaves the list when it is stopped
        server.stop()
    session_lab.loads.clear()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(params=["poll", "epoll"])
def rung(request: pytest.FixtureRequest) -> str:
    """Each of the event-driven rungs that follow the article to the letter."""
    return str(request.param)


@pytest.fixture
def server(lab: Lab, rung: str) -> Server:
    return lab.serve(rung)
