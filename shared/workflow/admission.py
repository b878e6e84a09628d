"""What attestors are proven to have attested, as admission will find it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization
from shared.clients.gathering import gather_all
from shared.domain.errors import Rejected
from shared.domain.image import Digest, ImageReference, PinnedImage
from shared.workflow.proofs import find_proofs


async def attested_by(
    attestors: Iterable[str], written: Sequence[str], binauthz: BinaryAuthorization, attestations: Attestations
) -> dict[str, frozenset[Digest]]:
    """Find out, for each attestor by resource name, which of some images as written it is proven to have attested.

    Raises:
        Unavailable: an attestor cannot be read or trusts no key, or attestations cannot be listed.
    """
    images = [image for image in map(_pinned, dict.fromkeys(written)) if image is not None]
    read = await gather_all(binauthz.attestor(name) for name in attestors)
    looks = await gather_all(find_proofs(images, attestor, attestations) for attestor in read)
    return {
        attestor.name: frozenset(look.image.digest for look in found if look.proof is not None)
        for attestor, found in zip(read, looks, strict=True)
    }


def _pinned(written: str) -> PinnedImage | None:
    try:
        return ImageReference.parse(written).pinned()
    except Rejected:
        return None
