"""Delivering one event many times, over connections that are kept open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Final

_HOST: Final = "127.0.0.1"
_DONE: Final = b"HTTP/1.1 204 "


class NotDoneError(Exception):
    """What a function answered that did not work an event off."""


async def deliver_all(port: int, body: bytes, events: int, *, connections: int) -> float:
    """Deliver a body `events` times, at most `connections` at a time; answer the seconds that it took.

    The request is written as bytes made once: a whole HTTP client costs more than the fastest function it measures.

    Raises:
        NotDoneError: an answer was not 204.
    """
    head = f"POST / HTTP/1.1\r\nHost: {_HOST}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    turns = iter(range(events))
    began = time.monotonic()
    await asyncio.gather(*(_deliver_while(turns, port, head.encode() + body) for _ in range(connections)))
    return time.monotonic() - began


async def _deliver_while(turns: Iterator[int], port: int, request: bytes) -> None:
    reader, writer = await asyncio.open_connection(_HOST, port)
    for _ in turns:
        writer.write(request)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(_DONE):
            raise NotDoneError(f"answers {answer[: len(_DONE)].decode()}")
    writer.close()
    await writer.wait_closed()
