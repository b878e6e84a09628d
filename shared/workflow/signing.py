"""Signing: prove that images are attested, and make the attestations that are missing.

Order, so that nothing is ever called attested that is not: look for proof; sign what has none; verify the signature
with the attestor's own key; let Binary Authorization verify it; store it; read it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import gather_all
from shared.clients.kms import Signer
from shared.domain.attestation import (
    ECDSA_P256_SHA256,
    Attestation,
    Attestor,
    Signature,
    StoredAttestation,
    Unproven,
    key_id,
    payload,
    prove,
    trusted_key,
)
from shared.domain.errors import Fault, Unavailable
from shared.domain.image import PinnedImage
from shared.workflow.proofs import find_proof


@dataclass(frozen=True, slots=True)
class SuiteSettings:
    """What a suite's success makes: an attestation by this attestor, signed with this KMS key version."""

    attestor: str
    key_version: str


@dataclass(frozen=True, slots=True)
class SigningCloud:
    """What signing needs of the world."""

    binauthz: BinaryAuthorization
    attestations: Attestations
    signer: Signer


@dataclass(frozen=True, slots=True)
class Proven:
    """The proof for each image, and how many of them were signed only now."""

    proofs: tuple[StoredAttestation, ...]
    signed: int


async def signing_attestor(suite: SuiteSettings, cloud: SigningCloud) -> Attestor:
    """Read a suite's attestor, which must trust the key version that signs.

    Raises:
        Unavailable: it cannot be read, or trusts no such key, or one of another algorithm.
    """
    attestor = await cloud.binauthz.attestor(suite.attestor)
    _require_key(attestor, suite)
    return attestor


async def prove_all(
    images: Sequence[PinnedImage], attestor: Attestor, suite: SuiteSettings, cloud: SigningCloud
) -> Proven:
    """Prove that each image is attested; what has no proof yet is signed and stored first.

    Raises:
        Unavailable: an image cannot be proven now; whatever is stored already counts next time.
    """
    found = await gather_all(find_proof(image, attestor, cloud.attestations) for image in images)
    missing = [image for image, proof in zip(images, found, strict=True) if proof is None]
    made = await gather_all(_attest(image, attestor, suite, cloud) for image in missing)
    return Proven(tuple(proof for proof in (*found, *made) if proof is not None), len(made))


def _require_key(attestor: Attestor, suite: SuiteSettings) -> None:
    key = attestor.key(key_id(suite.key_version))
    if key is None:
        raise Unavailable(Fault.MISCONFIGURED, f"{attestor.name} does not trust {key_id(suite.key_version)}")
    if key.algorithm != ECDSA_P256_SHA256:
        raise Unavailable(Fault.MISCONFIGURED, f"{key.id}: the algorithm {key.algorithm} is not supported")


async def _attest(
    image: PinnedImage, attestor: Attestor, suite: SuiteSettings, cloud: SigningCloud
) -> StoredAttestation:
    attestation = await _signed(image, attestor, suite, cloud)
    name = await cloud.attestations.create(attestation)
    if name is None:
        return await _already_there(image, attestor, cloud)
    proof = prove(await cloud.attestations.get(name), image, attestor)
    if isinstance(proof, Unproven):
        raise Unavailable(Fault.UNPROVEN, f"{name}, read back, does not attest {image}: {proof.why}")
    return proof


async def _signed(image: PinnedImage, attestor: Attestor, suite: SuiteSettings, cloud: SigningCloud) -> Attestation:
    """Sign the payload, and let both the attestor's key and Binary Authorization verify it before it is stored."""
    data = payload(image)
    signature = Signature(key_id(suite.key_version), await cloud.signer.sign(suite.key_version, data))
    attestation = Attestation(attestor.note, str(image), data, (signature,))
    trusted = trusted_key(attestation, image, attestor)
    if isinstance(trusted, Unproven):
        raise Unavailable(Fault.UNPROVEN, f"the signature by {suite.key_version} is not to be trusted: {trusted.why}")
    await cloud.binauthz.require_valid(attestor, attestation)
    return attestation


async def _already_there(image: PinnedImage, attestor: Attestor, cloud: SigningCloud) -> StoredAttestation:
    """Somebody stored one between our look and our write, or with a key that is no longer trusted: look again."""
    proof = await find_proof(image, attestor, cloud.attestations)
    if proof is None:
        why = "has an attestation already, but none that a key of the attestor verifies (or it is not listed yet)"
        raise Unavailable(Fault.UNPROVEN, f"{image} {why}")
    return proof
