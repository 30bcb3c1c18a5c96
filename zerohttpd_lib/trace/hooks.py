"""Put a function in front of a method of one object, so that nobody who calls it can tell.

The one in front has the name, the signature and the docstring of the method, passes on what it is
given, by position or by name, and gives back what it gets.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Final

Method = Callable[..., Any]
_NOTHING: Final = object()


def hook(owner: object, name: str, wrap: Callable[[Method], Method]) -> None:
    """From now on `owner.NAME` is `wrap(owner.NAME)`. Other objects of its class have theirs as before."""
    in_class = inspect.getattr_static(type(owner), name, _NOTHING)
    is_computed = hasattr(type(in_class), "__set__")  # a property, say
    if not is_computed:
        try:  # not by setattr(): the class may have a __setattr__ of its own
            return object.__setattr__(owner, name, in_front_of(getattr(owner, name), wrap))
        except AttributeError:  # its class has __slots__, and none for this
            pass
    setattr(type(owner), name, _OfOneObject(in_class, owner, wrap))


def in_front_of(method: Method, wrap: Callable[[Method], Method]) -> Method:
    """`wrap(method)`, under the name of the method."""
    return update_wrapper(wrap(method), method)


class _OfOneObject:
    """Stands in the class, where the object itself has no place for an attribute."""

    def __init__(self, in_class: Any, owner: object, wrap: Callable[[Method], Method]) -> None:
        self._in_class = in_class
        self._owner = owner
        self._wrap = wrap

    def __get__(self, instance: object, kind: type | None = None) -> Any:
        bind = getattr(type(self._in_class), "__get__", None)
        method = self._in_class if bind is None else bind(self._in_class, instance, kind)
        return in_front_of(method, self._wrap) if instance is self._owner else method


def two_numbers(method: Method, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """What a call of watch, modify or forget is about: a descriptor and events (0: there are none).

    Whatever its parameters are called, and whether they are given or left to their defaults. For
    an object with a fileno() that number; it is to be asked before the call, which may close it.
    """
    try:
        call = inspect.signature(method).bind(*arguments, **named)
        call.apply_defaults()
        fd, events, *_ = (*call.args, *call.kwargs.values(), 0)
        return (fd if isinstance(fd, int) else fd.fileno()), events
    except Exception:  # then the call itself will fail, or it is not about a descriptor
        return (*arguments, None, None)[:2]
