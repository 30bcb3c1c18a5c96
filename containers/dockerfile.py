"""The instructions of a Dockerfile, as far as ours uses them (docs.docker.com, Dockerfile reference)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

FILE: Final = Path(__file__).resolve().parents[1] / "Dockerfile"


class Step(NamedTuple):
    """One instruction, in capitals, and what follows it on its line and those that continue it."""

    instruction: str
    argument: str


def read_steps(file: Path = FILE) -> list[Step]:
    """All instructions, in their order, without comments."""
    lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
    whole = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).splitlines()
    return [Step(*line.split(maxsplit=1)) for line in whole if line.strip()]
