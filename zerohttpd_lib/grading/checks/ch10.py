"""Checks of exercise 10: what a wait reports, one epoll for many threads, and a server that drains and is fair."""

from __future__ import annotations

from . import ch10_fair, ch10_once, ch10_told

__all__ = ["ch10_fair", "ch10_once", "ch10_told"]  # each registers a task of its own
