"""The settings of subscriptions: defaults, bounds, updates."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from google.api_core import exceptions
from google.pubsub_v1 import types

from tests.local.google.pubsub.rig import DEAD_TOPIC, PULLED, PUSHED, TOPIC, rig

POLICY = "dead_letter_policy"


def test_the_service_fills_in_its_defaults() -> None:
    """10 s to acknowledge, 7 days of retention, 31 days to expiry, backoff 10 to 600 s once there is a policy."""

    async def story() -> None:
        async with rig() as world:
            made = await world.subscription(PULLED, retry_policy=types.RetryPolicy())
            assert made.ack_deadline_seconds == 10
            assert made.message_retention_duration == timedelta(days=7)
            assert made.expiration_policy.ttl == timedelta(days=31)
            assert made.retry_policy.minimum_backoff == timedelta(seconds=10)
            assert made.retry_policy.maximum_backoff == timedelta(seconds=600)
            assert made.state == types.Subscription.State.ACTIVE

    asyncio.run(story())


@pytest.mark.parametrize(
    "settings",
    [
        {"ack_deadline_seconds": 9},
        {"ack_deadline_seconds": 601},
        {"message_retention_duration": "599s"},
        {"message_retention_duration": "2678401s"},
        {"expiration_policy": {"ttl": "3600s"}},
        {"retry_policy": {"minimum_backoff": "601s"}},
        {"retry_policy": {"minimum_backoff": "20s", "maximum_backoff": "10s"}},
        {POLICY: {"dead_letter_topic": ""}},
        {POLICY: {"dead_letter_topic": TOPIC, "max_delivery_attempts": 4}},
        {POLICY: {"dead_letter_topic": TOPIC, "max_delivery_attempts": 101}},
        {"push_config": {"push_endpoint": "ftp://host/"}},
        {"push_config": {"push_endpoint": "http://h/", "oidc_token": {"audience": "x"}}},
        {"filter": "data = 1"},
        {"filter": f'attributes.x = "{"y" * 256}"'},
    ],
)
def test_settings_out_of_bounds_are_refused(settings: dict[str, Any]) -> None:
    """The bounds of the real service, however fast this one's clock runs."""

    async def story() -> None:
        async with rig() as world:
            with pytest.raises((exceptions.InvalidArgument, exceptions.OutOfRange)):
                await world.subscription(PULLED, **settings)

    asyncio.run(story())


@pytest.mark.parametrize("promise", ["enable_message_ordering", "enable_exactly_once_delivery"])
def test_a_promise_that_the_stand_in_cannot_keep_is_refused(promise: str) -> None:
    """Better no subscription than one that only looks ordered."""

    async def story() -> None:
        async with rig() as world:
            with pytest.raises(exceptions.MethodNotImplemented):
                await world.subscription(PULLED, **{promise: True})

    asyncio.run(story())


def test_topics_that_do_not_exist_are_not_found() -> None:
    """Neither the topic nor the dead-letter topic may be missing at creation."""

    async def story() -> None:
        async with rig() as world:
            with pytest.raises(exceptions.NotFound):
                await world.subscription(PULLED, "projects/shop/topics/nowhere")
            with pytest.raises(exceptions.NotFound):
                await world.subscription(PULLED, dead_letter_policy={"dead_letter_topic": DEAD_TOPIC})

    asyncio.run(story())


def test_an_update_changes_what_its_mask_names_and_nothing_else() -> None:
    """The filter cannot change after creation."""

    async def story() -> None:
        async with rig() as world:
            await world.subscription(PULLED, labels={"stays": "yes"})
            wanted = types.Subscription(name=PULLED, ack_deadline_seconds=60, filter="attributes:x")
            changed = await world.subscriber.update_subscription(
                request={"subscription": wanted, "update_mask": "ackDeadlineSeconds"}
            )
            assert (changed.ack_deadline_seconds, dict(changed.labels)) == (60, {"stays": "yes"})
            with pytest.raises(exceptions.InvalidArgument, match="'filter' cannot be updated"):
                await world.subscriber.update_subscription(request={"subscription": wanted, "update_mask": "filter"})

    asyncio.run(story())


def test_subscriptions_are_listed_in_pages() -> None:
    """Of the project, and of the topic."""

    async def story() -> None:
        async with rig() as world:
            names = sorted([PULLED, PUSHED, "projects/shop/subscriptions/third"])
            for name in names:
                await world.subscription(name)
            request = {"project": "projects/shop", "page_size": 2}
            pager = await world.subscriber.list_subscriptions(request=request)
            assert [one.name async for one in pager] == names
            of_topic = await world.publisher.list_topic_subscriptions(topic=TOPIC)
            assert [name async for name in of_topic] == names

    asyncio.run(story())


def test_an_emptied_endpoint_makes_a_pull_subscription_and_back() -> None:
    """This is how operators pause a push subscription; what waited is delivered afterwards."""

    async def story() -> None:
        async with rig() as world:
            await world.pushed()
            await world.subscriber.modify_push_config(subscription=PUSHED, push_config=types.PushConfig())
            message_id = await world.publish(b"x")
            assert [one.message.message_id for one in await world.pull(PUSHED)] == [message_id]
            back = types.PushConfig(push_endpoint=world.endpoint.url)
            await world.subscriber.modify_push_config(subscription=PUSHED, push_config=back)
            await world.pubsub.settled(5)
            assert world.endpoint.message_ids == [message_id]

    asyncio.run(story())


def test_a_filter_lets_only_matching_messages_through() -> None:
    """The others count as acknowledged."""

    async def story() -> None:
        async with rig() as world:
            await world.pushed(filter='attributes.suite = "qa" AND NOT attributes:draft')
            await world.publish(b"1", suite="qa")
            await world.publish(b"2", suite="qa", draft="yes")
            await world.publish(b"3", suite="load")
            await world.pubsub.settled(5)
            assert [record.data for record in world.deliveries] == [b"1"]

    asyncio.run(story())
