"""resolve_image, wired: it may ask registries, read their passwords, and publish."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from shared.domain.pushes import Pushes
from shared.runtime.config import Environment
from shared.runtime.handler import Connected, Function, Occasion
from shared.runtime.wiring.registries import RegistrySettings, open_registries
from shared.runtime.wiring.secrets import open_secrets
from shared.runtime.wiring.surroundings import Surroundings
from shared.workflow.done import Done
from shared.workflow.resolve import ResolveSettings, ResolvingCloud, resolve_pushes


def resolve_function(variables: Mapping[str, str]) -> Function[Pushes]:
    """Configure resolve_image; its clients are connected on the first event.

    Raises:
        SystemExit: the configuration is incomplete.
    """
    environment = Environment(variables)
    surroundings = Surroundings.read(environment)
    registries = RegistrySettings.read(environment)
    environment.finish()
    redactor = surroundings.start_logging("resolve_image")

    async def connect(opened: AsyncExitStack) -> Connected[Pushes]:
        channels = surroundings.channels(opened)
        publisher = surroundings.publisher(channels)
        asked = await open_registries(registries, open_secrets(channels, redactor), opened)
        cloud = ResolvingCloud(ResolveSettings(registries.known), asked, publisher)

        async def work(pushes: Pushes, occasion: Occasion) -> Done:
            published = occasion.delivery.published
            return await resolve_pushes(pushes, cloud, settling=occasion.settling, published=published)

        return Connected(work, publisher)

    return Function("resolve_image", Pushes.topic, Pushes.parse, connect=connect, within=surroundings.limits)
