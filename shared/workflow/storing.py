"""Storing signed attestations, and reading each one back before it counts.

A note has room for one attestation of each resource. Where one stands that proves nothing (its key was taken off the
attestor, or somebody forged it), our signature is added to it, if its payload says what ours would: then its bytes are
signed. If the service takes no further signature, or the payload says anything else, it stays as it is, unless
configuration allows to delete it first: an image then has no attestation for a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from shared.clients.attestations import Attestations
from shared.clients.gathering import all_of, settle_all
from shared.domain.attestation import Attestation, Occurrence, Signature, StoredAttestation, prove
from shared.domain.attestors import Attestor
from shared.domain.errors import Fault, Rejected, Unavailable
from shared.domain.image import Digest, PinnedImage
from shared.domain.payload import attested_digest, payload, says_the_same
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


@dataclass(frozen=True, slots=True)
class Storing:
    """For which attestor and where attestations are stored, and how an image is signed once more, over given bytes."""

    attestor: Attestor
    attestations: Attestations
    sign: Callable[[PinnedImage, bytes], Awaitable[Attestation]]
    replacing: Replacing


@dataclass(frozen=True, slots=True)
class _Written:
    """An occurrence that was made, or to which a signature was added, and is to be read back."""

    image: PinnedImage
    name: str
    added: Signature | None = None


async def store_all(signed: Sequence[Signed], storing: Storing) -> list[StoredAttestation]:
    """Store up to `BATCH` attestations and prove each from what is read back.

    Raises:
        Unavailable: one is not stored, or not to be seen yet; those that are stored count next time.
    """
    attestor, attestations = storing.attestor, storing.attestations
    fresh = {each.image: each for each in signed if each.blocking is None}
    names = await attestations.create_all([each.attestation for each in fresh.values()])
    created = [_Written(image, name) for image, name in zip(fresh, names, strict=True) if name is not None]
    known = [image for image, name in zip(fresh, names, strict=True) if name is None]
    looks = await _look_again(known, attestor, attestations)
    barred = [each for each in signed if each.blocking is not None]
    barred += [replace(fresh[look.image], blocking=_blocking(look)) for look in looks if look.proof is None]
    mended = await settle_all(_mend(each, storing) for each in barred)
    written = created + [each for each in mended if not isinstance(each, Unavailable)]
    proofs = await _read_back(written, attestor, attestations)
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


def _blocking(look: Look) -> Occurrence | None:
    """Say what is in the way of an image of which the service said that it has an attestation already."""
    return look.blocking or look.otherwise_spelt


async def _mend(signed: Signed, storing: Storing) -> _Written:
    """Make the attestation in our way prove the image, or replace it."""
    image, ours = signed.image, signed.attestation
    theirs = await _current(signed, storing.attestations)
    if theirs.attestation.payload != ours.payload and says_the_same(theirs.attestation.payload, image):
        ours = await storing.sign(image, theirs.attestation.payload)
    (signature,) = ours.signatures
    if theirs.attestation.payload == ours.payload and await storing.attestations.add_signature(theirs, signature):
        return _Written(image, theirs.name, signature)
    if storing.replacing is Replacing.NEVER:
        raise _in_the_way(theirs, image)
    return await _replace(theirs, replace(signed, attestation=ours), storing)


async def _current(signed: Signed, attestations: Attestations) -> Occurrence:
    """Read what is in the way as it is now: an update writes all signatures, and others may have added theirs.

    Between this read and the update is still room for a race, as the service has no etag; a signature that is lost in
    it is made again with the next delivery.
    """
    theirs = signed.blocking
    if theirs is None:
        what = f"{signed.image} has an attestation already, which is not listed yet"
        raise Unavailable(Fault.NOT_VISIBLE_YET, what)
    current = await attestations.get(theirs.name)
    if current is None:
        what = f"{theirs.name}, in the way of {signed.image}, cannot be read yet, or is gone again"
        raise Unavailable(Fault.NOT_VISIBLE_YET, what)
    return current


async def _replace(theirs: Occurrence, signed: Signed, storing: Storing) -> _Written:
    """Delete what is in the way, and store our own: gcloud's bytes, whatever the other's were."""
    image, ours = signed.image, signed.attestation
    if ours.payload != payload(image):
        ours = await storing.sign(image, payload(image))
    await storing.attestations.delete(theirs.name)
    (name,) = await storing.attestations.create_all([ours])
    if name is None:
        raise Unavailable(Fault.LOST_RACE, f"{image}: {theirs.name} was deleted, and another stands in its place")
    return _Written(image, name)


def _in_the_way(theirs: Occurrence, image: PinnedImage) -> Unavailable:
    """Say why it stays, and what a person can do."""
    data, fault = theirs.attestation.payload, Fault.UNPROVEN
    if says_the_same(data, image):
        why = "which no key of the attestor verifies, and which takes no signature of ours"
    elif (named := _named(data)) == image.digest:
        why = "whose payload names the image in other words than ours, so that no signature of ours goes under it"
    else:
        fault = Fault.PAYLOAD_OF_ANOTHER_IMAGE
        why = f"whose payload names {named or 'no image'}, so that no signature of ours goes under it"
    out = "delete it, or set PRODGATE_REPLACE_ATTESTATIONS"
    return Unavailable(fault, f"{image} has the attestation {theirs.name}, {why}; {out}")


def _named(data: bytes) -> Digest | None:
    try:
        return attested_digest(data)
    except Rejected:
        return None


async def _read_back(
    written: Sequence[_Written], attestor: Attestor, attestations: Attestations
) -> list[StoredAttestation]:
    """Find what was written as anybody would, and read by its name what is not listed yet."""
    images = [each.image for each in written]
    looks = await find_proofs(images, attestor, attestations, is_told=False) if written else []
    unseen = [each for each, look in zip(written, looks, strict=True) if look.proof is None]
    read = all_of(await settle_all(_read(each, attestor, attestations) for each in unseen))
    return [look.proof for look in looks if look.proof is not None] + read


async def _read(written: _Written, attestor: Attestor, attestations: Attestations) -> StoredAttestation:
    """Read an occurrence until it proves the image."""
    proof = await _proof(written, attestor, attestations)
    for pause_s in _LOOK_AGAIN_S:
        if isinstance(proof, StoredAttestation):
            return proof
        await asyncio.sleep(pause_s)
        proof = await _proof(written, attestor, attestations)
    (found,) = all_of([proof])
    return found


async def _proof(written: _Written, attestor: Attestor, attestations: Attestations) -> StoredAttestation | Unavailable:
    image, name = written.image, written.name
    occurrence = await attestations.get(name)
    if occurrence is None:
        return Unavailable(Fault.NOT_VISIBLE_YET, f"{name}, stored for {image}, cannot be read yet, or is gone again")
    proof = prove(occurrence, image, attestor)
    if isinstance(proof, StoredAttestation):
        return proof
    if written.added is not None and written.added not in occurrence.attestation.signatures:
        what = f"{name} does not show yet that our signature was added to it, for {image}"
        return Unavailable(Fault.NOT_VISIBLE_YET, what)
    return Unavailable(proof.fault, f"{name}, read back, does not attest {image}: {proof.why}")
