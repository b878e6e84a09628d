"""The stand-in Pub/Sub behind its real server, with Google's own clients and a push endpoint."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
from google.pubsub_v1 import PublisherAsyncClient, SubscriberAsyncClient, types
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport

from local.faults import Faults
from local.google.pubsub import DeliveryRecord, PubSub
from local.google.server import GoogleStandIn
from tests.local.google.pubsub.endpoint import Endpoint

TOPIC = "projects/shop/topics/image-resolved"
DEAD_TOPIC = "projects/shop/topics/dead-letter"
PUSHED = "projects/shop/subscriptions/pin-manifests"
PULLED = "projects/shop/subscriptions/by-hand"
DEAD = "projects/shop/subscriptions/dead-letter"
QUICK = types.RetryPolicy(minimum_backoff="1s", maximum_backoff="8s")


class Clients:
    """Google's async clients on one channel, with short words for what nearly every test does."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.publisher = PublisherAsyncClient(transport=PublisherGrpcAsyncIOTransport(channel=channel))
        self.subscriber = SubscriberAsyncClient(transport=SubscriberGrpcAsyncIOTransport(channel=channel))

    async def topic(self, name: str = TOPIC) -> None:
        """Create a topic."""
        await self.publisher.create_topic(name=name, retry=None)

    async def subscription(self, name: str, topic: str = TOPIC, **settings: Any) -> types.Subscription:
        """Create a subscription."""
        wanted = types.Subscription(name=name, topic=topic, **settings)
        return await self.subscriber.create_subscription(wanted, retry=None)

    async def publish(self, data: bytes = b"", topic: str = TOPIC, **attributes: str) -> str:
        """Publish one message and give its id."""
        message = types.PubsubMessage(data=data, attributes=attributes)
        return (await self.publisher.publish(topic=topic, messages=[message], retry=None)).message_ids[0]

    async def pull(self, name: str = PULLED, at_most: int = 10) -> list[types.ReceivedMessage]:
        """Pull what is there now."""
        request = types.PullRequest(subscription=name, max_messages=at_most, return_immediately=True)
        with warnings.catch_warnings():
            # The client calls the flag deprecated; without it every look at an empty subscription takes a second.
            warnings.simplefilter("ignore", DeprecationWarning)
            return list((await self.subscriber.pull(request, retry=None)).received_messages)


class Rig(Clients):
    """All that a test touches."""

    def __init__(self, channel: grpc.aio.Channel, pubsub: PubSub, faults: Faults, endpoint: Endpoint) -> None:
        super().__init__(channel)
        self.pubsub = pubsub
        self.faults = faults
        self.endpoint = endpoint
        self.http_url = ""
        self.deliveries: list[DeliveryRecord] = []
        self._delivered = asyncio.Event()
        pubsub.on_delivery(self._record)

    async def pushed(self, name: str = PUSHED, **settings: Any) -> types.Subscription:
        """Create a subscription that pushes to the endpoint."""
        return await self.subscription(name, push_config={"push_endpoint": self.endpoint.url}, **settings)

    async def first_delivery(self) -> None:
        """Wait until a push was attempted, whatever came of it."""
        await asyncio.wait_for(self._delivered.wait(), 5)

    def _record(self, record: DeliveryRecord) -> None:
        self.deliveries.append(record)
        self._delivered.set()

    async def dead_letters(self) -> types.DeadLetterPolicy:
        """Create the dead-letter topic with its subscription, and give a policy of five attempts."""
        await self.topic(DEAD_TOPIC)
        await self.subscription(DEAD, DEAD_TOPIC)
        return types.DeadLetterPolicy(dead_letter_topic=DEAD_TOPIC, max_delivery_attempts=5)


@asynccontextmanager
async def rig(*, time_scale: float = 100.0) -> AsyncIterator[Rig]:
    """Start everything with one topic; ten seconds of the service take a tenth of one."""
    faults, endpoint = Faults(), Endpoint()
    pubsub = PubSub(faults, time_scale=time_scale)
    server = GoogleStandIn([pubsub], faults)
    try:
        await pubsub.start()
        await server.start()
        await endpoint.start()
        async with grpc.aio.insecure_channel(server.grpc_target) as channel:
            made = Rig(channel, pubsub, faults, endpoint)
            made.http_url = server.http_url
            await made.topic()
            yield made
    finally:
        await pubsub.stop()
        await server.stop()
        await endpoint.stop()
