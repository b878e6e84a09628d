"""Pull delivery: leases, acknowledgements, and going back in time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from google.api_core import exceptions
from google.pubsub_v1 import types

from tests.local.google.pubsub.rig import PULLED, PUSHED, TOPIC, rig


def test_an_acknowledged_message_does_not_come_back() -> None:
    """Whole, with its id and its time."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED)
            message_id = await world.publish(b"hello", a="b")
            [received] = await world.pull()
            assert received.message.data == b"hello"
            assert dict(received.message.attributes) == {"a": "b"}
            assert received.message.message_id == message_id
            assert abs(datetime.now(UTC) - received.message.publish_time) < timedelta(seconds=5)
            assert received.delivery_attempt == 0
            await world.subscriber.acknowledge(subscription=PULLED, ack_ids=[received.ack_id])
            await asyncio.sleep(0.15)
            assert await world.pull() == []

    asyncio.run(story())


def test_a_lease_hides_a_message_until_the_ack_deadline() -> None:
    """Ten seconds are a tenth here."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED)
            await world.publish(b"x")
            [first] = await world.pull()
            assert await world.pull() == []
            await asyncio.sleep(0.12)
            [again] = await world.pull()
            assert again.message.message_id == first.message.message_id
            assert again.ack_id != first.ack_id

    asyncio.run(story())


def test_an_expired_ack_id_acknowledges_nothing() -> None:
    """The call succeeds all the same, as the service's does; only an id of another shape is refused."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED)
            await world.publish(b"x")
            [received] = await world.pull()
            await asyncio.sleep(0.12)
            await world.subscriber.acknowledge(subscription=PULLED, ack_ids=[received.ack_id])
            assert len(await world.pull()) == 1
            with pytest.raises(exceptions.InvalidArgument, match="invalid ack ID"):
                await world.subscriber.acknowledge(subscription=PULLED, ack_ids=["made up"])

    asyncio.run(story())


def test_a_lease_can_be_extended_and_given_back() -> None:
    """0 seconds are a nack: it is there again at once when no backoff was asked for."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED)
            await world.publish(b"x")
            [received] = await world.pull()
            lease = {"subscription": PULLED, "ack_ids": [received.ack_id]}
            await world.subscriber.modify_ack_deadline(request={**lease, "ack_deadline_seconds": 600})
            await asyncio.sleep(0.15)
            assert await world.pull() == []
            await world.subscriber.modify_ack_deadline(request={**lease, "ack_deadline_seconds": 0})
            assert len(await world.pull()) == 1

    asyncio.run(story())


def test_a_nacked_message_waits_for_its_backoff() -> None:
    """The retry policy holds for pull as for push."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED, retry_policy={"minimum_backoff": "20s"})
            await world.publish(b"x")
            [received] = await world.pull()
            await world.subscriber.modify_ack_deadline(
                subscription=PULLED, ack_ids=[received.ack_id], ack_deadline_seconds=0
            )
            assert await world.pull() == []
            await asyncio.sleep(0.22)
            assert len(await world.pull()) == 1

    asyncio.run(story())


def test_a_pull_waits_a_while_for_the_first_message() -> None:
    """So that a puller need not spin."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED)
            waiting = asyncio.create_task(world.subscriber.pull(subscription=PULLED, max_messages=5))
            await asyncio.sleep(0.1)
            await world.publish(b"x")
            assert len((await waiting).received_messages) == 1

    asyncio.run(story())


def test_max_messages_bounds_a_pull_and_must_be_positive() -> None:
    """The rest stays for the next one."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED)
            for number in range(5):
                await world.publish(b"%d" % number)
            assert [len(await world.pull(at_most=3)), len(await world.pull(at_most=3))] == [3, 2]
            with pytest.raises(exceptions.InvalidArgument):
                await world.pull(at_most=0)

    asyncio.run(story())


def test_a_push_subscription_cannot_be_pulled() -> None:
    """The service refuses it likewise."""

    async def story() -> None:
        async with rig() as world:
            await world.pushed()
            with pytest.raises(exceptions.FailedPrecondition):
                await world.pull(PUSHED)

    asyncio.run(story())


def test_seeking_back_redelivers_what_was_retained() -> None:
    """Only a subscription that retains acknowledged messages can do that."""

    async def story() -> None:
        async with rig() as world:
            await world.pushed(retain_acked_messages=True)
            before = datetime.now(UTC)
            message_id = await world.publish(b"x")
            await world.pubsub.settled(5)
            back = types.SeekRequest(subscription=PUSHED, time=before - timedelta(seconds=1))
            await world.subscriber.seek(request=back)
            await world.pubsub.settled(5)
            assert world.endpoint.message_ids == [message_id, message_id]

    asyncio.run(story())


def test_a_topic_that_retains_lets_any_of_its_subscriptions_seek_back() -> None:
    """`message_retention_duration` of a topic counts for messages that were acknowledged too."""

    async def story() -> None:
        async with rig() as world:
            await world.pushed()
            kept = types.Topic(name=TOPIC, message_retention_duration=timedelta(days=31))
            mask = {"paths": ["message_retention_duration"]}
            await world.publisher.update_topic(request={"topic": kept, "update_mask": mask})
            before = datetime.now(UTC)
            message_id = await world.publish(b"x")
            await world.pubsub.settled(5)
            back = types.SeekRequest(subscription=PUSHED, time=before - timedelta(seconds=1))
            await world.subscriber.seek(request=back)
            await world.pubsub.settled(5)
            assert world.endpoint.message_ids == [message_id, message_id]

    asyncio.run(story())


def test_seeking_forward_forgets_the_backlog() -> None:
    """This is how operators purge a subscription."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED)
            await world.publish(b"x")
            ahead = types.SeekRequest(subscription=PULLED, time=datetime.now(UTC) + timedelta(minutes=1))
            await world.subscriber.seek(request=ahead)
            assert await world.pull() == []

    asyncio.run(story())
