"""Images for several platforms: what the manifests name is attested, and its children where somebody wants them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from local.faults import Faults
from local.registry.server import RegistryStandIn
from local.world.world import World
from shared.clients.registry import Registries, registry_session
from shared.domain.errors import Reason, Rejected, Unavailable
from shared.domain.image import PinnedImage
from shared.domain.image_index import Children
from shared.workflow.children import ChildrenCloud, family_of
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


def ask(reference: str, *, settling: bool = False) -> Sequence[PinnedImage]:
    """Ask a registry that holds nothing for what hangs on an image."""

    async def asked() -> Sequence[PinnedImage]:
        registry = RegistryStandIn("registry.example", Faults())
        await registry.start()
        try:
            async with registry_session() as session:
                registries = Registries(session, {"registry.example": registry.url})
                cloud = ChildrenCloud(Children.RUNNABLE, ("registry.example",), registries)
                family = await family_of([PinnedImage.parse(reference)], cloud, is_gated=False, settling=settling)
                return family.images
        finally:
            await registry.stop()

    return asyncio.run(asked())


def test_an_image_whose_children_cannot_be_known_is_not_taken_for_one_without() -> None:
    """Gone for good it rejects the release; where it may only be invisible yet, the event waits."""
    gone = f"registry.example/posts@sha256:{'0' * 64}"

    with pytest.raises(Rejected, match=r"posts@sha256:0+ does not exist") as rejected:
        ask(gone)
    with pytest.raises(Unavailable, match="is not visible yet"):
        ask(gone, settling=True)

    assert rejected.value.reason is Reason.UNKNOWN_IMAGE


def test_a_registry_that_is_not_configured_is_not_asked() -> None:
    """Whoever commits to dev must not choose whom this function connects to."""
    with pytest.raises(Rejected) as rejected:
        ask(f"registry.evil.example/posts@sha256:{'0' * 64}")

    assert rejected.value.reason is Reason.UNKNOWN_REGISTRY
