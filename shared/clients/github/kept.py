"""What never changes on GitHub, kept between events: objects are named by the hash of what they hold."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Kept(Generic[_K, _V]):
    """Values by name, up to so many bytes together by the given measure; the least recently used ones go first."""

    def __init__(self, most_bytes: int, measure: Callable[[_V], int]) -> None:
        self._most = most_bytes
        self._measure = measure
        self._values: OrderedDict[_K, _V] = OrderedDict()
        self._bytes = 0

    def get(self, name: _K) -> _V | None:
        """A value that is here."""
        if name in self._values:
            self._values.move_to_end(name)
        return self._values.get(name)

    def put(self, name: _K, value: _V) -> None:
        """Keep a value."""
        if name in self._values:
            self._bytes -= self._measure(self._values.pop(name))
        self._values[name] = value
        self._bytes += self._measure(value)
        while self._bytes > self._most:
            self._bytes -= self._measure(self._values.popitem(last=False)[1])
