"""Images for several platforms: what the manifests name is attested, and its children where somebody wants them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from local.world.world import World
from tests.company import POSTS, document, small_world

RUNNABLE: Final = {"PRODGATE_CHILDREN": "runnable"}


@pytest.fixture
def runnable(quiet_logging: None) -> Iterator[World]:
    """A world in which the children of indexes are attested too."""
    with small_world(variables=RUNNABLE) as world:
        yield world


def push(world: World) -> str:
    """Push an index with two images and BuildKit's attestation of them, and have it pinned; answer its digest."""
    digest = world.push_image(POSTS, "v1", content=b"posts", index=True, provenance=True)
    world.settle()
    return digest


def test_the_digest_that_the_manifest_names_is_attested_and_no_other(world: World) -> None:
    """GKE judges the string in the pod; it opens no index."""
    digest = push(world)

    world.pass_tests()
    world.settle()

    assert [seen.digest for seen in world.attestations] == [digest]


def test_where_configured_each_child_that_can_run_is_attested_too(runnable: World) -> None:
    """Two platforms and the index itself, but not what BuildKit attaches. The event tells of the named."""
    digest = push(runnable)

    runnable.pass_tests()
    runnable.settle()

    digests = {seen.digest for seen in runnable.attestations}
    assert len(digests) == 3
    assert digest in digests
    (complete,) = [record for record in runnable.deliveries if record.topic.endswith("/attestation-complete")]
    assert [row["digest"] for row in document(complete.data)["images"]] == [digest]
    assert len(runnable.pull_requests) == 1


def test_an_image_that_its_registry_does_not_have_any_more_is_rejected(runnable: World) -> None:
    """Its children cannot be known, and no cluster could pull it either."""
    gone = f"{POSTS}@sha256:{'0' * 64}"
    runnable.commit_to_dev(
        {"apps/posts.yaml": runnable.file("apps/posts.yaml").replace(f"{POSTS}:v1".encode(), gone.encode())}
    )

    runnable.pass_tests()
    runnable.settle()

    assert [(message.reason, message.detail) for message in runnable.rejected] == [
        ("unknown-image", f"{gone} does not exist")
    ]
    assert runnable.attestations == []


def test_a_registry_that_is_not_configured_is_not_asked(runnable: World) -> None:
    """Whoever commits to dev must not choose whom this function connects to."""
    evil = f"registry.evil.example/posts@sha256:{'0' * 64}"
    runnable.commit_to_dev(
        {"apps/posts.yaml": runnable.file("apps/posts.yaml").replace(f"{POSTS}:v1".encode(), evil.encode())}
    )

    runnable.pass_tests()
    runnable.settle()

    assert [message.reason for message in runnable.rejected] == ["unknown-registry"]
    assert runnable.faults.calls("registry.") == {}
