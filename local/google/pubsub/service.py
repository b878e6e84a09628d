"""The service as its server and its tests see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from local.faults import Faults
from local.google.dispatch import Handler
from local.google.pubsub.broker import Broker
from local.google.pubsub.clock import Clock
from local.google.pubsub.publisher import Publisher
from local.google.pubsub.pull import Puller
from local.google.pubsub.push import Listener, Pusher
from local.google.pubsub.subscriber import Subscriber
from local.google.pubsub.subscription import Subscription

_LOOK_AGAIN_S = 0.005
_NAMED = 5


class PubSub:
    """Google Cloud Pub/Sub without storage, expiry, IAM, schemas, snapshots, StreamingPull, ordering and export.

    `time_scale` divides every wait of the service (ack deadlines, backoff, leases): with 100, ten seconds of backoff
    take a tenth. Bounds are checked as the service checks them, on the unscaled values.
    """

    def __init__(self, faults: Faults, *, time_scale: float = 1.0) -> None:
        clock = Clock(time_scale)
        self._pusher = Pusher(faults, clock)
        self._broker = Broker(self._pusher, clock)

    def handlers(self) -> Mapping[str, Handler]:
        """Give the handlers by full RPC name, for the server."""
        services = (Publisher(self._broker), Subscriber(self._broker), Puller(self._broker))
        return {name: handler for service in services for name, handler in service.handlers().items()}

    async def start(self) -> None:
        """Begin to push, also what waited since a stop; call it in the loop that serves the handlers."""
        await self._pusher.start()
        for subscription in self._broker.subscriptions.values():
            self._pusher.push(subscription, subscription.outstanding())

    async def stop(self) -> None:
        """Cancel every delivery and leave nothing open; messages not acknowledged are kept."""
        await self._pusher.stop()

    def on_delivery(self, listener: Listener) -> None:
        """Tell a listener about each push attempt, just before the message is acknowledged or refused."""
        self._pusher.listeners.append(listener)

    def deliver_twice(self, subscription: str, times: int = 1) -> None:
        """Deliver the next `times` messages of a subscription (its full name) twice, both copies at once.

        Raises:
            Refusal: NOT_FOUND.
        """
        self._broker.subscription(subscription)
        self._broker.twice[subscription] += times

    async def settled(self, timeout_s: float) -> None:
        """Wait until no push subscription owes a message, neither in flight nor in its backoff.

        Raises:
            TimeoutError: after `timeout_s` seconds on the wall; it names the messages that are outstanding.
        """
        # It only reads, again and again: the caller's loop need not be the server's.
        give_up = time.monotonic() + timeout_s
        while busy := [one for one in list(self._broker.subscriptions.values()) if one.endpoint and not one.idle]:
            if time.monotonic() > give_up:
                owed = (line for subscription in busy for line in _owed(subscription))
                raise TimeoutError(f"still outstanding after {timeout_s} s: {', '.join(owed)}")
            await asyncio.sleep(_LOOK_AGAIN_S)


def _owed(subscription: Subscription) -> list[str]:
    owed, name = subscription.outstanding(), subscription.settings.name
    named = [f"message {one.message.message_id} of {name} after {one.attempts} attempts" for one in owed[:_NAMED]]
    return [*named, f"{len(owed) - _NAMED} more of {name}"] if len(owed) > _NAMED else named
