"""Images that are gone: a digest that its registry no longer has is not attested, for no cluster could pull it."""

from __future__ import annotations

from local.world.cleaning import delete_image
from local.world.names import APPS
from local.world.world import World
from tests.company import POSTS_FILE, pin_posts, release_posts, workload


def test_a_digest_that_its_registry_no_longer_has_is_refused(world: World) -> None:
    """A cleanup policy took it between the commit and the tests; the sentence says which."""
    image = pin_posts(world)
    delete_image(world, image)

    world.pass_tests()
    world.settle()

    (message,) = world.rejected
    assert (message.function, message.reason, message.detail) == (
        "attest_images",
        "unknown-image",
        f"{image}: no longer in the registry, so no cluster could pull it",
    )
    assert world.attestations == []


def test_a_digest_of_a_registry_that_may_not_be_asked_is_refused(world: World) -> None:
    """Could not check is never ok; the registry is configured, or its images are not released."""
    stranger = f"ghcr.io/mdo/posts@sha256:{'a' * 64}"
    world.commit_to_dev({POSTS_FILE: workload("mdo-posts", stranger)})

    world.pass_tests()
    world.settle()

    (message,) = world.rejected
    assert message.reason == "unknown-registry"
    assert f"ghcr.io/mdo/posts is in no configured registry; those are {APPS}" in message.detail


def test_the_registry_is_asked_once_for_each_image_and_on_a_replay_for_none(world: World) -> None:
    """The suite was accepted for this commit before; what is proven then is proven again, by Container Analysis."""
    release_posts(world)
    asked = world.faults.calls("registry.head-manifest")["registry.head-manifest"]

    (event,) = [record for record in world.deliveries if record.topic.endswith("/test-passed")]
    world.publish("test-passed", event.data, event.attributes)
    world.settle()

    assert asked == 3  # resolve_image, pin_manifests, attest_images
    assert world.faults.calls("registry.head-manifest") == {"registry.head-manifest": asked}
