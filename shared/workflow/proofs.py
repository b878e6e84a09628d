"""Looking for attestations that count."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from shared.clients.attestations import Attestations
from shared.domain.attestation import Occurrence, StoredAttestation, prove
from shared.domain.attestors import Attestor
from shared.domain.image import PinnedImage
from shared.domain.vocabulary import LogEvent

_SCHEME: Final = re.compile(r"\A(?:[a-z]+:)?//", re.ASCII)  # gcloud's until SDK 424, Voucher's and Kritis' still
LOG: Final = logging.getLogger("prodgate.proofs")


@dataclass(frozen=True, slots=True)
class Look:
    """What was found for an image: the proof; or, where there is none, what stands in the place of a new attestation.

    A note has room for one attestation of each resource; one that proves nothing keeps a good one out. Whether one
    whose resource has a scheme (`https://…`) does so too is documented nowhere: it is `otherwise_spelt`.
    """

    image: PinnedImage
    proof: StoredAttestation | None
    blocking: Occurrence | None = None
    otherwise_spelt: Occurrence | None = None


async def find_proofs(
    images: Sequence[PinnedImage], attestor: Attestor, attestations: Attestations, *, is_told: bool = True
) -> list[Look]:
    """Look for an attestation that proves each image attested; those that prove nothing are named in the log.

    `is_told`: not so for what was stored a moment ago, of which a list may show what it was before.

    Raises:
        Unavailable: they cannot be listed.
    """
    found = await attestations.find_all(attestor.note, list(dict.fromkeys(image.digest for image in images)))
    return [_look(image, found[image.digest], attestor, is_told=is_told) for image in images]


def _look(image: PinnedImage, occurrences: Iterable[Occurrence], attestor: Attestor, *, is_told: bool) -> Look:
    blocking = otherwise_spelt = None
    for occurrence in occurrences:
        proof = prove(occurrence, image, attestor)
        if isinstance(proof, StoredAttestation):
            return Look(image, proof)
        if is_told:
            LOG.warning("%s does not count: %s", occurrence.name, proof.why, extra={"event": LogEvent.PROOF_REFUSED})
        resource = occurrence.attestation.resource_uri
        if resource == str(image):
            blocking = occurrence
        elif _SCHEME.sub("", resource) == str(image):
            otherwise_spelt = occurrence
    return Look(image, None, blocking, otherwise_spelt)
