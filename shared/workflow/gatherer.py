"""Gathering events that arrive together, so that they can be worked off as one. Only speed depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.domain.errors import Rejected, Unavailable
from shared.workflow.done import Done

_E = TypeVar("_E")
Outcome = Done | Rejected | Unavailable
Work = Callable[[Awaitable[Sequence[_E]]], Awaitable[Sequence[Outcome]]]


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[_E]):
    event: _E
    outcome: asyncio.Future[Outcome]


class Gatherer(Generic[_E]):
    """Collects events for `window_s` seconds, works them off in one go, and gives each its own outcome.

    The work begins with the window, and awaits the events when it is ready for them. One batch runs at a time: two
    would only race each other for the same branch.
    """

    def __init__(self, work: Work[_E], *, window_s: float, deadline_s: float) -> None:
        self._work = work
        self._window_s = window_s
        self._deadline_s = deadline_s
        self._waiting: list[_Waiting[_E]] = []
        self._one_at_a_time = asyncio.Lock()
        self._batches: set[asyncio.Task[None]] = set()

    async def add(self, event: _E) -> Done:
        """Have an event worked off with those that arrive about now.

        Raises:
            Rejected: this event was.
            Unavailable: this event, or the whole batch, could not be worked off.
        """
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(event, outcome))
        if len(self._waiting) == 1:
            batch = asyncio.create_task(self._batch())
            self._batches.add(batch)
            batch.add_done_callback(self._batches.discard)
        settled = await outcome
        if isinstance(settled, Done):
            return settled
        raise settled

    async def _batch(self) -> None:
        taken: list[_Waiting[_E]] = []
        async with self._one_at_a_time:
            gathering = asyncio.create_task(self._gather(taken))
            try:
                async with asyncio.timeout(self._window_s + self._deadline_s):
                    outcomes = await self._work(gathering)
            except Exception as error:  # noqa: BLE001 - it is handed to every event of the batch, which raises it
                await gathering  # those that still arrive would meet the same
                for waiting in _still_waiting(taken):
                    waiting.outcome.set_exception(error)
            else:
                settled = dict(zip(map(id, taken), outcomes, strict=True))
                for waiting in _still_waiting(taken):
                    waiting.outcome.set_result(settled[id(waiting)])

    async def _gather(self, taken: list[_Waiting[_E]]) -> Sequence[_E]:
        """Wait for the window's end, and take whoever waits then."""
        await asyncio.sleep(self._window_s)
        taken += self._waiting
        self._waiting = []
        return [waiting.event for waiting in taken]


def _still_waiting(taken: list[_Waiting[_E]]) -> list[_Waiting[_E]]:
    """Leave out the events whose request was given up meanwhile; they are redelivered."""
    return [waiting for waiting in taken if not waiting.outcome.done()]
