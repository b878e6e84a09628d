"""Attestations in the way: what an old key or a stranger left is signed too, or said to be there, never walked past."""

from __future__ import annotations

import asyncio
import json

import pytest
from grafeas import grafeas_v1

from shared.domain.attestors import key_id
from shared.domain.errors import Fault, Unavailable
from shared.domain.image import PinnedImage
from shared.domain.payload import payload
from shared.workflow.signing import SigningSettings
from shared.workflow.storing import Replacing
from tests.workflow.signing_rig import VERSION, Rig, images, signing

REPLACE = SigningSettings(replacing=Replacing.DELETE_AND_CREATE)


def compact(image: PinnedImage) -> bytes:
    """The payload as Voucher writes it: the same words, without blanks, and without the line end."""
    return json.dumps(json.loads(payload(image)), separators=(",", ":")).encode()


def with_a_second_reading(image: PinnedImage) -> bytes:
    """A payload that names the image, and another one to whoever ignores case, as Go's encoding/json does."""
    document = json.loads(payload(image))
    document["critical"]["image"]["Docker-Manifest-Digest"] = f"sha256:{'e' * 64}"
    return json.dumps(document).encode()


def signers(stored: grafeas_v1.Occurrence) -> list[str]:
    """The ids of the keys that signed it."""
    return [signature.public_key_id for signature in stored.attestation.signatures]


def test_an_old_key_s_attestation_in_other_bytes_is_signed_as_it_stands() -> None:
    """A rotation must not end at the first attestation that Voucher made: the signature goes under its bytes."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        made = await rig.store(image, data=compact(image))
        await rig.rotate()

        proven = await rig.prove([image])

        (stored,) = await rig.stored()
        assert [proof.occurrence for proof in proven.proofs] == [made] == [stored.name]
        assert stored.attestation.serialized_payload == compact(image)
        assert signers(stored) == [key_id(VERSION), key_id(rig.suite.key_version)]
        assert rig.counted["kms.AsymmetricSign"] == 1

    signing(story)


def test_one_that_is_found_only_while_storing_is_signed_too() -> None:
    """The list did not show it at first, so our own bytes were signed for nothing."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        made = await rig.store(image, data=compact(image))
        rig.google.analysis.hide_from_lists(made, lists=1)
        await rig.rotate()

        proven = await rig.prove([image])

        assert [proof.occurrence for proof in proven.proofs] == [made]
        assert rig.counted["kms.AsymmetricSign"] == rig.counted["binauthz.ValidateAttestationOccurrence"] == 2

    signing(story)


@pytest.mark.parametrize(
    ("of", "fault", "why"),
    [
        (with_a_second_reading, Fault.UNPROVEN, "names the image in other words than ours"),
        (lambda _: payload(images(2)[1]), Fault.PAYLOAD_OF_ANOTHER_IMAGE, f"names {images(2)[1].digest}"),
        (lambda _: b"approved", Fault.PAYLOAD_OF_ANOTHER_IMAGE, "names no image"),
    ],
    ids=["says more", "another image", "no payload"],
)
def test_what_says_anything_else_is_never_signed(of: object, fault: Fault, why: str) -> None:
    """Whoever may write occurrences could have any words signed by putting them there; a person is told the way out."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        data = of(image)  # type: ignore[operator]
        made = await rig.store(image, data=data)
        await rig.rotate()

        with pytest.raises(Unavailable) as caught:
            await rig.prove([image])

        under = "so that no signature of ours goes under it; delete it, or set PRODGATE_REPLACE_ATTESTATIONS"
        assert caught.value.detail == f"{image} has the attestation {made}, whose payload {why}, {under}"
        assert caught.value.fault is fault
        assert [signers(stored) for stored in await rig.stored()] == [[key_id(VERSION)]]

    signing(story)


def test_what_is_replaced_is_replaced_by_gcloud_s_bytes() -> None:
    """Whatever the bytes were that stood there, and that the service took no signature under."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        made = await rig.store(image, data=compact(image))
        await rig.rotate()
        rig.google.analysis.takes_updates = False

        with pytest.raises(Unavailable, match="which takes no signature of ours; delete it, or set") as caught:
            await rig.prove([image])
        assert caught.value.fault is Fault.UNPROVEN
        await rig.prove([image], settings=REPLACE)

        (stored,) = await rig.stored()
        assert stored.name != made
        assert stored.attestation.serialized_payload == payload(image)
        assert signers(stored) == [key_id(rig.suite.key_version)]

    signing(story)


