"""curl and ab against every rung. They want the machine to themselves: a fork() for each request takes time."""

from __future__ import annotations

import shutil

import outside_tools
import pytest
from arena import Arena

from zerohttpd_lib.lab.redis_server import Redis
from zerohttpd_lib.servers import RUNGS


@pytest.mark.parametrize("tool", ["curl", "ab"])
@pytest.mark.parametrize("rung", RUNGS)
def test_a_tool_that_is_not_ours_finds_nothing_wrong(rung: str, tool: str, arena: Arena, redis: Redis) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    assert outside_tools.TOOLS[tool](arena.server(rung).url + "/guestbook") == ""
    arena.dirty = False
