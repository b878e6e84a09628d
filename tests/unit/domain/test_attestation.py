"""Attestations: every way in which an occurrence proves nothing, and what is made of proof."""

from __future__ import annotations

import dataclasses
import json

import pytest

from shared.domain import limits
from shared.domain.attestation import (
    Attestation,
    AttestationComplete,
    Occurrence,
    Signature,
    StoredAttestation,
    Unproven,
    prove,
    trusted_key,
)
from shared.domain.errors import Fault, Reason, Rejected
from shared.domain.events import ReportedCompletion, TestPassed
from shared.domain.image import PinnedImage
from shared.domain.payload import payload
from tests.unit.domain.material import (
    ATTESTOR_NAME,
    COMMIT,
    KEY_ID,
    NAME,
    NOTE,
    PINNED,
    RUN,
    A,
    B,
    Signer,
    attestor,
    occurrence,
    proof,
    reason_of,
)

TESTED = TestPassed("qa", "mdo/environments", COMMIT, RUN, None)


def test_an_occurrence_signed_by_the_attestor_s_key_is_proof() -> None:
    """This is the one way to a StoredAttestation, and it says by which key and in which occurrence."""
    signer = Signer()

    found = prove(occurrence(signer), PINNED, attestor(signer.public))

    assert isinstance(found, StoredAttestation)
    assert (found.image, found.attestor, found.occurrence, found.key_id) == (
        PINNED,
        ATTESTOR_NAME,
        "projects/gate/occurrences/1",
        KEY_ID,
    )


def test_the_same_digest_under_another_name_is_proof() -> None:
    """Binary Authorization matches by digest alone: a copied image keeps its attestation."""
    signer = Signer()
    stored = occurrence(signer, PinnedImage.parse(f"gcr.io/other/copy@{A}"))

    assert isinstance(prove(stored, PINNED, attestor(signer.public)), StoredAttestation)


def test_a_payload_of_other_blanks_is_proof() -> None:
    """Others sign compact JSON; what counts is what it says, and that it is signed."""
    signer = Signer()
    compact = json.dumps(json.loads(payload(PINNED))).encode()

    assert isinstance(prove(occurrence(signer, PINNED, compact), PINNED, attestor(signer.public)), StoredAttestation)


def test_one_good_signature_among_others_is_proof() -> None:
    """After a rotation an occurrence may hold a signature by a key that is gone."""
    old, new = Signer("old"), Signer("new")
    data = payload(PINNED)
    two = Attestation(NOTE, str(PINNED), data, (old.sign(data), Signature("new", b"bad"), new.sign(data)))

    assert trusted_key(two, PINNED, attestor(new.public)) == new.public


SIGNER = Signer()
STORED = occurrence(SIGNER).attestation
OTHER = PinnedImage.parse(f"{NAME}@{B}")


def _signed(data: bytes) -> Attestation:
    return dataclasses.replace(STORED, payload=data, signatures=(SIGNER.sign(data),))


def _edited(old: str, new: str) -> Attestation:
    data = payload(PINNED).decode()
    assert old in data
    return _signed(data.replace(old, new).encode())


NO_PROOF = {
    "another note": (
        dataclasses.replace(STORED, note="projects/gate/notes/evil"),
        f"it hangs on projects/gate/notes/evil, not on the attestor's note {NOTE}",
    ),
    "another resource": (
        dataclasses.replace(STORED, resource_uri=f"{NAME}@{B}"),
        f"it is about '{NAME}@{B}', not about {A}",
    ),
    "a resource by tag": (dataclasses.replace(STORED, resource_uri=f"{NAME}:{A}"), f"not about {A}"),
    "a resource that goes on": (dataclasses.replace(STORED, resource_uri=f"{STORED.resource_uri}/x"), "not about"),
    "another digest in the payload": (_signed(payload(OTHER)), f"its payload names {B}, not {A}"),
    "a tag in the payload": (_edited(A, "latest"), "is no digest"),
    "another type of payload": (_edited("Google cloud binauthz", "cosign"), "type is 'cosign container signature'"),
    "Google's own misspelt type": (_edited("cloud binauthz", "Cloud BinAuthz"), "not 'Google cloud binauthz"),
    "a digest twice": (
        _edited('"docker-manifest-digest":', f'"docker-manifest-digest": "{B}",\n      "docker-manifest-digest":'),
        "appears twice",
    ),
    "no payload": (_signed(b""), "is not strict JSON"),
    "a payload of nothing": (_signed(b"{}"), "critical is missing"),
    "no signature": (
        dataclasses.replace(STORED, signatures=()),
        f"none of its 0 signatures is by a key of {ATTESTOR_NAME}",
    ),
    "an empty signature": (dataclasses.replace(STORED, signatures=(Signature(KEY_ID, b""),)), "none of its 1"),
    "a signature of something else": (
        dataclasses.replace(STORED, signatures=(SIGNER.sign(b"something else"),)),
        "none of its 1",
    ),
    "a signature by a stranger under our key's id": (
        dataclasses.replace(STORED, signatures=(Signer(KEY_ID).sign(STORED.payload),)),
        "none of its 1",
    ),
    "a signature by us under a stranger's id": (
        dataclasses.replace(STORED, signatures=(Signature("x", SIGNER.sign(STORED.payload).value),)),
        "none of its 1",
    ),
    "a payload that changed after signing": (
        dataclasses.replace(STORED, payload=STORED.payload + b" "),
        "none of its 1",
    ),
}


