"""Push: every message of a push subscription is posted to its endpoint until that accepts it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

import aiohttp

from local.faults import Faults, Mischief
from local.google.pubsub import limits, wire
from local.google.pubsub.clock import Clock
from local.google.pubsub.delivery import DeliveryRecord
from local.google.pubsub.subscription import Outstanding, Subscription

_KEEP_ALIVE_S = 1.0

Listener: TypeAlias = Callable[[DeliveryRecord], None]


class Pusher:
    """One task per message that waits to be pushed, at most 100 requests at a time per subscription."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self.listeners: list[Listener] = []
        self._faults = faults
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._tasks: dict[Outstanding, asyncio.Task[None]] = {}
        self._slots: dict[Subscription, asyncio.Semaphore] = {}

    async def start(self) -> None:
        """Open the HTTP session in the running loop."""
        # Let go before the endpoint does (gunicorn keeps 2 s): a POST on a connection that just closed is a false nack.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S)
        self._session = aiohttp.ClientSession(connector=connector)

    async def stop(self) -> None:
        """Cancel every delivery and close the session."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
        self._session = None

    def push(self, subscription: Subscription, messages: Iterable[Outstanding]) -> None:
        """Begin to deliver these messages, unless the subscription is pulled or it was begun before."""
        for outstanding in messages if subscription.endpoint else ():
            if outstanding not in self._tasks:
                task = asyncio.get_running_loop().create_task(self._deliver(subscription, outstanding))
                self._tasks[outstanding] = task
                task.add_done_callback(partial(self._ended, outstanding))

    def forget(self, subscription: Subscription) -> None:
        """Cancel the deliveries of a deleted subscription."""
        for outstanding in subscription.outstanding():
            if outstanding in self._tasks:
                self._tasks[outstanding].cancel()
        self._slots.pop(subscription, None)

    def _ended(self, outstanding: Outstanding, _task: asyncio.Task[None]) -> None:
        self._tasks.pop(outstanding, None)

    async def _deliver(self, subscription: Subscription, outstanding: Outstanding) -> None:
        slots = self._slots.setdefault(subscription, asyncio.Semaphore(limits.CONCURRENT_PUSHES))
        while True:
            await self._clock.until(outstanding.ready_at)
            async with slots:
                # Meanwhile a seek may have acknowledged it, or an update made this a pull subscription.
                if not subscription.owes(outstanding) or not subscription.endpoint:
                    return
                await self._attempt(subscription, outstanding)

    async def _attempt(self, subscription: Subscription, outstanding: Outstanding) -> None:
        outstanding.attempts += 1
        began = time.monotonic()
        status = await self._answer(subscription, outstanding)
        record = DeliveryRecord(
            topic=subscription.settings.topic,
            subscription=subscription.settings.name,
            message=outstanding.message,
            attempt=outstanding.attempts,
            status=status,
            elapsed_s=time.monotonic() - began,
        )
        for listener in self.listeners:
            listener(record)
        if record.acknowledged:
            subscription.acknowledge(outstanding)
        else:
            subscription.refuse(outstanding)

    async def _answer(self, subscription: Subscription, outstanding: Outstanding) -> int | None:
        fault = await self._faults.meet("pubsub.push")
        if fault and fault.mischief is Mischief.REFUSE:
            return None
        status = await self._post(subscription, outstanding)
        return None if fault else status

    async def _post(self, subscription: Subscription, outstanding: Outstanding) -> int | None:
        if not self._session:
            raise RuntimeError("the stand-in Pub/Sub pushes only between start() and stop()")
        deadline = aiohttp.ClientTimeout(total=self._clock.real(subscription.settings.ack_deadline_seconds))
        request = self._session.post(
            subscription.endpoint,
            json=wire.body(subscription, outstanding),
            headers=wire.headers(subscription.settings.push_config),
            timeout=deadline,
            allow_redirects=False,
        )
        try:
            async with request as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return None
