"""Looking for attestations that count."""

from __future__ import annotations

import logging
from typing import Final

from shared.clients.attestations import Attestations
from shared.domain.attestation import StoredAttestation, prove
from shared.domain.attestors import Attestor
from shared.domain.image import PinnedImage
from shared.domain.vocabulary import LogEvent

LOG: Final = logging.getLogger("prodgate.proofs")


async def find_proof(image: PinnedImage, attestor: Attestor, attestations: Attestations) -> StoredAttestation | None:
    """Look for an attestation that proves the image attested; those that prove nothing are named in the log.

    Raises:
        Unavailable: they cannot be listed.
    """
    for occurrence in await attestations.find(attestor.note, image.digest):
        proof = prove(occurrence, image, attestor)
        if isinstance(proof, StoredAttestation):
            return proof
        LOG.warning("%s does not count: %s", occurrence.name, proof.why, extra={"event": LogEvent.PROOF_REFUSED})
    return None
