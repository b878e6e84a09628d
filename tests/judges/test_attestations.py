"""Attestations across the two tools: gcloud's count for us, ours for gcloud, and the signed bytes are the same."""

from __future__ import annotations

import json
from typing import Final

import pytest
from grafeas.grafeas_v1 import Occurrence

from local.world.names import ATTESTOR, GATE_PROJECT, KEY, NOTE, PROD_PROJECT
from local.world.world import World
from shared.domain.attestors import key_id
from shared.domain.image import PinnedImage
from shared.domain.payload import payload
from tests.company import POSTS, USERS
from tests.judges.gcloud import Gcloud, needs_gcloud

pytestmark = [pytest.mark.gcloud, needs_gcloud]

SIGN: Final = "beta container binauthz attestations sign-and-create"
VERSION: Final = f"{KEY}/cryptoKeyVersions/1"
BY_KMS: Final = (f"--keyversion={VERSION}", f"--public-key-id-override={key_id(VERSION)}")
BY_ATTESTOR: Final = (f"--attestor={ATTESTOR}", "--validate")
BY_NOTE: Final = (f"--note={NOTE}",)


def _pin_both(world: World) -> dict[str, str]:
    images = {name: f"{name}@{world.push_image(name, 'v1')}" for name in (POSTS, USERS)}
    world.settle()
    return images


async def _under_the_note(world: World) -> dict[str, Occurrence]:
    """Every attestation by its resource, whichever project it is stored in."""
    return {found.resource_uri: found async for found in await world.clients.grafeas.list_note_occurrences(name=NOTE)}


@pytest.mark.parametrize(("how", "project"), [(BY_ATTESTOR, PROD_PROJECT), (BY_NOTE, GATE_PROJECT)])
def test_an_attestation_that_gcloud_made_counts(
    how: tuple[str, ...], project: str, world: World, gcloud: Gcloud
) -> None:
    """No second one is made and nothing is signed for that image: the signature is the proof, not who stored it."""
    images = _pin_both(world)
    gcloud(SIGN, f"--artifact-url={images[POSTS]}", *how, *BY_KMS, f"--project={project}")
    theirs = world.do(_under_the_note(world))
    signed = world.faults.calls()["kms.AsymmetricSign"]

    world.pass_tests()
    world.settle()

    stored = world.do(_under_the_note(world))
    assert theirs.keys() == {images[POSTS]}
    assert theirs[images[POSTS]].name.startswith(f"projects/{project}/")
    assert stored == theirs | {images[USERS]: stored[images[USERS]]}
    assert world.faults.calls()["kms.AsymmetricSign"] == signed + 1
    assert len(world.pull_requests) == 1


def test_an_attestation_by_a_key_that_the_attestor_does_not_trust_counts_for_nothing(
    world: World, gcloud: Gcloud
) -> None:
    """A stranger signs under our key's id: the image is signed all the same, in the place that the forgery took."""
    images = _pin_both(world)
    stranger = world.rotate_key(trusted=False)
    gcloud(SIGN, f"--artifact-url={images[POSTS]}", *BY_NOTE, f"--keyversion={stranger}", BY_KMS[1])
    forged = world.do(_under_the_note(world))[images[POSTS]]
    signed = world.faults.calls()["kms.AsymmetricSign"]

    world.pass_tests()
    world.settle()

    mended = world.do(_under_the_note(world))[images[POSTS]]
    assert world.faults.calls()["kms.AsymmetricSign"] == signed + 2
    assert mended.name == forged.name
    (false,), (true,) = forged.attestation.signatures, mended.attestation.signatures
    assert false.public_key_id == true.public_key_id == key_id(VERSION)
    assert false.signature != true.signature
    assert len(world.pull_requests) == 1


@pytest.mark.parametrize("track", ["beta ", ""], ids=["beta", "ga"])
def test_gcloud_lists_what_we_attested(track: str, world: World, gcloud: Gcloud) -> None:
    """An auditor asks Google's tool, not ours, which digests are attested and by which key."""
    images = _pin_both(world)
    world.pass_tests()
    world.settle()

    listed = gcloud(
        f"{track}container binauthz attestations list",
        f"--attestor={ATTESTOR}",
        f"--artifact-url={images[POSTS]}",
        "--format=json",
    )

    [found] = json.loads(listed)
    [ours] = [attestation for attestation in world.attestations if attestation.image == POSTS]
    assert (found["name"], found["resourceUri"]) == (ours.occurrence, images[POSTS])
    assert [signature["publicKeyId"] for signature in found["attestation"]["signatures"]] == [key_id(VERSION)]


def test_the_signed_bytes_are_those_of_gcloud(gcloud: Gcloud) -> None:
    """Binary Authorization verifies the signature over exactly these bytes."""
    image = PinnedImage.parse(f"{POSTS}@sha256:{'0123456789abcdef' * 4}")

    printed = gcloud("container binauthz create-signature-payload", f"--artifact-url={image}")

    assert payload(image) == printed.encode()
