"""T13: an event names a registry to make us connect somewhere. Only configured registries are ever asked."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.registry.lies import Lie
from local.world.world import World
from tests.company import POSTS, POSTS_FILE, pin_posts, small_world
from tests.conftest import Logs

HOSTILE = [
    "metadata.google.internal/computeMetadata:v1",
    "169.254.169.254/latest:meta-data",
    "localhost:5000/mdo/apps/mdo-posts:v1",
    "127.0.0.1:8080/a:v1",
    "[::1]:5000/a:v1",
    "us-docker.pkg.dev.evil.example/mdo/apps/mdo-posts:v1",
    "evil.example/us-docker.pkg.dev/mdo/apps/mdo-posts:v1",
    "us-docker.pkg.dev:443/mdo/apps/mdo-posts:v1",
    "us-docker.pkg.dev/mdo/apps-evil/mdo-posts:v1",
    "us-docker.pkg.dev/mdo:v1",
    "us-docker.pkg.dev/mdo/apps:v1",
    "US-DOCKER.PKG.DEV/mdo/apps/mdo-posts:v1",
    "2130706433/a:v1",
    "user@us-docker.pkg.dev/mdo/apps/mdo-posts:v1",
    "us-docker.pkg.dev/mdo/apps/../../evil/mdo-posts:v1",
    "us-docker.pkg.dev./mdo/apps/mdo-posts:v1",
    "xn--s-docker-2ib.pkg.dev/mdo/apps/mdo-posts:v1",
    "http://us-docker.pkg.dev/mdo/apps/mdo-posts:v1",
]


@pytest.fixture(scope="module")
def quiet() -> Iterator[World]:
    """A world in which nothing ever happens."""
    with small_world() as world:
        yield world


@pytest.mark.parametrize("image", HOSTILE)
def test_a_name_that_leads_elsewhere_is_refused_before_anything_connects(quiet: World, image: str) -> None:
    """The name is read part by part and held against the configured prefixes; a look-alike is none of them."""
    quiet.rejected.clear()
    asked = quiet.faults.calls("registry.")

    quiet.publish("gcr", json.dumps({"image": image}).encode())
    quiet.settle()

    (message,) = quiet.rejected
    assert message.reason in {"unknown-registry", "malformed-image", "not-a-digest"}
    assert quiet.faults.calls("registry.") == asked


def test_a_registry_that_contradicts_itself_is_not_believed(world: World, logs: Logs) -> None:
    """Asked for a digest, it answers another: somebody stands in between, so nothing is published."""
    digest = world.push_image(POSTS, "v0")
    world.settle()
    head = world.head("dev")
    registry = world.cloud.registries["us-docker.pkg.dev"]
    registry.lie("mdo/apps/mdo-posts", digest, Lie.WRONG_DIGEST_HEADER)

    world.publish("gcr", f'{{"action":"INSERT","digest":"{POSTS}@{digest}","tag":"{POSTS}:v1"}}'.encode())
    world.settle()

    assert len(world.dead_letters) == 1
    assert world.head("dev") == head
    faults = {entry["logging.googleapis.com/labels"].get("fault") for entry in logs()}
    assert "wrong-answer" in faults


def test_a_digest_that_the_registry_does_not_say_is_counted(world: World) -> None:
    """Some registries leave the header out; then the manifest itself is read and hashed."""
    world.cloud.registries["us-docker.pkg.dev"].lie("mdo/apps/mdo-posts", "v1", Lie.NO_DIGEST_HEADER)

    image = pin_posts(world)

    assert image.encode() in world.file(POSTS_FILE)


def test_a_manifest_that_never_ends_is_not_read_to_its_end(world: World, logs: Logs) -> None:
    """An endless body would fill the memory; at 4 MiB it is no manifest any more."""
    world.push_image(POSTS, "build")
    world.settle()
    registry = world.cloud.registries["us-docker.pkg.dev"]
    registry.lie("mdo/apps/mdo-posts", "build", Lie.ENDLESS_BODY)
    registry.lie("mdo/apps/mdo-posts", "build", Lie.NO_DIGEST_HEADER)
    logs()

    world.announce(f"{POSTS}:build")
    world.settle()

    assert world.dead_letters == [] or "over 4,194,304 bytes" in " ".join(e["message"] for e in logs())
