"""Dead letters: when a message is given up, what is written on it, and what happens without a place for it."""

from __future__ import annotations

import asyncio
import re

from tests.local.google.pubsub.rig import DEAD, DEAD_TOPIC, PULLED, QUICK, rig


def test_five_refused_deliveries_bury_a_message_with_the_four_attributes() -> None:
    """Data and attributes stay, id and publish time are new."""

    async def story() -> None:
        async with rig() as world:
            policy = await world.dead_letters()
            world.endpoint.answers.extend([500] * 5)
            await world.pushed(retry_policy=QUICK, dead_letter_policy=policy)
            message_id = await world.publish(b"poison", event_type="x")
            await world.pubsub.settled(5)
            [letter] = await world.pull(DEAD)
            published = letter.message.attributes.pop("CloudPubSubDeadLetterSourceTopicPublishTime")
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", published)
            assert dict(letter.message.attributes) == {
                "event_type": "x",
                "CloudPubSubDeadLetterSourceDeliveryCount": "5",
                "CloudPubSubDeadLetterSourceSubscription": "pin-manifests",
                "CloudPubSubDeadLetterSourceSubscriptionProject": "shop",
            }
            assert letter.message.data == b"poison"
            assert letter.message.message_id != message_id
            assert [body["deliveryAttempt"] for body in world.endpoint.bodies] == [1, 2, 3, 4, 5]

    asyncio.run(story())


def test_the_fifth_delivery_may_still_succeed() -> None:
    """Then nothing is dead."""

    async def story() -> None:
        async with rig() as world:
            policy = await world.dead_letters()
            world.endpoint.answers.extend([500] * 4)
            await world.pushed(retry_policy=QUICK, dead_letter_policy=policy)
            await world.publish(b"x")
            await world.pubsub.settled(5)
            assert [record.status for record in world.deliveries] == [500] * 4 + [204]
            assert await world.pull(DEAD) == []

    asyncio.run(story())


def test_without_its_topic_a_dead_message_is_tried_on() -> None:
    """The topic may be deleted after the policy was set; nothing is lost by that."""

    async def story() -> None:
        async with rig() as world:
            policy = await world.dead_letters()
            world.endpoint.answers.extend([500] * 6)
            await world.pushed(retry_policy=QUICK, dead_letter_policy=policy)
            await world.publisher.delete_topic(topic=DEAD_TOPIC)
            await world.publish(b"x")
            await world.pubsub.settled(5)
            assert [record.attempt for record in world.deliveries] == [1, 2, 3, 4, 5, 6, 7]

    asyncio.run(story())


def test_nacks_of_a_puller_count_as_well() -> None:
    """`delivery_attempt` tells the puller which try this is."""

    async def story() -> None:
        async with rig() as world:
            policy = await world.dead_letters()
            await world.subscription(PULLED, dead_letter_policy=policy)
            await world.publish(b"x")
            for attempt in range(1, 6):
                [received] = await world.pull()
                assert received.delivery_attempt == attempt
                await world.subscriber.modify_ack_deadline(
                    subscription=PULLED, ack_ids=[received.ack_id], ack_deadline_seconds=0
                )
            assert await world.pull() == []
            assert len(await world.pull(DEAD)) == 1

    asyncio.run(story())
