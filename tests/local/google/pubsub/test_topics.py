"""Topics and publishing, as Google's publisher client sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from google.api_core import exceptions
from google.pubsub_v1 import types

from tests.local.google.pubsub.rig import PULLED, TOPIC, rig


def test_a_topic_is_made_found_listed_and_deleted() -> None:
    """Its subscription outlives it, attached to the tombstone."""

    async def story() -> None:
        async with rig() as world:
            await world.topic("projects/shop/topics/another")
            await world.topic("projects/elsewhere/topics/hidden")
            await world.subscription(PULLED)
            listed = [topic.name async for topic in await world.publisher.list_topics(project="projects/shop")]
            assert listed == ["projects/shop/topics/another", TOPIC]
            assert (await world.publisher.get_topic(topic=TOPIC)).state == types.Topic.State.ACTIVE
            await world.publisher.delete_topic(topic=TOPIC)
            with pytest.raises(exceptions.NotFound, match=r"Resource not found \(resource=image-resolved\)\."):
                await world.publisher.get_topic(topic=TOPIC)
            left = await world.subscriber.get_subscription(subscription=PULLED)
            assert left.topic == "_deleted-topic_"

    asyncio.run(story())


def test_a_second_topic_of_the_same_name_is_refused() -> None:
    """In the service's own words, by which scripts recognise it."""

    async def story() -> None:
        async with rig() as world:
            with pytest.raises(exceptions.AlreadyExists, match=r"in the project \(resource=image-resolved\)\."):
                await world.topic()

    asyncio.run(story())


@pytest.mark.parametrize("identifier", ["ab", "1st", "google-news", "a/b", "a b", "x" * 256, ""])
def test_a_bad_topic_name_is_refused(identifier: str) -> None:
    """3 to 255 characters, a letter first, never `goog`."""

    async def story() -> None:
        async with rig() as world:
            with pytest.raises(exceptions.InvalidArgument, match="Invalid resource name given"):
                await world.topic(f"projects/shop/topics/{identifier}")

    asyncio.run(story())


def test_publishing_to_an_unknown_topic_is_not_found() -> None:
    """The service names the topic by its ID."""

    async def story() -> None:
        async with rig() as world:
            with pytest.raises(exceptions.NotFound, match=r"Resource not found \(resource=nowhere\)\."):
                await world.publish(b"x", "projects/shop/topics/nowhere")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("data", "attributes"),
    [
        (b"", {}),
        (b"x", {"": "empty key"}),
        (b"x", {"goog-something": "reserved"}),
        (b"x", {"k" * 257: "long key"}),
        (b"x", {"k": "v" * 1_025}),
        (b"x", {"k": "ü" * 513}),
        (b"x", {f"k{number}": "v" for number in range(101)}),
        (b"x" * 10_000_001, {}),
    ],
)
def test_a_message_over_a_limit_is_refused(data: bytes, attributes: Mapping[str, str]) -> None:
    """Limits count bytes, not characters."""

    async def story() -> None:
        async with rig() as world:
            with pytest.raises(exceptions.InvalidArgument):
                await world.publish(data, **attributes)

    asyncio.run(story())


def test_a_message_at_the_limits_is_accepted() -> None:
    """Also the prefix that Google's own clients write into attributes."""

    async def story() -> None:
        async with rig() as world:
            await world.publish(b"x", **{"k" * 256: "v" * 1_024, "googclient_traceparent": "00-1-2-01"})
            await world.publish(b"x", **{f"k{number}": "v" for number in range(100)})

    asyncio.run(story())


def test_one_bad_message_refuses_the_whole_request() -> None:
    """Nothing of it is delivered."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED)
            messages = [types.PubsubMessage(data=b"good"), types.PubsubMessage()]
            with pytest.raises(exceptions.InvalidArgument, match="is empty"):
                await world.publisher.publish(topic=TOPIC, messages=messages)
            assert await world.pull() == []

    asyncio.run(story())


def test_message_ids_are_numbers_that_grow() -> None:
    """Within one request and from one to the next."""

    async def story() -> None:
        async with rig() as world:
            ids = [int(await world.publish(b"x")) for _ in range(20)]
            assert ids == sorted(set(ids))

    asyncio.run(story())