def test_one_that_is_spelt_with_a_scheme_is_in_the_way_where_the_service_says_so() -> None:
    """Which spelling makes an attestation unique is documented nowhere; neither way may block a release for ever."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        rig.google.analysis.ignores_scheme = True
        made = await rig.store(image, uri=f"https://{image}")
        await rig.rotate()

        proven = await rig.prove([image])

        (stored,) = await rig.stored()
        assert [proof.occurrence for proof in proven.proofs] == [made] == [stored.name]
        assert signers(stored) == [key_id(VERSION), key_id(rig.suite.key_version)]

    signing(story)


def test_one_that_is_spelt_with_a_scheme_stays_where_the_service_does_not_mind() -> None:
    """Ours is made beside it, in the spelling of gcloud."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        await rig.store(image, uri=f"https://{image}")
        await rig.rotate()

        await rig.prove([image])

        stored = await rig.stored()
        assert [signers(each) for each in stored] == [[key_id(VERSION)], [key_id(rig.suite.key_version)]]
        assert [each.resource_uri for each in stored] == [f"https://{image}", str(image)]

    signing(story)


def test_a_signature_that_was_added_since_our_look_is_kept() -> None:
    """An update writes every signature: one by another signer, made a moment ago, must not be lost by ours."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        made = await rig.store(image)
        await rig.rotate()
        held = rig.google.faults.hold("kms.AsymmetricSign")
        loop = asyncio.get_running_loop()

        async def colleague() -> None:
            stored = await rig.google.grafeas.get_occurrence(name=made)
            stored.attestation.signatures.append({"public_key_id": "colleague", "signature": b"theirs"})
            mask = {"paths": ["attestation.signatures"]}
            await rig.google.grafeas.update_occurrence(
                request={"name": made, "occurrence": stored, "update_mask": mask}
            )

        def meanwhile() -> None:
            with held:
                asyncio.run_coroutine_threadsafe(colleague(), loop).result(10)

        await asyncio.gather(rig.prove([image]), asyncio.to_thread(meanwhile))

        (stored,) = await rig.stored()
        assert signers(stored) == [key_id(VERSION), "colleague", key_id(rig.suite.key_version)]

    signing(story)


def test_a_read_that_does_not_show_our_signature_yet_is_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads may lag updates too. What we have just mended is not to be called unproven: that wakes somebody."""
    monkeypatch.setattr("shared.workflow.storing._LOOK_AGAIN_S", (0.01, 0.01))

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        made = await rig.store(image)
        await rig.rotate()
        rig.google.faults.hide("grafeas.ListNoteOccurrences", made, after=1)
        rig.google.analysis.stale_gets = 3

        with pytest.raises(Unavailable, match="does not show yet that our signature was added") as caught:
            await rig.prove([image])

        assert caught.value.fault is Fault.NOT_VISIBLE_YET
        assert (await rig.prove([image])).signed == 0

    signing(story)


def test_our_signature_that_shows_at_the_last_look_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many looks are taken as there are pauses, and one more."""
    monkeypatch.setattr("shared.workflow.storing._LOOK_AGAIN_S", (0.01, 0.01))

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        made = await rig.store(image)
        await rig.rotate()
        rig.google.faults.hide("grafeas.ListNoteOccurrences", made, after=1)
        rig.google.analysis.stale_gets = 2

        proven = await rig.prove([image])

        assert [proof.occurrence for proof in proven.proofs] == [made]
        assert rig.counted["grafeas.GetOccurrence"] == 1 + 3

    signing(story)


def test_a_place_that_is_taken_again_is_left_to_the_next_delivery() -> None:
    """Somebody stored another one between our delete and our create."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        made = await rig.store(image)
        await rig.rotate()
        rig.google.analysis.takes_updates = False
        rig.google.faults.fail("grafeas.CreateOccurrence", code="ALREADY_EXISTS")

        with pytest.raises(Unavailable, match=f"{made} was deleted, and another stands in its place") as caught:
            await rig.prove([image], settings=REPLACE)

        assert caught.value.fault is Fault.LOST_RACE
        assert (await rig.prove([image])).signed == 1

    signing(story)


def test_what_is_gone_when_it_is_to_be_mended_is_looked_for_by_the_next_delivery() -> None:
    """Somebody deleted it between our look and our update."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        made = await rig.store(image)
        await rig.rotate()
        rig.google.faults.fail("grafeas.GetOccurrence", code="NOT_FOUND")

        with pytest.raises(Unavailable, match=f"{made}, in the way of .*, cannot be read yet, or is gone") as caught:
            await rig.prove([image])

        assert caught.value.fault is Fault.NOT_VISIBLE_YET

    signing(story)
