"""A function's clients, connected when they are first needed.

Inside the running loop: built at import, they would belong to a loop that is gone after the server forks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Generic, TypeVar

_C = TypeVar("_C")


class Connection(Generic[_C]):
    """Connects once, however many ask at the same time; an attempt that failed is made again."""

    def __init__(self, connect: Callable[[AsyncExitStack], Awaitable[_C]]) -> None:
        self._connect = connect
        self._opened = AsyncExitStack()
        self._connected: _C | None = None
        self._connecting = asyncio.Lock()

    async def clients(self) -> _C:
        """The clients."""
        async with self._connecting:
            if self._connected is None:
                self._connected = await self._connect(self._opened)
            return self._connected

    async def close(self) -> None:
        """Close every client."""
        await self._opened.aclose()
