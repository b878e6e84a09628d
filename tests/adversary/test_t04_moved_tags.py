"""T04: a tag is moved between push, test and release. What was tested is what is attested, and what is merged."""

from __future__ import annotations

from local.world.world import World
from tests.company import POSTS, POSTS_FILE, pin_posts, release_posts, workload


def test_a_tag_is_never_attested(world: World) -> None:
    """A tag can move between test and deploy, so a release that names one is rejected whole."""
    pin_posts(world)
    world.commit_to_dev({"apps/nginx.yaml": workload("nginx", "docker.io/library/nginx:1.27")})

    world.pass_tests()
    world.settle()

    assert [message.reason for message in world.rejected] == ["not-a-digest"]
    assert world.attestations == []


def test_a_tag_that_moves_after_the_test_changes_nothing_about_the_release(world: World) -> None:
    """The tested commit holds digests, so the new image is the next release's business."""
    tested_image = pin_posts(world, b"tested")
    tested = world.head("dev")
    world.push_image(POSTS, "v1", content=b"never tested")
    world.settle()

    world.pass_tests(tested)
    world.settle()

    (attested,) = world.attestations
    assert f"{attested.image}@{attested.digest}" == tested_image
    (pull,) = world.pull_requests
    assert tested_image.encode() in world.file(POSTS_FILE, pull.head)


def test_a_tag_beside_a_digest_counts_for_nothing(world: World) -> None:
    """Of `name:tag@digest` the cluster runs the digest, and so does the attestation."""
    image = pin_posts(world)
    name, _, digest = image.partition("@")
    world.commit_to_dev({POSTS_FILE: workload("mdo-posts", f"{name}:evil@{digest}")})

    world.pass_tests()
    world.settle()

    assert [f"{seen.image}@{seen.digest}" for seen in world.attestations] == [image]


def test_bytes_that_differ_under_the_same_name_need_their_own_attestation(world: World) -> None:
    """An attestation is about bytes: another digest under the same tag starts from nothing."""
    release_posts(world, b"first")

    release_posts(world, b"second")

    assert len({seen.digest for seen in world.attestations}) == 2
