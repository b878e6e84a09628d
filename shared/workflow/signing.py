"""Signing: prove that images are attested, and make the attestations that are missing.

Order, so that nothing is ever called attested that is not: look for proof; sign what has none; verify the signature
with the attestor's own key; let Binary Authorization verify it; store it; read it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import gather_all, together
from shared.clients.kms import Signer
from shared.domain.attestation import (
    Attestation,
    Signature,
    StoredAttestation,
    Unproven,
    prove,
    trusted_key,
)
from shared.domain.attestors import Attestor, SigningKey, signing_key
from shared.domain.errors import Fault, Unavailable
from shared.domain.image import PinnedImage
from shared.domain.payload import PayloadForm, payload
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
    form: PayloadForm = PayloadForm.JSON


@dataclass(frozen=True, slots=True)
class Proven:
    """The proof for each image, and how many of them were signed only now."""

    proofs: tuple[StoredAttestation, ...]
    signed: int


@dataclass(frozen=True, slots=True)
class SigningParty:
    """Who attests: the attestor, the key that signs for it, and in which form."""

    attestor: Attestor
    key: SigningKey
    form: PayloadForm


async def signing_party(suite: SuiteSettings, cloud: SigningCloud) -> SigningParty:
    """Read a suite's attestor and its key version, which must be fit to sign for it.

    Raises:
        Unavailable: one of them cannot be read, or the key may not sign for the attestor.
    """
    async with together() as group:
        knowing = group.create_task(cloud.binauthz.attestor(suite.attestor))
        asking = group.create_task(cloud.signer.key_version(suite.key_version))
    attestor = knowing.result()
    return SigningParty(attestor, signing_key(asking.result(), attestor), cloud.form)


async def prove_all(images: Sequence[PinnedImage], party: SigningParty, cloud: SigningCloud) -> Proven:
    """Prove that each image is attested; what has no proof yet is signed and stored first.

    Raises:
        Unavailable: an image cannot be proven now; whatever is stored already counts next time.
    """
    found = await gather_all(find_proof(image, party.attestor, cloud.attestations) for image in images)
    missing = [image for image, proof in zip(images, found, strict=True) if proof is None]
    made = await gather_all(_attest(image, party, cloud) for image in missing)
    return Proven(tuple(proof for proof in (*found, *made) if proof is not None), len(made))


async def _attest(image: PinnedImage, party: SigningParty, cloud: SigningCloud) -> StoredAttestation:
    attestation = await _signed(image, party, cloud)
    name = await cloud.attestations.create(attestation)
    if name is None:
        return await _already_there(image, party.attestor, cloud)
    proof = prove(await cloud.attestations.get(name), image, party.attestor)
    if isinstance(proof, Unproven):
        raise Unavailable(Fault.UNPROVEN, f"{name}, read back, does not attest {image}: {proof.why}")
    return proof


async def _signed(image: PinnedImage, party: SigningParty, cloud: SigningCloud) -> Attestation:
    """Sign the payload, and let both the attestor's key and Binary Authorization verify it before it is stored."""
    data = payload(image)
    signature = Signature(party.key.id, await cloud.signer.sign(party.key, party.form.signed(data)))
    attestation = Attestation(party.attestor.note, str(image), data, (signature,))
    trusted = trusted_key(attestation, image, party.attestor)
    if isinstance(trusted, Unproven):
        raise Unavailable(Fault.UNPROVEN, f"the signature by {party.key.version} is not to be trusted: {trusted.why}")
    await cloud.binauthz.require_valid(party.attestor, attestation)
    return attestation


async def _already_there(image: PinnedImage, attestor: Attestor, cloud: SigningCloud) -> StoredAttestation:
    """Somebody stored one between our look and our write, or with a key that is no longer trusted: look again."""
    proof = await find_proof(image, attestor, cloud.attestations)
    if proof is None:
        why = "has an attestation already, but none that a key of the attestor verifies (or it is not listed yet)"
        raise Unavailable(Fault.UNPROVEN, f"{image} {why}")
    return proof
