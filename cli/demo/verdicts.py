"""What prod's admission would say now, from the policy, the attestors and the attestations that are really there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack

from local.world.names import PROD_PROJECT, Endpoints
from shared.domain.policy import Verdict
from shared.runtime.wiring.binauthz import open_attestations, open_binauthz
from shared.runtime.wiring.channel import Channels, GoogleEndpoints
from shared.workflow.admission import attested_by
from shared.workflow.environment import PolicySettings, prod_policy


async def admission_of(images: Sequence[str], at: Endpoints) -> list[Verdict]:
    """Decide about each image string as GKE would."""
    async with AsyncExitStack() as opened:
        channels = Channels(GoogleEndpoints(at.google, at.pubsub), opened)
        binauthz, attestations = open_binauthz(channels), open_attestations(channels, PROD_PROJECT)
        prod = await prod_policy(binauthz, PolicySettings(PROD_PROJECT, "us-central1"))
        attested = await attested_by(prod.attestors, images, binauthz, attestations)
        return [prod.judge(image, attested) for image in images]
