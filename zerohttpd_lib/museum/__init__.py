"""The museum of broken servers: each exhibit is a small real server, broken in one way that happens in the world.

An exhibit is a module. It has two server classes, `Broken` and `Mended`, that differ in what is wrong and in
nothing else; `visit`, which is what clients do to either; and `is_ill`, which says whether the fault shows in what
was seen. Read small_server.py first: it is what they are made of. hall.py lets visitors in.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Exhibit(NamedTuple):
    """`name` is its module, and the word for its fault. `fault`: the same in a sentence."""

    number: int
    name: str
    fault: str
    seen_in: str = ""  # where it has really happened: the address of a public thread


EXHIBITS: Final = tuple(
    Exhibit(number, *about)
    for number, about in enumerate(
        [
            ("write_kept", "an interest in writing is not taken back when all has been written",
             "https://github.com/libuv/libuv/issues/3671"),
            ("never_closed", "who has left is forgotten, and its descriptor stays open"),
            ("half_close", "the end of a client's input is taken for its goodbye",
             "https://github.com/golang/go/issues/18527"),
            ("not_drained", "edge-triggered, and something ready is not read to its end"),
            ("hup_ignored", "HUP and ERR are reported though nobody asked for them, and nobody looks",
             "https://github.com/h2o/h2o/pull/603"),
            ("door_starved", "who is inside comes first, and so the listener never has its turn"),
            ("descriptors_out", "accept() fails for want of a descriptor, and is called again at once",
             "https://github.com/joyent/libuv/issues/690"),
            ("number_reused", "an event is given to somebody else, who has got the number of whom it was meant for"),
            ("closed_twice", "a descriptor is closed twice, and the second time it is somebody else's"),
            ("log_blocks", "a handler waits for something that is no event: a log, a name, a disk"),
            ("buffer_grows", "what a client does not read is kept for it, without a limit",
             "https://github.com/aio-libs/aiohttp/issues/1367"),
            ("timer_drifts", "a timer is set anew from when its work was done, not from when it was due"),
            ("signal_unheard", "a signal's handler leaves work for the loop, and does not wake it"),
            ("list_inherited", "two processes wait for one interest list, made before fork()"),
            ("pool_exhausted", "what was borrowed is not given back when whoever needed it has gone"),
            ("retry_storm", "what has failed is tried again at once"),
        ],
        1,
    )
)  # fmt: skip
FAULTS: Final = {exhibit.name: exhibit.fault for exhibit in sorted(EXHIBITS, key=lambda exhibit: exhibit.name)}
