"""Which tests run side by side, with pytest-xdist."""

from __future__ import annotations

from typing import Final

from xdist.scheduler import LoadScopeScheduling

SHARES_NOTHING: Final = "test_wrong_answers.py"  # each on its own; in one piece it would be the long end of the run


class ByFile(LoadScopeScheduling):
    """The tests of a file stay together, in one process: they share servers, and what takes long to make.

    `--dist loadgroup` and its marks would say the same, but group nothing with pytest 9.2 (pytest-xdist, issue 1386).
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return nodeid if file.endswith(SHARES_NOTHING) else file
