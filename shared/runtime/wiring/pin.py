"""pin_manifests, wired: it may ask registries, commit to dev, and publish what it rejects."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack

from shared.domain.events import ImageResolved
from shared.domain.permissions import PIN_MANIFESTS
from shared.domain.push_times import pushed_at
from shared.runtime.config import Environment
from shared.runtime.handler import Connected, Function, Occasion
from shared.runtime.wiring.github import open_github, open_vault, read_environment_settings, read_github
from shared.runtime.wiring.registries import RegistrySettings, open_registries
from shared.runtime.wiring.secrets import open_secrets
from shared.runtime.wiring.surroundings import Surroundings
from shared.workflow.done import Done
from shared.workflow.gatherer import Gatherer, Outcome
from shared.workflow.pin import GATHERING_S, News, PinningCloud, PinSettings, pin_together
from shared.workflow.reading import ManifestReader


def pin_function(variables: Mapping[str, str]) -> Function[ImageResolved]:
    """Configure pin_manifests; its clients are connected on the first event.

    Raises:
        SystemExit: the configuration is incomplete.
    """
    environment = Environment(variables)
    surroundings = Surroundings.read(environment)
    registries = RegistrySettings.read(environment)
    github = read_github(environment)
    manifests = read_environment_settings(environment)
    environment.finish()
    redactor = surroundings.start_logging("pin_manifests")

    async def connect(opened: AsyncExitStack) -> Connected[ImageResolved]:
        channels = surroundings.channels(opened)
        secrets = open_secrets(channels, redactor)
        cloud = PinningCloud(
            PinSettings(registries.known, manifests.dev, manifests.folders, manifests.image_paths),
            ManifestReader(image_paths=manifests.image_paths),
            await open_registries(registries, secrets, opened),
            open_github(github, opened, permissions=PIN_MANIFESTS, vault=open_vault(secrets, redactor)),
        )

        async def work_off(gathering: Awaitable[Sequence[News]]) -> Sequence[Outcome]:
            return await pin_together(gathering, cloud)

        gatherer = Gatherer(work_off, window_s=GATHERING_S, deadline_s=surroundings.limits.deadline_s)

        async def work(event: ImageResolved, occasion: Occasion) -> Done:
            return await gatherer.add(News(event, occasion.settling, pushed_at(occasion.delivery)))

        return Connected(work, surroundings.publisher(channels))

    return Function(
        "pin_manifests", ImageResolved.topic, ImageResolved.parse, connect=connect, within=surroundings.limits
    )
