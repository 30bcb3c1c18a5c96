"""Checks of exercise 09: questions that share a line, pieces that share a segment, clients that stay for a while."""

from __future__ import annotations

from . import ch09_lasting, ch09_link, ch09_segment

__all__ = ["ch09_lasting", "ch09_link", "ch09_segment"]  # each registers a task of its own
