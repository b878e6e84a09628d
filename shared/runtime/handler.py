"""From a request to an outcome, in one place: done, rejected, or unavailable.

* Done: 204. Pub/Sub forgets the message.
* Rejected: the message goes to the topic `rejected`, its bytes and attributes untouched, with the reason beside them;
  then 204. If that cannot be published, it is unavailable.
* Unavailable: 503. Pub/Sub delivers it again with backoff, and dead-letters it in the end.

Nothing escapes into the framework, which would answer 500 with a traceback.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared.clients.pubsub import Publisher
from shared.domain import limits
from shared.domain.envelope import Delivery, read_delivery
from shared.domain.errors import Fault, Rejected, Unavailable
from shared.domain.events import event_id
from shared.domain.rejection import rejected_message
from shared.domain.vocabulary import LogEvent
from shared.runtime.bodies import Bodies
from shared.runtime.connection import Connection
from shared.runtime.telemetry import enter_trace, leave_trace
from shared.workflow.done import Done

LOG: Final = logging.getLogger("prodgate")
DONE: Final = 204
UNAVAILABLE: Final = 503
_METHOD_NOT_ALLOWED: Final = 405
_CONTENT_TOO_LARGE: Final = 413
REJECTED_TOPIC: Final = "rejected"

_E = TypeVar("_E")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is known of an event besides what it says: how it was delivered, and whether it is young."""

    delivery: Delivery
    settling: bool


Work = Callable[[_E, Occasion], Awaitable[Done]]


@dataclass(frozen=True, slots=True)
class Connected(Generic[_E]):
    """A function's clients, connected: what works off an event, and what publishes the rejected ones."""

    work: Work[_E]
    publisher: Publisher


@dataclass(frozen=True, slots=True)
class Limits:
    """An event's own deadline, below the function's timeout, and how long it counts as young; seconds."""

    deadline_s: float
    settling_s: float


class Function(Generic[_E]):
    """A deployed function: its name, how it reads its topic's data, and how it connects to the world."""

    def __init__(
        self,
        name: str,
        topic: str,
        parse: Callable[[bytes], _E],
        *,
        connect: Callable[[AsyncExitStack], Awaitable[Connected[_E]]],
        within: Limits,
    ) -> None:
        self.name = name
        self._topic = topic
        self._parse = parse
        self._connection = Connection(connect)
        self._limits = within
        self._bodies = Bodies(most=limits.PUSH_BODY_BYTES, together=limits.ENVELOPE_BYTES)

    async def answer(self, request: Request) -> Response:
        """Work off the message in a request; the response is Pub/Sub's acknowledgement, or its absence."""
        if request.method != "POST":
            return Response(status_code=_METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
        async with AsyncExitStack() as held:
            try:
                body = await self._bodies.read(request, held)
            except ClientDisconnect:
                return Response(status_code=UNAVAILABLE)
            if body is None:
                LOG.error("a body larger than any push was refused", extra={"event": LogEvent.REFUSED_REQUEST})
                return Response(status_code=_CONTENT_TOO_LARGE)
            return Response(status_code=await self._handle(dict(request.headers), body))

    async def close(self) -> None:
        """Close every client."""
        await self._connection.close()

    async def _handle(self, headers: dict[str, str], body: bytes) -> int:
        began = time.monotonic()
        try:
            delivery = read_delivery(headers, body)
        except Rejected as error:
            return await self._reject(Delivery(body), error, began)
        token = enter_trace(delivery.attributes)
        try:
            return await self._settle(delivery, began)
        finally:
            leave_trace(token)

    async def _settle(self, delivery: Delivery, began: float) -> int:
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                done = await self._work(delivery)
        except Rejected as error:
            return await self._reject(delivery, error, began)
        except Unavailable as error:
            return self._unavailable(delivery, error, began)
        except TimeoutError:
            late = Unavailable(Fault.DEADLINE, f"not done within {self._limits.deadline_s:g} s")
            return self._unavailable(delivery, late, began)
        except Exception as error:  # noqa: BLE001 - the net: whatever nobody thought of is retried, and seen
            unnamed = Unavailable(Fault.INTERNAL, f"an error that has no name yet: {type(error).__name__}: {error}")
            return self._unavailable(delivery, unnamed, began, seen=error)
        self._log(logging.INFO, done.summary, delivery, began, event=LogEvent.DONE, changed=done.changed)
        return DONE

    async def _work(self, delivery: Delivery) -> Done:
        delivery.require_size()
        event = self._parse(delivery.data)
        connected = await self._connection.clients()
        return await connected.work(event, Occasion(delivery, self._is_settling(delivery)))

    def _is_settling(self, delivery: Delivery) -> bool:
        if delivery.published is None:
            return False
        return _since(delivery.published) < self._limits.settling_s

    async def _reject(self, delivery: Delivery, error: Rejected, began: float) -> int:
        """Publish the message whole to `rejected`; only then is it off Pub/Sub's hands."""
        data, attributes = rejected_message(delivery, error, self.name)
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                connected = await self._connection.clients()
                await connected.publisher.publish(REJECTED_TOPIC, data, attributes)
        except Exception as lost:  # noqa: BLE001 - whatever it is, the message must stay with Pub/Sub
            kept = Unavailable(Fault.UNREACHABLE, f"rejected ({error.detail}), but that could not be published: {lost}")
            return self._unavailable(delivery, kept, began)
        what = LogEvent.REJECTED
        self._log(logging.WARNING, error.detail, delivery, began, event=what, reason=error.reason)
        return DONE

    def _unavailable(
        self, delivery: Delivery, error: Unavailable, began: float, *, seen: Exception | None = None
    ) -> int:
        what = LogEvent.UNAVAILABLE
        self._log(logging.ERROR, error.detail, delivery, began, seen=seen, event=what, fault=error.fault)
        return UNAVAILABLE

    def _log(
        self,
        level: int,
        message: str,
        delivery: Delivery,
        began: float,
        *,
        seen: Exception | None = None,
        **labels: object,
    ) -> None:
        about = {
            "topic": self._topic,
            "event_id": event_id(self._topic, delivery.data[: limits.MESSAGE_BYTES]),
            "message_id": delivery.message_id,
            "elapsed_ms": f"{(time.monotonic() - began) * 1000:.1f}",
            "data_sha256": hashlib.sha256(delivery.data).hexdigest(),
            **_age(delivery),
            **({} if delivery.attempt is None else {"delivery_attempt": delivery.attempt}),
        }
        LOG.log(level, "%s", message, exc_info=seen, extra={**about, **labels})


def _age(delivery: Delivery) -> dict[str, str]:
    """How long ago the message was published, redeliveries included: what the freshness objectives measure."""
    if delivery.published is None:
        return {}
    return {"age_s": f"{max(_since(delivery.published), 0):.3f}"}


def _since(moment: datetime) -> float:
    return (datetime.now(UTC) - moment).total_seconds()
