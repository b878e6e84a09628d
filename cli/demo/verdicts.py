"""What prod's admission would say now, from the policy, the attestors and the attestations that are really there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from local.world.names import PROD_PROJECT, Endpoints
from shared.clients.gathering import gather_all
from shared.domain.errors import Rejected
from shared.domain.image import ImageReference, PinnedImage
from shared.domain.policy import Verdict
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz
from shared.runtime.wiring.channel import Channels, GoogleEndpoints
from shared.workflow.environment import PolicySettings, prod_policy
from shared.workflow.proofs import find_proofs


async def admission_of(images: Sequence[str], at: Endpoints) -> list[Verdict]:
    """Decide about each image string as GKE would."""
    async with AsyncExitStack() as opened:
        channels = Channels(GoogleEndpoints(at.google, at.pubsub), opened)
        binauthz, attestations = open_binauthz(channels), open_attestations(channels, PROD_PROJECT)
        prod = await prod_policy(binauthz, PolicySettings(PROD_PROJECT, "us-central1"))
        attestors = await gather_all(binauthz.attestor(name) for name in prod.attestors)
        pinned = [image for image in map(_pinned, images) if image is not None]
        attested = {}
        for attestor in attestors:
            looks = await find_proofs(pinned, attestor, attestations)
            attested[attestor.name] = {look.image.digest for look in looks if look.proof is not None}
        return [prod.judge(image, attested) for image in images]


def _pinned(image: str) -> PinnedImage | None:
    try:
        return ImageReference.parse(image).pinned()
    except Rejected:
        return None
