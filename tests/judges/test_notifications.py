"""Our webhook judged by CNCF Distribution: Debian's docker-registry notifies the public function of a real push."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from local.registry import push_image
from local.world.receiving import SECRETS, host_webhooks
from local.world.world import World
from shared.domain.pushes import Pushes
from tests.local.registry.running import NAME, docker_registry, needs_docker_registry

pytestmark = [pytest.mark.judge, needs_docker_registry]

ENDPOINT = """
notifications:
  endpoints:
    - {{name: prodgate, url: "{url}", timeout: 2s, threshold: 3, backoff: 1s}}
"""


def test_a_push_to_a_real_registry_is_published_once_and_its_layers_are_not(world: World, tmp_path: Path) -> None:
    """Three notifications for one push: two blobs, which are no images, and the manifest, with its digest."""
    url = f"{host_webhooks(world)}distribution/{SECRETS['distribution'].text}"

    async def story() -> str:
        async with docker_registry(tmp_path, ENDPOINT.format(url=url)) as registry:
            digest = await push_image(registry, NAME, "v1", content=b"posts")
            async with asyncio.timeout(20):
                while not world.deliveries:  # noqa: ASYNC110 - the registry says nothing when its queue is empty
                    await asyncio.sleep(0.05)
            return digest

    digest = asyncio.run(story())
    world.settle()

    (delivery,) = [record for record in world.deliveries if record.topic.endswith("/gcr")]
    (pushed,) = Pushes.parse(delivery.data).pushed
    assert (pushed.image.path, pushed.tag, pushed.digest) == (NAME, "v1", digest)
    assert json.loads(delivery.data)["events"][0]["request"]["method"] == "PUT"
