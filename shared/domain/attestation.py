"""Attestations: what counts as proof that an image is attested.

Rules:
* An attestation counts only if its payload is of this type and names this digest, it hangs on the attestor's own note,
  and one of its signatures verifies with a key that is on the attestor *now*.
* Digests decide, names do not: Binary Authorization matches an attestation by digest alone
  (cloud.google.com/binary-authorization/docs/key-concepts).
* A `StoredAttestation` can only be made by `prove`, from an occurrence that was read back. So "marked attested, nothing
  signed" is a type error here.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from operator import attrgetter
from typing import Final

from shared.domain import limits
from shared.domain.attestors import Attestor, AttestorKey
from shared.domain.errors import Fault, Reason, Rejected, shown
from shared.domain.events import ReportedCompletion, TestPassed, canonical
from shared.domain.image import PinnedImage
from shared.domain.payload import attested_digest

_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of an occurrence."""

    key_id: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Attestation:
    """A signed statement about an image, stored or not. Nothing about it is believed yet."""

    note: str
    resource_uri: str
    payload: bytes
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An attestation as Container Analysis stores it, under the name that it gave: made by reading only."""

    name: str
    attestation: Attestation


@dataclass(frozen=True, slots=True)
class Unproven:
    """Why an occurrence proves nothing, in words, and by its name where it should have."""

    why: str
    fault: Fault = Fault.UNPROVEN


@dataclass(frozen=True, slots=True)
class StoredAttestation:
    """Proof: this image is attested by this attestor, in an occurrence that was read back and verified."""

    image: PinnedImage
    attestor: str
    occurrence: str
    key_id: str
    seal: InitVar[object]

    def __post_init__(self, seal: object) -> None:
        """Refuse to be made anywhere but in `prove`."""
        if seal is not _SEAL:
            message = "a StoredAttestation is made by prove() alone"
            raise TypeError(message)


@dataclass(frozen=True, slots=True)
class AttestationComplete:
    """The event that a suite's attestations for a commit are stored and proven: topic `attestation-complete`.

    Raises:
        Rejected: it is made of no proof; nothing was proven, so nothing is complete.
    """

    tested: TestPassed
    proofs: tuple[StoredAttestation, ...]

    topic = ReportedCompletion.topic

    def __post_init__(self) -> None:
        """Refuse to be made of nothing."""
        if not self.proofs:
            raise Rejected(Reason.NOTHING_TO_ATTEST, f"no image at {self.tested.commit} needs an attestation")

    def data(self) -> bytes:
        """The event as canonical JSON; a release too large for one message goes without the list of its images."""
        event = {
            "repository": self.tested.repository,
            "commit": self.tested.commit,
            "suite": self.tested.suite,
            "run": self.tested.run,
        }
        whole = canonical(event | {"images": [_row(proof) for proof in sorted(self.proofs, key=attrgetter("image"))]})
        return whole if len(whole) <= limits.MESSAGE_BYTES else canonical(event)


def _row(proof: StoredAttestation) -> dict[str, str]:
    return {
        "image": str(proof.image.name),
        "digest": proof.image.digest,
        "attestor": proof.attestor,
        "occurrence": proof.occurrence,
    }


def prove(occurrence: Occurrence, image: PinnedImage, attestor: Attestor) -> StoredAttestation | Unproven:
    """Decide whether a stored occurrence proves that the attestor attested this image."""
    trusted = trusted_key(occurrence.attestation, image, attestor)
    if isinstance(trusted, Unproven):
        return trusted
    return StoredAttestation(image, attestor.name, occurrence.name, trusted.id, seal=_SEAL)


def trusted_key(attestation: Attestation, image: PinnedImage, attestor: Attestor) -> AttestorKey | Unproven:
    """Find the attestor's key by which an attestation of this image verifies, or say why none does."""
    if attestation.note != attestor.note:
        return Unproven(f"it hangs on {attestation.note}, not on the attestor's note {attestor.note}")
    if not attestation.resource_uri.endswith(f"@{image.digest}"):
        return Unproven(f"it is about {shown(attestation.resource_uri)}, not about {image.digest}")
    try:
        signed = attested_digest(attestation.payload)
    except Rejected as error:
        return Unproven(error.detail)
    if signed != image.digest:
        return Unproven(f"its payload names {signed}, not {image.digest}", Fault.PAYLOAD_OF_ANOTHER_IMAGE)
    for signature in attestation.signatures:
        key = attestor.key(signature.key_id)
        if key is not None and key.verifies(signature.value, attestation.payload):
            return key
    why = f"none of its {len(attestation.signatures)} signatures is by a key of {attestor.name}"
    return Unproven(why, Fault.SIGNATURE_NOT_OURS)
