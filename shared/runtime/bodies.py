"""Reading request bodies, counted while they come: the framework itself would take any size."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from starlette.requests import Request


class Bodies:
    """Reads bodies of at most `most` bytes; those of more than `together` bytes one at a time."""

    def __init__(self, *, most: int, together: int) -> None:
        self._most = most
        self._together = together
        self._one_large_body = asyncio.Lock()

    async def read(self, request: Request, held: AsyncExitStack) -> bytes | None:
        """Read a body, None if it is too large; a large one holds its turn in `held`, so ten cannot fill the memory."""
        if int(request.headers.get("content-length", 0)) > self._most:
            return None
        body = bytearray()
        async for chunk in request.stream():
            if len(body) <= self._together < len(body) + len(chunk):
                await held.enter_async_context(self._one_large_body)
            body += chunk
            if len(body) > self._most:
                return None
        return bytes(body)
