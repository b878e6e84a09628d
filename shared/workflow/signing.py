"""Signing: prove that images are attested, and make the attestations that are missing.

Order, so that nothing is ever called attested that is not: look for proof; sign what has none; verify the signature
with the attestor's own key; let Binary Authorization verify it; store it; read it back. What one image lacks never
holds up another: whatever could be signed is stored, and only then the first failure is raised, so that each delivery
of a large release brings it further. Only a quota that is spent ends the signing: each further image would ask for it,
wait and be refused, until the event's own time is up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shared.clients.attestations import BATCH, Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import all_of, settle_all, together
from shared.clients.kms import Signer
from shared.domain.attestation import Attestation, Signature, StoredAttestation, Unproven, trusted_key
from shared.domain.attestors import Attestor, SigningKey, key_id, signing_key
from shared.domain.errors import Unavailable
from shared.domain.image import PinnedImage
from shared.domain.payload import PayloadForm, payload, says_the_same
from shared.workflow.proofs import Look, find_proofs
from shared.workflow.quota import Quota
from shared.workflow.storing import Replacing, Signed, Storing, store_all

_SIGNED_AT_ONCE: Final = 128  # images of one batch: a batch takes one round of calls, not two
_BATCHES_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class SuiteSettings:
    """What a suite's success makes: an attestation by this attestor, signed with this KMS key version."""

    attestor: str
    key_version: str


@dataclass(frozen=True, slots=True)
class SigningSettings:
    """In which form payloads are signed, and whether an attestation that cannot be mended may be deleted."""

    form: PayloadForm = PayloadForm.JSON
    replacing: Replacing = Replacing.NEVER


@dataclass(frozen=True, slots=True)
class SigningCloud:
    """What signing needs of the world."""

    settings: SigningSettings
    binauthz: BinaryAuthorization
    attestations: Attestations
    signer: Signer


@dataclass(frozen=True, slots=True)
class SigningParty:
    """Who attests: the attestor, and the key that signs for it."""

    attestor: Attestor
    key: SigningKey


@dataclass(frozen=True, slots=True)
class Proven:
    """The proof for each image, and how many of them were signed only now."""

    proofs: tuple[StoredAttestation, ...]
    signed: int


async def signing_party(suite: SuiteSettings, cloud: SigningCloud) -> SigningParty:
    """Read a suite's attestor and its key version, which must be fit to sign for it.

    Raises:
        Unavailable: one of them cannot be read, or the key may not sign for the attestor.
    """
    async with together() as group:
        knowing = group.create_task(cloud.binauthz.attestor(suite.attestor, trusting=key_id(suite.key_version)))
        asking = group.create_task(cloud.signer.key_version(suite.key_version))
    attestor = knowing.result()
    return SigningParty(attestor, signing_key(asking.result(), attestor))


async def prove_all(images: Sequence[PinnedImage], party: SigningParty, cloud: SigningCloud) -> Proven:
    """Prove that each image is attested; what has no proof yet is signed and stored first.

    Raises:
        Unavailable: an image cannot be proven now; whatever is stored already counts next time.
    """
    return await prove_found(await find_proofs(images, party.attestor, cloud.attestations), party, cloud)


async def prove_found(looks: Sequence[Look], party: SigningParty, cloud: SigningCloud) -> Proven:
    """Prove that each image is attested, of which was looked what there is; the rest is signed and stored.

    Raises:
        Unavailable: an image cannot be proven now; whatever is stored already counts next time.
    """
    missing = [look for look in looks if look.proof is None]
    batches = [missing[start : start + BATCH] for start in range(0, len(missing), BATCH)]
    quota = Quota()
    made = await settle_all((_attest(batch, party, cloud, quota) for batch in batches), at_once=_BATCHES_AT_ONCE)
    new = [proof for proofs in all_of(made) for proof in proofs]
    return Proven(tuple(look.proof for look in looks if look.proof is not None) + tuple(new), len(new))


async def _attest(
    missing: Sequence[Look], party: SigningParty, cloud: SigningCloud, quota: Quota
) -> list[StoredAttestation]:
    """Sign and store a batch; what could not be signed is raised after the others are stored."""
    signed = await settle_all((_signed(look, party, cloud, quota) for look in missing), at_once=_SIGNED_AT_ONCE)
    ready = [each for each in signed if not isinstance(each, Unavailable)]
    storing = Storing(
        party.attestor,
        cloud.attestations,
        lambda image, data: _attestation(image, data, party, cloud),
        cloud.settings.replacing,
    )
    stored = await quota.watch(store_all(ready, storing))
    all_of(signed)
    return stored


async def _signed(look: Look, party: SigningParty, cloud: SigningCloud, quota: Quota) -> Signed:
    attestation = await quota.spend(_attestation(look.image, _payload(look), party, cloud))
    return Signed(look.image, attestation, look.blocking)


def _payload(look: Look) -> bytes:
    """Answer gcloud's bytes, or those of an attestation in the way that say the same: our signature goes under them."""
    if look.blocking is not None and says_the_same(theirs := look.blocking.attestation.payload, look.image):
        return theirs
    return payload(look.image)


async def _attestation(image: PinnedImage, data: bytes, party: SigningParty, cloud: SigningCloud) -> Attestation:
    """Sign a payload, and let both the attestor's key and Binary Authorization verify it before it is stored."""
    value = await cloud.signer.sign(party.key, cloud.settings.form.signed(data))
    attestation = Attestation(party.attestor.note, str(image), data, (Signature(party.key.id, value),))
    trusted = trusted_key(attestation, image, party.attestor)
    if isinstance(trusted, Unproven):
        raise Unavailable(trusted.fault, f"the signature by {party.key.version} is not to be trusted: {trusted.why}")
    await cloud.binauthz.require_valid(party.attestor, attestation)
    return attestation
