"""Push delivery: what the endpoint gets, when again, and what counts as accepted."""

from __future__ import annotations

import asyncio
import base64
import json
from itertools import pairwise

import pytest
from google.pubsub_v1 import types

from tests.local.google.pubsub.rig import PUSHED, QUICK, TOPIC, rig


def test_a_push_body_has_both_spellings_of_every_field() -> None:
    """The real service repeats id and time in camel and in snake case."""

    async def story() -> None:
        async with rig() as world:
            await world.pushed()
            message_id = await world.publish(b"hello", event_type="x")
            await world.pubsub.settled(5)
            [body] = world.endpoint.bodies
            published = body["message"]["publishTime"]
            assert published.endswith("Z")
            assert body == {
                "message": {
                    "attributes": {"event_type": "x"},
                    "data": base64.b64encode(b"hello").decode(),
                    "messageId": message_id,
                    "message_id": message_id,
                    "publishTime": published,
                    "publish_time": published,
                },
                "subscription": PUSHED,
            }

    asyncio.run(story())


def test_a_message_of_attributes_only_has_no_data_field() -> None:
    """This is what `gcloud pubsub topics publish --attribute` makes, and what breaks naive handlers."""

    async def story() -> None:
        async with rig() as world:
            await world.pushed()
            await world.publish(only="attributes")
            await world.pubsub.settled(5)
            assert "data" not in world.endpoint.bodies[0]["message"]

    asyncio.run(story())


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_success_status_acknowledges(status: int) -> None:
    """One delivery, and the message is gone."""

    async def story() -> None:
        async with rig() as world:
            world.endpoint.answers.append(status)
            await world.pushed()
            await world.publish(b"x")
            await world.pubsub.settled(5)
            assert [record.status for record in world.deliveries] == [status]

    asyncio.run(story())


@pytest.mark.parametrize("status", [203, 301, 400, 404, 429, 500, 503])
def test_any_other_status_is_delivered_again(status: int) -> None:
    """Also 203 and redirects, which other systems take for success."""

    async def story() -> None:
        async with rig() as world:
            world.endpoint.answers.append(status)
            await world.pushed(retry_policy=QUICK)
            await world.publish(b"x")
            await world.pubsub.settled(5)
            assert [record.status for record in world.deliveries] == [status, 204]
            assert [record.attempt for record in world.deliveries] == [1, 2]
            assert len(set(world.endpoint.message_ids)) == 1

    asyncio.run(story())


def test_an_answer_after_the_ack_deadline_comes_too_late() -> None:
    """Ten seconds of ack deadline take a tenth here; the endpoint needs longer once."""

    async def story() -> None:
        async with rig() as world:
            world.endpoint.pause_s = 0.3
            await world.pushed(retry_policy=QUICK)
            await world.publish(b"x")
            await world.first_delivery()
            world.endpoint.pause_s = 0.0
            await world.pubsub.settled(5)
            assert [record.status for record in world.deliveries] == [None, 204]
            assert 0.08 < world.deliveries[0].elapsed_s < 0.25

    asyncio.run(story())


def test_an_endpoint_that_does_not_listen_gets_the_message_once_it_does() -> None:
    """A refused connection is a nack like any other."""

    async def story() -> None:
        async with rig() as world:
            await world.endpoint.stop()
            await world.pushed(retry_policy=QUICK)
            await world.publish(b"x")
            await world.first_delivery()
            await world.endpoint.start()
            moved = types.PushConfig(push_endpoint=world.endpoint.url)
            await world.subscriber.modify_push_config(subscription=PUSHED, push_config=moved)
            await world.pubsub.settled(5)
            assert world.deliveries[0].status is None
            assert world.deliveries[-1].status == 204

    asyncio.run(story())


def test_backoff_doubles_from_the_minimum_to_the_maximum() -> None:
    """1, 2, 4, 4 seconds, at a tenth of their length."""

    async def story() -> None:
        async with rig(time_scale=10) as world:
            moments: list[float] = []
            world.pubsub.on_delivery(lambda _: moments.append(asyncio.get_running_loop().time()))
            world.endpoint.answers.extend([500] * 4)
            policy = types.RetryPolicy(minimum_backoff="1s", maximum_backoff="4s")
            await world.pushed(retry_policy=policy)
            await world.publish(b"x")
            await world.pubsub.settled(5)
            pauses = [after - before for before, after in pairwise(moments)]
            assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.4], abs=0.05)

    asyncio.run(story())


def test_a_fault_on_the_way_is_retried_and_the_endpoint_sees_one_delivery() -> None:
    """REFUSE: the delivery never arrives."""

    async def story() -> None:
        async with rig() as world:
            world.faults.fail("pubsub.push")
            await world.pushed(retry_policy=QUICK)
            await world.publish(b"x")
            await world.pubsub.settled(5)
            assert [record.status for record in world.deliveries] == [None, 204]
            assert len(world.endpoint.bodies) == 1

    asyncio.run(story())


