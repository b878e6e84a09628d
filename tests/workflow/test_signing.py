"""Signing many images: few calls, whichever of the undocumented ways the services go, and nothing lost on the way."""

from __future__ import annotations

import pytest

from local.google.grafeas import Batches
from shared.domain.attestors import key_id
from shared.domain.errors import Fault, Unavailable
from shared.domain.payload import PayloadForm, payload
from shared.workflow.signing import SigningSettings
from tests.local.google.running_google import ATTESTOR
from tests.workflow.signing_rig import VERSION, Rig, images, signing

READ_PARTY = {"binauthz.GetAttestor": 1, "kms.GetPublicKey": 1}
EACH = {"kms.AsymmetricSign": 120, "binauthz.ValidateAttestationOccurrence": 120}


def test_a_hundred_images_take_two_calls_each_and_a_replay_next_to_none() -> None:
    """Each is signed and validated; looking, storing and reading back are done for many at once."""

    async def story(rig: Rig) -> None:
        wanted = images(120)

        proven = await rig.prove(wanted)

        assert (len(proven.proofs), proven.signed) == (120, 120)
        assert {proof.image for proof in proven.proofs} == set(wanted)
        together = {"grafeas.ListNoteOccurrences": 3 + 3, "grafeas.BatchCreateOccurrences": 2}
        assert rig.counted == READ_PARTY | EACH | together
        again = await rig.prove(wanted)
        assert again.signed == 0
        assert {proof.occurrence for proof in again.proofs} == {proof.occurrence for proof in proven.proofs}
        assert rig.counted == READ_PARTY | {"grafeas.ListNoteOccurrences": 3}

    signing(story)


def test_where_neither_joined_filters_nor_batches_are_taken_it_takes_three_calls_each() -> None:
    """What the service refused is not tried again: the note is listed, and attestations are stored one by one."""

    async def story(rig: Rig) -> None:
        rig.google.analysis.takes_or = False
        rig.google.analysis.batches = Batches.UNIMPLEMENTED
        wanted = images(121)
        await rig.prove(wanted[:2])  # here it finds out

        proven = await rig.prove(wanted)

        assert (len(proven.proofs), proven.signed) == (121, 119)
        each = dict.fromkeys((*EACH, "grafeas.CreateOccurrence"), 119)
        assert rig.counted == READ_PARTY | each | {"grafeas.ListNoteOccurrences": 1 + 2}
        assert len(await rig.stored()) == 121
        again = await rig.prove(wanted)
        assert again.signed == 0
        assert rig.counted == READ_PARTY | {"grafeas.ListNoteOccurrences": 1}

    signing(story)


def test_in_a_note_too_long_to_be_listed_each_digest_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note grows with every release, and pages of it come one after the other: a few are tried, then no more."""
    monkeypatch.setattr("shared.clients.attestations.finding.PAGE", 2)

    async def story(rig: Rig) -> None:
        rig.google.analysis.takes_or = False
        wanted = images(9)
        await rig.prove(wanted)

        again = await rig.prove(wanted)

        assert (len(again.proofs), again.signed) == (9, 0)
        assert rig.counted == READ_PARTY | {"grafeas.ListNoteOccurrences": 1 + 7}

    signing(story)


def test_a_filter_that_is_refused_for_one_digest_alone_is_no_reason_to_list_the_note() -> None:
    """There is no other way to ask for it, so it cannot be checked now; "could not check" is never ok."""

    async def story(rig: Rig) -> None:
        rig.google.faults.fail("grafeas.ListNoteOccurrences", code="INVALID_ARGUMENT")

        with pytest.raises(Unavailable, match=r"grafeas\.ListNoteOccurrences: 400") as caught:
            await rig.prove(images(1))

        assert caught.value.fault is Fault.REFUSED
        assert await rig.stored() == []

    signing(story)


@pytest.mark.parametrize("batches", [Batches.REFUSE_ALL, Batches.MAKE_OTHERS])
def test_what_somebody_stored_between_our_look_and_our_write_is_found(batches: Batches) -> None:
    """Whatever a batch does when one of it exists already: that one counts as it is, the others are stored."""

    async def story(rig: Rig) -> None:
        rig.google.analysis.batches = batches
        wanted = images(3)
        theirs = await rig.store(wanted[1])
        rig.google.analysis.hide_from_lists(theirs, lists=1)

        proven = await rig.prove(wanted)

        assert {proof.image for proof in proven.proofs} == set(wanted)
        assert [proof.occurrence for proof in proven.proofs if proof.image == wanted[1]] == [theirs]
        assert len(await rig.stored()) == 3

    signing(story)


@pytest.mark.parametrize("code", ["INVALID_ARGUMENT", "FAILED_PRECONDITION", "ALREADY_EXISTS", "UNIMPLEMENTED"])
def test_a_batch_that_is_refused_is_stored_one_by_one(code: str) -> None:
    """With which status the service refuses a batch for one of it is documented nowhere."""

    async def story(rig: Rig) -> None:
        rig.google.faults.fail("grafeas.BatchCreateOccurrences", code=code)

        proven = await rig.prove(images(3))

        assert (len(proven.proofs), len(await rig.stored())) == (3, 3)
        assert rig.counted["grafeas.CreateOccurrence"] == 3
        await rig.prove(images(6))
        assert rig.counted.get("grafeas.BatchCreateOccurrences", 0) == (code != "UNIMPLEMENTED")

    signing(story)


def test_a_batch_whose_reply_is_lost_is_found_by_looking() -> None:
    """All of it was stored; each is asked for by itself, found to exist, and read."""

    async def story(rig: Rig) -> None:
        rig.google.faults.lose_reply("grafeas.BatchCreateOccurrences")

        proven = await rig.prove(images(3))

        assert len(proven.proofs) == len(await rig.stored()) == 3

    signing(story)


@pytest.mark.parametrize(("spelling", "stored"), [("https://{}", 1), ("{}", 1), ("https://mirror.example/{}", 1)])
def test_an_attestation_is_found_whichever_way_its_resource_was_spelt(spelling: str, stored: int) -> None:
    """Gcloud wrote https:// until SDK 424, Voucher and Kritis still do; the digest decides."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)
        made = await rig.store(image, uri=spelling.format(image))

        proven = await rig.prove([image])

        assert [proof.occurrence for proof in proven.proofs] == [made]
        assert (proven.signed, len(await rig.stored())) == (0, stored)

    signing(story)


