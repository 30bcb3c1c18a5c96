"""Start a server, a Redis, a load test, each in a process of its own, and clean up after them."""

from .lab import Lab
from .processes import LabError
from .server import Server

__all__ = ["Lab", "LabError", "Server"]
