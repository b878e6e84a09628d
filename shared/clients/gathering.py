"""Doing many remote calls at once, bounded, with one outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from shared.domain.errors import Unavailable

_T = TypeVar("_T")
AT_ONCE: Final = 64  # calls of one event under way at a time; GitHub allows 100 concurrent ones in all


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Do the tasks of a group at once; the first failure cancels the rest and is raised itself, never as a group."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures


async def gather_all(works: Iterable[Coroutine[Any, Any, _T]], *, at_once: int = AT_ONCE) -> list[_T]:
    """Do all of the work and answer its results in order; the first failure cancels the rest and is raised itself."""
    turn = asyncio.Semaphore(at_once)

    async def in_turn(work: Coroutine[Any, Any, _T]) -> _T:
        try:
            async with turn:
                return await work
        finally:
            work.close()  # where its turn never came

    async with together() as group:
        tasks = [group.create_task(in_turn(work)) for work in works]
    return [task.result() for task in tasks]


async def settle_all(works: Iterable[Coroutine[Any, Any, _T]], *, at_once: int = AT_ONCE) -> list[_T | Unavailable]:
    """Do all of the work, whatever part of it is unavailable, and answer its results and failures in order.

    What one part made must not be lost because another could not be made: the caller keeps it, then raises.
    """
    return await gather_all(map(settle, works), at_once=at_once)


async def settle(work: Coroutine[Any, Any, _T]) -> _T | Unavailable:
    """Do the work and answer its result, or why it is unavailable: for what may turn out not to be needed."""
    try:
        return await work
    except Unavailable as error:
        return error


def all_of(parts: Iterable[_T | Unavailable]) -> list[_T]:
    """Answer what was settled, if nothing failed.

    Raises:
        Unavailable: the first failure.
    """
    whole = []
    for part in parts:
        if isinstance(part, Unavailable):
            raise part
        whole.append(part)
    return whole
