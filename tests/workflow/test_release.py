"""From six pushes to one pull request: the whole way, as a person sees it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from grafeas.grafeas_v1 import Occurrence

from local.world.attesting import payload_of
from local.world.names import APPS, ATTEST, ATTESTOR, MONGO, PROMOTE, SERVICES
from local.world.world import World, WorldSettings

SIX = (*(f"{APPS}/{service}" for service in SERVICES), MONGO)


@dataclass(frozen=True)
class Released:
    """The Blog App after its first release; the commits that its first story left."""

    world: World
    before: str
    tested: str


@pytest.fixture(scope="module")
def blog() -> Iterator[Released]:
    """The Blog App, released once; the stories here only look at it."""
    with World(WorldSettings()) as world:
        before = world.head("dev")
        tested = world.release()
        world.settle()
        yield Released(world, before, tested)


def test_every_line_that_follows_a_tag_names_the_digest_it_was_pushed_with(blog: Released) -> None:
    """Digests are what is deployed, and the tag stays beside each for people and for the next push."""
    pushed = {attestation.image: attestation.digest for attestation in blog.world.attestations}

    lines = [
        line.strip().removeprefix("- ")
        for path in ("apps/mdo-posts/deployment.yaml", "apps/mongo/statefulset.yaml")
        for line in blog.world.file(path).decode().splitlines()
        if " image: " in line
    ]

    assert f"image: {APPS}/mdo-posts@{pushed[f'{APPS}/mdo-posts']} # tag: v1" in lines
    assert {line.partition("image: ")[2] for line in lines if "mongo" in line} == {f"{MONGO}@{pushed[MONGO]} # tag: 7"}


def test_images_that_the_policy_exempts_keep_their_tags(blog: Released) -> None:
    """Pinning the platform's images would change the very string that prod's allowlist admits."""
    manifest = blog.world.file("platform/redis/deployment.yaml")

    assert b"image: docker.io/library/redis:" in manifest
    assert not any("redis" in attestation.image for attestation in blog.world.attestations)


def test_every_image_is_attested_once_and_no_other(blog: Released) -> None:
    """Six images need an attestation in prod, so there are six, all by the attestor's own note."""
    attestations = blog.world.attestations

    assert sorted(attestation.image for attestation in attestations) == sorted(SIX)
    assert {attestation.note.rpartition("/")[2] for attestation in attestations} == {"quality-assurance-attestor"}


def test_every_attestation_verifies_with_the_public_key_on_the_attestor(blog: Released) -> None:
    """What counts is what GKE will check: the very bytes, against the attestor's key, without any of our own code."""
    clients = blog.world.clients
    attestor = blog.world.do(clients.binauthz.get_attestor(name=ATTESTOR))
    (trusted,) = attestor.user_owned_grafeas_note.public_keys
    key = load_pem_public_key(trusted.pkix_public_key.public_key_pem.encode())
    assert isinstance(key, ec.EllipticCurvePublicKey)

    for seen in blog.world.attestations:
        stored: Occurrence = blog.world.do(clients.grafeas.get_occurrence(name=seen.occurrence))
        (signature,) = stored.attestation.signatures

        key.verify(signature.signature, stored.attestation.serialized_payload, ec.ECDSA(SHA256()))
        assert signature.public_key_id == trusted.id
        assert stored.attestation.serialized_payload == payload_of(f"{seen.image}@{seen.digest}")


def test_the_status_stands_on_exactly_the_tested_commit(blog: Released) -> None:
    """A suite is accepted for one commit, and says so nowhere else."""
    (status,) = blog.world.statuses(blog.tested)

    assert (status.context, status.state, status.creator) == ("prodgate/qa", "success", ATTEST.login)
    assert status.target_url == "https://ci.mdo.example/runs/1"
    assert blog.world.statuses(blog.before) == []


def test_what_is_merged_is_the_tested_tree_on_top_of_prod(blog: Released) -> None:
    """The branch that people merge holds the tested tree, bit for bit, and its one parent is prod's head."""
    repository = blog.world.repository
    (pull,) = blog.world.pull_requests

    snapshot = repository.get_git_commit(blog.world.head(pull.head))

    assert pull.head == f"release/{blog.tested[:12]}"
    assert snapshot.tree.sha == repository.get_git_commit(blog.tested).tree.sha
    assert [parent.sha for parent in snapshot.parents] == [blog.world.head("prod")]
    assert snapshot.message.rstrip().endswith(f"Prodgate-Release: {blog.tested}")


def test_the_release_branch_carries_its_own_green_status(blog: Released) -> None:
    """Prod's rules can require a status on the commit that is merged, so the snapshot has one, by the release App."""
    (pull,) = blog.world.pull_requests

    (status,) = blog.world.statuses(blog.world.head(pull.head))

    assert (status.context, status.state, status.creator) == ("prodgate/release", "success", PROMOTE.login)
    assert status.target_url.endswith(f"/commit/{blog.tested}")


def test_one_pull_request_says_what_changes_and_why_it_may(blog: Released) -> None:
    """The person who merges sees the verdict, every image, and the evidence, without leaving the page."""
    (pull,) = blog.world.pull_requests

    assert (pull.base, pull.state) == ("prod", "open")
    assert pull.title == f"Release {blog.tested[:12]}: 6 images (mongo 7, mdo-frontend v1, mdo-posts v1, …)"
    assert "Every image that needs an attestation has one (6)" in pull.body
    assert "suite `qa` passed: [its run](https://ci.mdo.example/runs/1)" in pull.body
    for seen in blog.world.attestations:
        assert seen.digest[7:19] in pull.body
        assert seen.occurrence.rpartition("/")[2] in pull.body


def test_nothing_was_rejected_and_nothing_was_retried(blog: Released) -> None:
    """On the happy way every event is delivered once and acknowledged."""
    assert blog.world.rejected == []
    assert blog.world.dead_letters == []
    assert {(record.attempt, record.status) for record in blog.world.deliveries} == {(1, 204)}
