"""Rung 8: nothing blocks. Read epoll.py first: its first read and its writes move into the loop.

The article ends on a conjecture: were the first read and the writes non-blocking too, the epoll
server should do even better. This is that server. All else is as it was: the same questions to
Redis, one after the other, on a connection of their own for each request.

What it takes is memory of where one was. A request that has come in part waits in
`HttpConnection.input` for the rest of it; an answer that the kernel takes in part waits in
`HttpConnection.output`, and only for that long is the client watched for writing.
"""

from __future__ import annotations

from .event_loop import EventLoop
from .redis_connection import RedisConnection


class NonblockingServer(EventLoop):
    def redis_for_a_request(self) -> RedisConnection:
        return RedisConnection(self, self.redis_address)

    def release(self, redis: RedisConnection) -> None:
        redis.close()
