"""Event bits as words."""

from __future__ import annotations

# The bits are the same for poll and epoll on Linux (man 2 poll, man 2 epoll_ctl).
_EVENT_NAMES = {0x1: "IN", 0x2: "PRI", 0x4: "OUT", 0x8: "ERR", 0x10: "HUP", 0x20: "NVAL", 0x2000: "RDHUP"}
_FLAG_NAMES = {1 << 28: "EXCLUSIVE", 1 << 30: "ONESHOT", 1 << 31: "ET"}
_ALL_NAMES = _EVENT_NAMES | _FLAG_NAMES


def event_names(events: int) -> str:
    """Event bits as words: 0x11 is "IN|HUP"; no bit at all is "none"."""
    names = [name for bit, name in _ALL_NAMES.items() if events & bit]
    return "|".join(names) or "none"
