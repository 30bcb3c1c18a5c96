"""What a wheel holds beside the package: the chapters and their solutions, which a checkout has at the top."""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Notebooks(BuildHookInterface):  # type: ignore[type-arg]
    """An installation that points to a checkout finds them there, and must have no second copy: see lab/course.py."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            folders = ("chapters", "solutions")
            build_data["force_include"] |= {name: f"zerohttpd_lib/notebooks/{name}" for name in folders}
