"""Attestations: the exact bytes that are signed, and what counts as proof that an image is attested.

Rules:
* The payload is gcloud's, byte for byte (`gcloud container binauthz create-signature-payload`, since SDK 248): two
  blanks of indent, sorted keys, ASCII, one final newline.
* An attestation counts only if its payload is of this type and names this digest, it hangs on the attestor's own note,
  and one of its signatures verifies with a key that is on the attestor *now*. A key id is a hint, never proof.
* Digests decide, names do not: Binary Authorization matches an attestation by digest alone
  (cloud.google.com/binary-authorization/docs/key-concepts).
* A `StoredAttestation` can only be made by `prove`, from an occurrence that was read back. So "marked attested, nothing
  signed" is a type error here.
"""

from __future__ import annotations

import json
from dataclasses import InitVar, dataclass
from operator import attrgetter
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.events import ReportedCompletion, TestPassed, canonical
from shared.domain.image import Digest, PinnedImage
from shared.domain.strict_json import Fields, read_object

PAYLOAD_TYPE: Final = "Google cloud binauthz container signature"
KEY_ID_PREFIX: Final = "//cloudkms.googleapis.com/v1/"
ECDSA_P256_SHA256: Final = "ECDSA_P256_SHA256"  # binaryauthorization.v1 PkixPublicKey.SignatureAlgorithm
_TEXT_CHARACTERS: Final = 1024
_SEAL: Final = object()


@dataclass(frozen=True, slots=True)
class AttestorKey:
    """A public key on an attestor: the id that signatures name, the PEM, and Binary Authorization's algorithm name."""

    id: str
    pem: str
    algorithm: str

    def verifies(self, signature: bytes, payload: bytes) -> bool:
        """Whether the signature over the payload is this key's; False for a key of any other algorithm or form."""
        if self.algorithm != ECDSA_P256_SHA256:
            return False
        try:
            key = load_pem_public_key(self.pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            return False
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            return False
        try:
            key.verify(signature, payload, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Attestor:
    """A Binary Authorization attestor: its resource name, its note, and the keys that it trusts now."""

    name: str
    note: str
    keys: tuple[AttestorKey, ...]

    def key(self, key_id: str) -> AttestorKey | None:
        """The key of an id, or None where the attestor does not trust it."""
        return next((key for key in self.keys if key.id == key_id), None)


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
    """Why an occurrence proves nothing, in words."""

    why: str


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


def payload(image: PinnedImage) -> bytes:
    """Write the bytes that an attestation of this image signs, exactly as gcloud does."""
    document = {
        "critical": {
            "identity": {"docker-reference": str(image.name)},
            "image": {"docker-manifest-digest": image.digest},
            "type": PAYLOAD_TYPE,
        }
    }
    text = json.dumps(document, ensure_ascii=True, indent=2, separators=(",", ": "), sort_keys=True)
    return f"{text}\n".encode()


def key_id(key_version: str) -> str:
    """Name a Cloud KMS key version as gcloud names it on attestors and signatures."""
    return KEY_ID_PREFIX + key_version


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
        signed = _signed_digest(attestation.payload)
    except Rejected as error:
        return Unproven(error.detail)
    if signed != image.digest:
        return Unproven(f"its payload names {signed}, not {image.digest}")
    for signature in attestation.signatures:
        key = attestor.key(signature.key_id)
        if key is not None and key.verifies(signature.value, attestation.payload):
            return key
    return Unproven(f"none of its {len(attestation.signatures)} signatures is by a key of {attestor.name}")


def _signed_digest(data: bytes) -> Digest:
    """Read which digest a payload names.

    Raises:
        Rejected: the bytes are no simple-signing payload of Binary Authorization's type.
    """
    critical = read_object("the payload", data).child("critical")
    _require_type(critical)
    return critical.child("image").parsed("docker-manifest-digest", Digest, most=_TEXT_CHARACTERS)


def _require_type(critical: Fields) -> None:
    found = critical.text("type", most=_TEXT_CHARACTERS)
    if found != PAYLOAD_TYPE:
        critical.refuse("type", f"is {shown(found)}, not {PAYLOAD_TYPE!r}")
