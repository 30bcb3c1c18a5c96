"""What a learner has tried so far: attempts by task, kept in the checkout's `.lab`. Never answers."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

from ..lab.course import find_course
from ..lab.errors import LabError
from .verdict import COULD_NOT, NOT_ATTEMPTED, RIGHT, Verdict


class Progress:
    """Kept in `file`; with None, in memory."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self._tasks: dict[str, dict[str, Any]] = {}  # by task: "done", and "wrong": how often, by mistake
        if file is not None and file.exists():
            try:
                self._tasks = {
                    str(task): dict(kept) for task, kept in json.loads(file.read_text(encoding="utf-8")).items()
                }
            except (ValueError, TypeError, AttributeError):  # damaged: begin anew
                self._tasks = {}

    @classmethod
    def of_this_folder(cls) -> Progress:
        """That of the course; in memory where there is none. The solutions are nobody's progress."""
        try:
            course = find_course()
        except LabError:
            return cls(None)
        return cls(None if Path.cwd().name == "solutions" else course / ".lab" / "progress.json")

    def note(self, verdict: Verdict) -> int:
        """Count an attempt. Returns how many there were before with the same mistake."""
        if verdict.status in (NOT_ATTEMPTED, COULD_NOT):
            return 0
        kept = self._tasks.setdefault(verdict.task, {"done": False, "wrong": {}})
        before = int(kept["wrong"].get(verdict.code, 0))
        if verdict.status == RIGHT:
            kept["done"] = True
        else:
            kept["done"] = False
            kept["wrong"][verdict.code] = before + 1
        self._save()
        return before

    def attempts(self, task: str) -> int:
        """How many wrong ones there were."""
        return sum(Counter(self._tasks.get(task, {}).get("wrong", {})).values())

    def is_done(self, task: str) -> bool:
        return bool(self._tasks.get(task, {}).get("done"))

    def in_words(self, task: str) -> str:
        wrong = self.attempts(task)
        tries = f" (wrong attempts: {wrong})" if wrong else ""
        if self.is_done(task):
            return RIGHT + tries
        return f"not yet{tries}" if wrong else NOT_ATTEMPTED

    def forget(self, task: str | None) -> None:
        if task is None:
            self._tasks.clear()
        else:
            self._tasks.pop(task, None)
        self._save()

    def _save(self) -> None:
        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(self._tasks, indent=1), encoding="utf-8")
        draft.replace(self.file)  # at once, should two notebooks write
