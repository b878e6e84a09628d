"""Replaying an event as an operator does it: with the literal command."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from tests.local.google.pubsub.rig import Rig, rig

pytestmark = [
    pytest.mark.gcloud,
    pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed"),
]


async def _gcloud(world: Rig, folder: Path, *arguments: str) -> tuple[int, str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "CLOUDSDK_CONFIG": str(folder / "gcloud"),
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_PROJECT": "shop",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_PUBSUB": f"{world.http_url}/",
    }
    process = await asyncio.create_subprocess_exec(
        "gcloud",
        "pubsub",
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


def test_gcloud_publishes_a_message_that_is_pushed(tmp_path: Path) -> None:
    """With data and attributes, and then with attributes only."""

    async def story() -> None:
        async with rig() as world:
            await world.pushed()
            topic = ("topics", "publish", "image-resolved")
            code, output = await _gcloud(world, tmp_path, *topic, '--message={"a": 1}', "--attribute=who=me")
            assert code == 0, output
            code, output = await _gcloud(world, tmp_path, *topic, "--attribute=only=attributes")
            assert code == 0, output
            await world.pubsub.settled(5)
            sent = [(record.data, dict(record.attributes)) for record in world.deliveries]
            assert sent == [(b'{"a": 1}', {"who": "me"}), (b"", {"only": "attributes"})]
            assert all(message_id in output for message_id in world.endpoint.message_ids[1:])

    asyncio.run(story())


def test_gcloud_says_which_topic_does_not_exist(tmp_path: Path) -> None:
    """Exit code 1 and the service's own sentence."""

    async def story() -> None:
        async with rig() as world:
            code, output = await _gcloud(world, tmp_path, "topics", "publish", "nowhere", "--message=x")
            assert code == 1
            assert "Resource not found (resource=nowhere)." in output

    asyncio.run(story())


def test_gcloud_looks_at_the_dead_letters_and_acknowledges_them(tmp_path: Path) -> None:
    """`subscriptions pull --auto-ack` empties the subscription."""

    async def story() -> None:
        async with rig(time_scale=1) as world:
            await world.subscription("projects/shop/subscriptions/dead-letter")
            await world.publish(b"poison")
            pull = ("subscriptions", "pull", "dead-letter", "--auto-ack", "--format=value(message.data)")
            code, output = await _gcloud(world, tmp_path, *pull)
            assert (code, "cG9pc29u" in output or "poison" in output) == (0, True), output
            assert await world.pull("projects/shop/subscriptions/dead-letter") == []

    asyncio.run(story())