@pytest.mark.parametrize("algorithm", ["EC_SIGN_P384_SHA384", "RSA_SIGN_PSS_2048_SHA256", "RSA_SIGN_PKCS1_3072_SHA256"])
@pytest.mark.parametrize("form", PayloadForm)
def test_every_kind_of_key_attests_in_either_form(algorithm: str, form: PayloadForm) -> None:
    """Binary Authorization's own verdict is the gate; what is stored is the raw payload, whatever was signed."""

    async def story(rig: Rig) -> None:
        (image,) = images(1)

        proven = await rig.prove([image], settings=SigningSettings(form))

        ((seen,), party) = await rig.stored(), await rig.party()
        assert (seen.resource_uri, seen.attestation.serialized_payload) == (str(image), payload(image))
        (signature,), (key,) = seen.attestation.signatures, party.attestor.keys
        assert signature.public_key_id == key_id(VERSION)
        assert party.key.algorithm.verifies(key.pem, signature.signature, form.signed(payload(image)))
        assert [proof.key_id for proof in proven.proofs] == [key_id(VERSION)]

    signing(story, algorithm=algorithm)


def test_a_quota_that_runs_out_loses_no_image_and_each_delivery_brings_the_release_further() -> None:
    """What could be signed is stored before the event is given back; the next delivery signs the rest only."""

    async def story(rig: Rig) -> None:
        wanted = images(5)
        rig.google.faults.fail("binauthz.ValidateAttestationOccurrence", after=3, times=2, code="PERMISSION_DENIED")

        with pytest.raises(Unavailable, match=r"binauthz\.ValidateAttestationOccurrence: 403"):
            await rig.prove(wanted)

        assert len(await rig.stored()) == 3
        proven = await rig.prove(wanted)
        assert (len(proven.proofs), proven.signed) == (5, 2)

    signing(story)


def test_an_exhausted_quota_is_asked_again_with_patience() -> None:
    """RESOURCE_EXHAUSTED is no refusal: KMS and Binary Authorization say so to whoever comes too fast."""

    async def story(rig: Rig) -> None:
        for method in EACH:
            rig.google.faults.fail(method, times=2, code="RESOURCE_EXHAUSTED")

        proven = await rig.prove(images(3))

        assert proven.signed == 3
        assert {method: rig.counted[method] for method in EACH} == dict.fromkeys(EACH, 5)

    signing(story)


def test_what_is_listed_late_is_read_by_its_name() -> None:
    """Reads may lag writes: the list shows nothing yet, and nothing is stored twice for that."""

    async def story(rig: Rig) -> None:
        rig.google.analysis.list_lag_s = 3600

        proven = await rig.prove(images(3))

        assert proven.signed == 3
        assert rig.counted["grafeas.GetOccurrence"] == 3

    signing(story)


def test_what_cannot_be_read_yet_is_looked_for_again_and_then_left_to_the_next_delivery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stored is not proven: an attestation that nobody can read yet completes nothing."""
    monkeypatch.setattr("shared.workflow.storing._LOOK_AGAIN_S", (0.01, 0.01))

    async def story(rig: Rig) -> None:
        rig.google.analysis.list_lag_s = rig.google.analysis.get_lag_s = 3600

        with pytest.raises(Unavailable, match="cannot be read yet, or is gone again") as caught:
            await rig.prove(images(1))

        assert caught.value.fault is Fault.NOT_VISIBLE_YET
        assert rig.counted["grafeas.GetOccurrence"] == 3
        with pytest.raises(Unavailable, match="has an attestation already, which is not listed yet") as caught:
            await rig.prove(images(1))
        assert caught.value.fault is Fault.NOT_VISIBLE_YET
        rig.google.analysis.list_lag_s = rig.google.analysis.get_lag_s = 0
        assert (await rig.prove(images(1))).signed == 0

    signing(story)


def test_what_the_attestor_does_not_verify_is_not_stored() -> None:
    """Binary Authorization's own verdict comes before the write: what GKE would refuse is never there to be found."""

    async def story(rig: Rig) -> None:
        party = await rig.party()
        attestor = await rig.google.binauthz.get_attestor(name=ATTESTOR)
        attestor.user_owned_grafeas_note.public_keys[0].id = "another"
        await rig.google.binauthz.update_attestor(attestor=attestor)

        with pytest.raises(Unavailable, match=f"{ATTESTOR} does not verify .*: No attestations found") as caught:
            await rig.prove_by(party, images(1))

        assert caught.value.fault is Fault.ATTESTOR_REFUSES
        assert await rig.stored() == []

    signing(story)
