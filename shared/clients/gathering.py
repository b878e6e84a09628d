"""Doing many remote calls at once, bounded, with one outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Final, TypeVar

_T = TypeVar("_T")
AT_ONCE: Final = 64  # calls of one event under way at a time; GitHub allows 100 concurrent ones in all


async def gather_all(works: Iterable[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Do all of the work and answer its results in order; the first failure cancels the rest and is raised itself."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def in_turn(work: Coroutine[Any, Any, _T]) -> _T:
        async with turn:
            return await work

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(in_turn(work)) for work in works]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    return [task.result() for task in tasks]
