"""The stand-in and Google's emulator, asked the same questions.

Left out is what the emulator does not do: filters, `deliveryAttempt`, the Authorization header, attribute limits. Where
it is known to differ from the service (`data: ""` for a message of attributes only), the stand-in follows the service.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any

import grpc.aio
import pytest
from google.api_core import exceptions
from google.pubsub_v1 import types

from tests.local.google.pubsub.emulator import emulator, program
from tests.local.google.pubsub.endpoint import Endpoint
from tests.local.google.pubsub.rig import DEAD, DEAD_TOPIC, PUSHED, QUICK, TOPIC, Clients, rig

NOWHERE = "projects/shop/topics/nowhere"
OTHER = "projects/shop/subscriptions/other"


async def _refusal(call: Awaitable[Any]) -> str:
    try:
        await call
    except exceptions.GoogleAPICallError as error:
        return type(error).__name__
    return "accepted"


async def _refusals(clients: Clients) -> dict[str, str]:
    """What is refused, and with which code; the wording is each one's own."""
    few = {"dead_letter_topic": TOPIC, "max_delivery_attempts": 4}
    crossed = {"minimum_backoff": "20s", "maximum_backoff": "10s"}
    calls = {
        "topic exists": clients.topic(),
        "short name": clients.topic("projects/shop/topics/ab"),
        "reserved name": clients.topic("projects/shop/topics/google"),
        "unknown topic": clients.publish(b"x", NOWHERE),
        "empty message": clients.publish(),
        "no messages": clients.publisher.publish(topic=TOPIC, messages=[]),
        "1001 messages": clients.publisher.publish(topic=TOPIC, messages=[types.PubsubMessage(data=b"x")] * 1_001),
        "long deadline": clients.subscription(OTHER, ack_deadline_seconds=601),
        "short retention": clients.subscription(OTHER, message_retention_duration="599s"),
        "long backoff": clients.subscription(OTHER, retry_policy={"minimum_backoff": "601s"}),
        "crossed backoff": clients.subscription(OTHER, retry_policy=crossed),
        "four attempts": clients.subscription(OTHER, dead_letter_policy=few),
        "no dead-letter topic": clients.subscription(OTHER, dead_letter_policy={"dead_letter_topic": NOWHERE}),
        "endpoint": clients.subscription(OTHER, push_config={"push_endpoint": "ftp://host/"}),
        "unknown subscription": clients.pull(OTHER),
        "strange ack id": clients.subscriber.acknowledge(subscription=DEAD, ack_ids=["made up"]),
        "no ack ids": clients.subscriber.acknowledge(subscription=DEAD, ack_ids=[]),
    }
    return {question: await _refusal(call) for question, call in calls.items()}


async def _dead_letter(clients: Clients) -> types.PubsubMessage:
    while not (pulled := await clients.subscriber.pull(subscription=DEAD, max_messages=1)).received_messages:
        pass
    return pulled.received_messages[0].message


async def _behaviour(clients: Clients, endpoint: Endpoint) -> dict[str, Any]:
    """Push one message that is refused until it is dead, and look at everything on the way."""
    await clients.topic(DEAD_TOPIC)
    await clients.subscription(DEAD, DEAD_TOPIC)
    policy = types.DeadLetterPolicy(dead_letter_topic=DEAD_TOPIC, max_delivery_attempts=5)
    push = {"push_endpoint": endpoint.url}
    await clients.subscription(PUSHED, push_config=push, retry_policy=QUICK, dead_letter_policy=policy)
    endpoint.answers.extend([500] * 5)
    message_id = await clients.publish(b"poison", event_type="x")
    letter = await asyncio.wait_for(_dead_letter(clients), 60)
    body = endpoint.bodies[0]
    source = "CloudPubSubDeadLetterSource"
    return {
        "refusals": await _refusals(clients),
        "deliveries": len(endpoint.bodies),
        "body": sorted(body.keys() - {"deliveryAttempt"}),
        "message": {**body["message"], "publishTime": "", "publish_time": "", "messageId": "", "message_id": ""},
        "same id": {body["message"]["messageId"], body["message"]["message_id"]} == {message_id},
        "time": bool(re.fullmatch(r"\d{4}(-\d\d){2}T(\d\d:){2}\d\d\.\d+Z", body["message"]["publishTime"])),
        "dead letter": sorted(letter.attributes),
        "origin": {key: value for key, value in letter.attributes.items() if key != f"{source}TopicPublishTime"},
        "buried": (letter.data, letter.message_id != message_id),
    }


async def _stand_in() -> dict[str, Any]:
    async with rig() as world:
        return await _behaviour(world, world.endpoint)


async def _on(channel: grpc.aio.Channel) -> dict[str, Any]:
    endpoint = Endpoint()
    await endpoint.start()
    try:
        clients = Clients(channel)
        await clients.topic()
        return await _behaviour(clients, endpoint)
    finally:
        await endpoint.stop()


@pytest.mark.emulator
def test_the_stand_in_answers_as_googles_emulator_does() -> None:
    """Push bodies, dead letters and seventeen refusals; it takes the emulator 13 s to give up a message."""
    launcher = program()
    if not launcher:
        pytest.skip("Google's Pub/Sub emulator (google-cloud-cli-pubsub-emulator and Java) is not installed")

    async def story() -> tuple[dict[str, Any], dict[str, Any]]:
        async with emulator(launcher) as channel:
            return await _stand_in(), await _on(channel)

    ours, googles = asyncio.run(story())
    assert ours == googles
