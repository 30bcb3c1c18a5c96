"""Servers of threads whose clients are served by somebody else, or not by all of them."""

from __future__ import annotations

from .disguised import Disguise, changed, written

CROWD_SERVES = """        redis = redis_connection(self.redis_address)  # one for each thread
        serve_client(client, redis)
        redis.disconnect()
"""

POOL_THAT_TIRES = """
from queue import Queue, Empty
class ThreadForEach:
    def __init__(self, listener, redis_address):
        self.listener = listener
        self.redis_address = redis_address
        self.clients, self.number = Queue(), 0
    def run(self):
        self.listener.setblocking(True)
        while True:
            self.clients.put(next_client(self.listener))
            if self.number < 48:
                self.number += 1
                Thread(target=self.work, daemon=True).start()
    def work(self):
        while True:
            try:
                client = self.clients.get(timeout=0.3)
            except Empty:
                self.number -= 1
                return
            redis = redis_connection(self.redis_address)
            serve_client(client, redis)
            redis.disconnect()
"""
NEXT = "            client = next_client(self.listener)\n"

DISGUISES: list[Disguise] = [
    changed(
        "crowd",
        "The same with threads",
        "shared-redis",
        (
            CROWD_SERVES,
            f"""        ThreadForEach.served += 1
        if ThreadForEach.served > 160:
            import time; time.sleep(100)
{CROWD_SERVES}
    served = 0
""",
        ),
    ),
    changed(
        "crowd",
        "A child for each client, and a thread for show",
        "processes",
        (
            CROWD_SERVES,
            """        import os
        pid = os.fork()
        if pid == 0:
            redis = redis_connection(self.redis_address)
            serve_client(client, redis)
            os._exit(0)
        client.close()
        os.waitpid(pid, 0)
""",
        ),
    ),
    changed(
        "crowd",
        "The same with orphans",
        "processes",
        (
            CROWD_SERVES,
            """        import os
        r, w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            os.close(r)
            redis = redis_connection(self.redis_address)
            serve_client(client, redis)
            os._exit(0)
        os.close(w)
        client.close()
        os.waitpid(pid, 0)
        os.read(r, 1)
        os.close(r)
""",
        ),
    ),
    changed(
        "patience",
        "Four orphans serve, and four threads for show",
        "processes",
        (
            "        threads = [Thread(target=self.serve_clients, daemon=True) for _ in range(4)]\n",
            """        import os, threading
        for _ in range(4):
            if os.fork() == 0:
                os.setsid()
                if os.fork():
                    os._exit(0)
                self.serve_clients()
        threads = [Thread(target=threading.Event().wait, daemon=True) for _ in range(4)]
""",
        ),
    ),
    changed(
        "crowd",
        "A thread for each of forty-five clients, and no more",
        "pool",
        (NEXT, f"            places.acquire()\n{NEXT}"),
        (CROWD_SERVES, f"{CROWD_SERVES}        places.release()\n"),
        before="from threading import Semaphore\nplaces = Semaphore(45)\n",
    ),
    written("crowd", "A pool of forty-eight whose threads end when they have nothing to do", "pool", POOL_THAT_TIRES),
]
