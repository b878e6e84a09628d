"""Looking for attestations that count."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from shared.clients.attestations import Attestations
from shared.domain.attestation import Occurrence, StoredAttestation, prove
from shared.domain.attestors import Attestor
from shared.domain.image import PinnedImage
from shared.domain.vocabulary import LogEvent

LOG: Final = logging.getLogger("prodgate.proofs")


@dataclass(frozen=True, slots=True)
class Look:
    """What was found for an image: the proof; or, where there is none, what stands in the place of a new attestation.

    A note has room for one attestation of each resource; one that proves nothing keeps a good one out.
    """

    image: PinnedImage
    proof: StoredAttestation | None
    blocking: Occurrence | None = None


async def find_proofs(images: Sequence[PinnedImage], attestor: Attestor, attestations: Attestations) -> list[Look]:
    """Look for an attestation that proves each image attested; those that prove nothing are named in the log.

    Raises:
        Unavailable: they cannot be listed.
    """
    found = await attestations.find_all(attestor.note, list(dict.fromkeys(image.digest for image in images)))
    return [_look(image, found[image.digest], attestor) for image in images]


def _look(image: PinnedImage, occurrences: Iterable[Occurrence], attestor: Attestor) -> Look:
    blocking = None
    for occurrence in occurrences:
        proof = prove(occurrence, image, attestor)
        if isinstance(proof, StoredAttestation):
            return Look(image, proof)
        LOG.warning("%s does not count: %s", occurrence.name, proof.why, extra={"event": LogEvent.PROOF_REFUSED})
        if occurrence.attestation.resource_uri == str(image):
            blocking = occurrence
    return Look(image, None, blocking)
