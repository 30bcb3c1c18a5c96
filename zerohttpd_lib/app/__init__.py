"""The guestbook, and the two protocols that it is spoken to in. Nothing here opens a socket or a file of the system's.

Read it in this order:

    messages       Request, Response, Command, Reply: plain values
    http_wire      bytes to Request, Response to bytes
    redis_wire     Command to bytes, bytes to Reply
    guestbook      yields Commands, is sent Replies, returns a Response
"""