@pytest.mark.parametrize("case", NO_PROOF)
def test_an_occurrence_proves_nothing_if_any_of_it_is_not_right(case: str) -> None:
    """Each of these was stored by somebody who could write occurrences, and must not open prod's door."""
    attestation, why = NO_PROOF[case]

    found = prove(Occurrence("projects/gate/occurrences/1", attestation), PINNED, attestor(SIGNER.public))

    assert isinstance(found, Unproven)
    assert why in found.why


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        ("another note", Fault.UNPROVEN),
        ("another resource", Fault.UNPROVEN),
        ("no payload", Fault.UNPROVEN),
        ("another digest in the payload", Fault.PAYLOAD_OF_ANOTHER_IMAGE),
        ("a signature by a stranger under our key's id", Fault.SIGNATURE_NOT_OURS),
        ("no signature", Fault.SIGNATURE_NOT_OURS),
    ],
)
def test_what_is_wrong_with_it_has_a_name(case: str, fault: Fault) -> None:
    """Where it should have been proof, the alert and the runbook go by that name."""
    found = trusted_key(NO_PROOF[case][0], PINNED, attestor(SIGNER.public))

    assert isinstance(found, Unproven)
    assert found.fault is fault


def test_an_attestor_without_keys_trusts_nothing() -> None:
    """A rotated-out key proves nothing any more: the attestor's keys of now decide."""
    found = prove(occurrence(SIGNER), PINNED, attestor())

    assert found == Unproven(f"none of its 1 signatures is by a key of {ATTESTOR_NAME}", Fault.SIGNATURE_NOT_OURS)


def test_a_stored_attestation_cannot_be_made_elsewhere() -> None:
    """An image marked as attested of which nothing was signed must be a type error, not a later surprise."""
    with pytest.raises(TypeError, match=r"made by prove\(\) alone"):
        StoredAttestation(PINNED, ATTESTOR_NAME, "occurrence", KEY_ID, seal=object())


def test_a_stored_attestation_cannot_be_turned_into_another_s() -> None:
    """Proof for one image must not become proof for the next by replacing a field."""
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(proof(), image=OTHER)  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        proof().image = OTHER  # type: ignore[misc]


def test_without_proof_there_is_no_completion() -> None:
    """A commit whose images need no attestation would otherwise count as attested."""
    with pytest.raises(Rejected) as caught:
        AttestationComplete(TESTED, ())

    assert reason_of(caught) == (Reason.NOTHING_TO_ATTEST, f"no image at {COMMIT} needs an attestation")


def test_a_completion_is_written_sorted_and_reads_back() -> None:
    """The same proofs make the same bytes, so that the event's id is stable over replays."""
    proofs = (proof(OTHER), proof())
    complete = AttestationComplete(TESTED, proofs)

    assert complete.data() == AttestationComplete(TESTED, proofs[::-1]).data()
    reported = ReportedCompletion.parse(complete.data())
    assert [row.digest for row in reported.images] == [A, B]
    assert (reported.suite, reported.repository, reported.commit, reported.run) == (
        "qa",
        "mdo/environments",
        COMMIT,
        RUN,
    )
    assert {(str(row.image), row.attestor, row.occurrence) for row in reported.images} == {
        (NAME, ATTESTOR_NAME, "projects/gate/occurrences/1")
    }


def test_a_release_too_large_for_one_message_is_complete_without_its_list() -> None:
    """open_prod_pr looks for itself; an event that it would refuse as too large would stop the release for nothing."""
    complete = AttestationComplete(TESTED, (proof(),) * 700)

    data = complete.data()

    assert len(data) <= limits.MESSAGE_BYTES
    assert ReportedCompletion.parse(data).images == ()
    assert ReportedCompletion.parse(data).commit == COMMIT
