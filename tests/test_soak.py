"""A short soak of two rungs; `make soak` takes its time."""

from __future__ import annotations

import pytest
from soak import CLIENTS, soak

from zerohttpd_lib.lab.redis_server import Redis


@pytest.mark.parametrize("rung", ["edge", "multiprocess"])
def test_nothing_grows_with_clients_of_every_kind(rung: str, redis: Redis) -> None:
    found = soak(rung, redis, seconds=4)
    assert set(found.done) == {client.__name__ for client in CLIENTS}