def test_a_lost_answer_makes_the_endpoint_see_the_message_twice() -> None:
    """LOSE_REPLY: the work is done, Pub/Sub does not know it."""

    async def story() -> None:
        async with rig() as world:
            world.faults.lose_reply("pubsub.push")
            await world.pushed(retry_policy=QUICK)
            await world.publish(b"x")
            await world.pubsub.settled(5)
            assert [record.status for record in world.deliveries] == [None, 204]
            assert len(world.endpoint.bodies) == 2

    asyncio.run(story())


def test_duplicates_on_purpose_hit_the_next_message_only() -> None:
    """At-least-once made visible."""

    async def story() -> None:
        async with rig() as world:
            await world.pushed()
            world.pubsub.deliver_twice(PUSHED)
            first, second = await world.publish(b"1"), await world.publish(b"2")
            await world.pubsub.settled(5)
            assert sorted(world.endpoint.message_ids) == [first, first, second]

    asyncio.run(story())


def test_deliveries_run_concurrently_up_to_a_hundred() -> None:
    """250 messages to an endpoint that needs 50 ms each take three rounds, not 250."""

    async def story() -> None:
        async with rig() as world:
            world.endpoint.pause_s = 0.05
            await world.pushed(ack_deadline_seconds=600)
            messages = [types.PubsubMessage(data=b"%d" % number) for number in range(250)]
            await world.publisher.publish(topic=TOPIC, messages=messages)
            await world.pubsub.settled(10)
            assert len(set(world.endpoint.message_ids)) == 250
            assert 50 < world.endpoint.most_at_once <= 100

    asyncio.run(story())


def test_an_authenticated_push_carries_the_claims_and_no_signature() -> None:
    """Who verifies the token must refuse it: nobody signed it."""

    async def story() -> None:
        async with rig() as world:
            token = {"service_account_email": "pusher@shop.iam.gserviceaccount.com", "audience": "https://pin"}
            config = {"push_endpoint": world.endpoint.url, "oidc_token": token}
            await world.subscription(PUSHED, push_config=config)
            await world.publish(b"x")
            await world.pubsub.settled(5)
            scheme, jwt = world.endpoint.headers[0]["Authorization"].split(" ")
            _, claims, signature = jwt.split(".")
            read = json.loads(base64.urlsafe_b64decode(claims + "=="))
            assert (scheme, signature) == ("Bearer", "")
            assert read["email"] == token["service_account_email"]
            assert read["aud"] == "https://pin"

    asyncio.run(story())


def test_settled_names_what_is_still_outstanding() -> None:
    """A test that hangs must say on what."""

    async def story() -> None:
        async with rig(time_scale=1) as world:
            world.endpoint.answers.append(503)
            await world.pushed(retry_policy=types.RetryPolicy(minimum_backoff="600s"))
            message_id = await world.publish(b"x")
            with pytest.raises(TimeoutError, match=f"{message_id} of {PUSHED} after 1 attempts"):
                await world.pubsub.settled(0.3)

    asyncio.run(story())


def test_a_deleted_subscription_pushes_no_more() -> None:
    """Its retries end with it."""

    async def story() -> None:
        async with rig() as world:
            world.endpoint.answers.extend([500] * 50)
            await world.pushed(retry_policy=QUICK)
            await world.publish(b"x")
            await world.first_delivery()
            await world.subscriber.delete_subscription(subscription=PUSHED)
            seen = len(world.endpoint.bodies)
            await asyncio.sleep(0.1)
            assert len(world.endpoint.bodies) == seen

    asyncio.run(story())


def test_stopping_leaves_no_task_and_starting_again_delivers_what_waited() -> None:
    """A delivery that was cut off is one more duplicate, not a loss."""

    async def story() -> None:
        async with rig() as world:
            world.endpoint.pause_s = 5
            await world.pushed(ack_deadline_seconds=600)
            before = asyncio.all_tasks()
            message_id = await world.publish(b"x")
            await asyncio.sleep(0.1)
            await world.pubsub.stop()
            pushing = [task for task in asyncio.all_tasks() - before if "_deliver" in repr(task)]
            world.endpoint.pause_s = 0
            await world.pubsub.start()
            await world.pubsub.settled(5)
            assert pushing == []
            assert world.endpoint.message_ids == [message_id, message_id]

    asyncio.run(story())


def test_one_subscription_that_fails_does_not_hold_up_another() -> None:
    """Each has its own copy of every message, and its own backoff."""

    async def story() -> None:
        async with rig(time_scale=1) as world:
            await world.pushed()
            broken = types.PushConfig(push_endpoint=f"{world.endpoint.url}nowhere")
            await world.subscription("projects/shop/subscriptions/broken", push_config=broken)
            await world.publish(b"x")
            while 204 not in [record.status for record in world.deliveries]:
                await world.first_delivery()
                await asyncio.sleep(0.01)
            assert len(world.endpoint.bodies) == 1
            await world.subscriber.delete_subscription(subscription="projects/shop/subscriptions/broken")

    asyncio.run(story())
