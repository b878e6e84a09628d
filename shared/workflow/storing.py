"""Storing signed attestations, and reading each one back before it counts.

A note has room for one attestation of each resource. Where one stands that proves nothing (its key was taken off the
attestor, or somebody forged it), our signature is added to it, if it is over the same payload. If the service takes no
further signature, or the payload is another, it stays as it is, unless configuration allows to delete it first: an
image then has no attestation for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from shared.clients.attestations import Attestations
from shared.clients.gathering import all_of, settle_all
from shared.domain.attestation import Attestation, Occurrence, StoredAttestation, prove
from shared.domain.attestors import Attestor
from shared.domain.errors import Fault, Unavailable
from shared.domain.image import PinnedImage
from shared.workflow.proofs import Look, find_proofs

# Before each further look at what was stored: reads may lag writes by some seconds (grafeas/kritis, pull 414); what is
# not to be seen after these is looked for by the next delivery.
_LOOK_AGAIN_S: Final = (0.1, 0.3, 0.6)


class Replacing(StrEnum):
    """What may be done with an attestation that proves nothing and takes no further signature."""

    NEVER = "never"
    DELETE_AND_CREATE = "delete-and-create"


@dataclass(frozen=True, slots=True)
class Signed:
    """An attestation to be stored, verified already, and what stands in its place."""

    image: PinnedImage
    attestation: Attestation
    blocking: Occurrence | None = None


async def store_all(
    signed: Sequence[Signed], attestor: Attestor, attestations: Attestations, *, replacing: Replacing
) -> list[StoredAttestation]:
    """Store up to `BATCH` attestations and prove each from what is read back.

    Raises:
        Unavailable: one is not stored, or not to be seen yet; those that are stored count next time.
    """
    fresh = {each.image: each for each in signed if each.blocking is None}
    names = await attestations.create_all([each.attestation for each in fresh.values()])
    created = [(image, name) for image, name in zip(fresh, names, strict=True) if name is not None]
    known = [image for image, name in zip(fresh, names, strict=True) if name is None]
    looks = await _look_again(known, attestor, attestations)
    barred = [each for each in signed if each.blocking is not None]
    barred += [replace(fresh[look.image], blocking=look.blocking) for look in looks if look.proof is None]
    mended = await settle_all(_mend(each, attestations, replacing) for each in barred)
    replaced = [(e.image, name) for e, name in zip(barred, mended, strict=True) if not isinstance(name, Unavailable)]
    proofs = await _read_back(created + replaced, attestor, attestations)
    all_of(mended)
    return [look.proof for look in looks if look.proof is not None] + proofs


async def _look_again(images: Sequence[PinnedImage], attestor: Attestor, attestations: Attestations) -> list[Look]:
    """Look for what stood there already: somebody stored it since our look, or our own reply was lost."""
    looks = await find_proofs(images, attestor, attestations) if images else []
    for pause_s in _LOOK_AGAIN_S:
        if all(look.proof or look.blocking for look in looks):
            break
        await asyncio.sleep(pause_s)
        looks = await find_proofs(images, attestor, attestations)
    return looks


async def _mend(signed: Signed, attestations: Attestations, replacing: Replacing) -> str:
    """Make the attestation in our way prove the image, or replace it; answer the occurrence's name."""
    image, ours, theirs = signed.image, signed.attestation, signed.blocking
    if theirs is None:
        what = f"{image} has an attestation already, which is not listed yet"
        raise Unavailable(Fault.NOT_VISIBLE_YET, what)
    if theirs.attestation.payload == ours.payload and await attestations.add_signature(theirs, ours.signatures[0]):
        return theirs.name
    if replacing is Replacing.NEVER:
        why = "which no key of the attestor verifies, and which takes no signature of ours"
        what = f"{image} has the attestation {theirs.name}, {why}"
        raise Unavailable(Fault.UNPROVEN, f"{what}; delete it, or set PRODGATE_REPLACE_ATTESTATIONS")
    await attestations.delete(theirs.name)
    (name,) = await attestations.create_all([ours])
    if name is None:
        raise Unavailable(Fault.LOST_RACE, f"{image}: {theirs.name} was deleted, and another stands in its place")
    return name


async def _read_back(
    stored: Sequence[tuple[PinnedImage, str]], attestor: Attestor, attestations: Attestations
) -> list[StoredAttestation]:
    """Find what was stored as anybody would, and read by its name what is not listed yet."""
    looks = await find_proofs([image for image, _ in stored], attestor, attestations) if stored else []
    unseen = [(image, name) for (image, name), look in zip(stored, looks, strict=True) if look.proof is None]
    read = all_of(await settle_all(_read(image, name, attestor, attestations) for image, name in unseen))
    return [look.proof for look in looks if look.proof is not None] + read


async def _read(image: PinnedImage, name: str, attestor: Attestor, attestations: Attestations) -> StoredAttestation:
    """Read an occurrence until it proves the image."""
    proof = await _proof(image, name, attestor, attestations)
    for pause_s in _LOOK_AGAIN_S:
        if isinstance(proof, StoredAttestation):
            return proof
        await asyncio.sleep(pause_s)
        proof = await _proof(image, name, attestor, attestations)
    (found,) = all_of([proof])
    return found


async def _proof(
    image: PinnedImage, name: str, attestor: Attestor, attestations: Attestations
) -> StoredAttestation | Unavailable:
    occurrence = await attestations.get(name)
    if occurrence is None:
        return Unavailable(Fault.NOT_VISIBLE_YET, f"{name}, stored for {image}, cannot be read yet, or is gone again")
    proof = prove(occurrence, image, attestor)
    if isinstance(proof, StoredAttestation):
        return proof
    return Unavailable(proof.fault, f"{name}, read back, does not attest {image}: {proof.why}")
