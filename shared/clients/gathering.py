"""Doing many remote calls at once, bounded, with one outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

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


async def gather_all(works: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Do all of the work and answer its results in order; the first failure cancels the rest and is raised itself."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def in_turn(work: Coroutine[Any, Any, _T]) -> _T:
        async with turn:
            return await work

    async with together() as group:
        tasks = [group.create_task(in_turn(work)) for work in works]
    return [task.result() for task in tasks]
