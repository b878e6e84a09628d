"""A kustomization decides what runs: it is pinned, tested, attested and released, as kustomize builds it."""

from __future__ import annotations

from typing import Final

from local.world.world import World
from tests.company import POSTS, document, small_world, workload

BASE: Final = {
    "apps/posts/base/kustomization.yaml": b"resources: [deployment.yaml]\n",
    "apps/posts/base/deployment.yaml": workload("mdo-posts", "posts"),
}
OVERLAY: Final = "apps/posts/eu/kustomization.yaml"
ENTRY: Final = f"resources: [../base]\nimages:\n  - name: posts\n    newName: {POSTS}\n"


def released(world: World) -> str:
    """Push the posts service, pass the tests, and let everything settle; answer its digest."""
    digest = world.push_image(POSTS, "v1")
    world.settle()
    world.pass_tests()
    world.settle()
    return digest


def test_a_push_pins_the_kustomization_and_the_release_is_what_it_builds(quiet_logging: None) -> None:
    """The resource holds a placeholder, which nobody judges and nobody edits."""
    with small_world(BASE | {OVERLAY: f"{ENTRY}    newTag: v1 # the shop\n".encode()}) as world:
        digest = released(world)

        assert world.file(OVERLAY) == f"{ENTRY}    digest: {digest}\n    newTag: v1 # the shop\n".encode()
        assert world.file("apps/posts/base/deployment.yaml") == BASE["apps/posts/base/deployment.yaml"]
        assert [(seen.image, seen.digest) for seen in world.attestations] == [(POSTS, digest)]
        assert len(world.pull_requests) == 1
        assert world.rejected == []


def test_a_kustomization_that_brings_in_what_cannot_be_seen_blocks_the_release(quiet_logging: None) -> None:
    """Pinning works around it; the release says where and why."""
    overlay = f"{ENTRY}    newTag: v1\ncomponents: [../extra]\n"
    with small_world(BASE | {OVERLAY: overlay.encode()}) as world:
        released(world)

        (rejected,) = world.rejected
        assert rejected.attributes["prodgate-reason"] == "not-understood"
        assert f"{OVERLAY} line 7: 'components' can change what runs" in rejected.attributes["prodgate-detail"]
        assert document(rejected.data)["suite"] == "qa"
        assert world.attestations == []
