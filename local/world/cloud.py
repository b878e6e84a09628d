"""The servers of the stand-in cloud, started and stopped together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from local.faults import Faults
from local.github.server import GitHubStandIn
from local.google.binauthz import BinaryAuthorization
from local.google.cloud_build import CloudBuildStandIn
from local.google.grafeas import ContainerAnalysis
from local.google.kms import KeyManagement
from local.google.pubsub import PubSub
from local.google.secrets import SecretManager
from local.google.server import GoogleStandIn
from local.registry.events import Pushed
from local.registry.server import RegistryStandIn
from local.world.names import ARTIFACT_REGISTRY, DOCKER_HUB, Endpoints


class StandInCloud:
    """Google, GitHub and two registries on loopback ports; `on_push` is told what Artifact Registry receives."""

    def __init__(
        self, folder: Path, faults: Faults, *, time_scale: float, on_push: Callable[[Pushed], Awaitable[None]]
    ) -> None:
        self.pubsub = PubSub(faults, time_scale=time_scale)
        self.analysis = ContainerAnalysis()
        services = (KeyManagement(), self.analysis, BinaryAuthorization(), SecretManager(), self.pubsub)
        self.google = GoogleStandIn(services, faults)
        self.builds = CloudBuildStandIn(faults)
        self.github = GitHubStandIn(folder, faults)
        self.registries = {
            ARTIFACT_REGISTRY: RegistryStandIn(ARTIFACT_REGISTRY, faults, on_push=on_push),
            DOCKER_HUB: RegistryStandIn(DOCKER_HUB, faults),  # Docker Hub tells nobody; people announce its images
        }

    async def start(self) -> None:
        """Begin to answer."""
        await self.google.start()
        await self.pubsub.start()
        await self.builds.start()
        await self.github.start()
        for registry in self.registries.values():
            await registry.start()

    async def stop(self) -> None:
        """Stop everything, and leave nothing behind."""
        await self.pubsub.stop()
        for registry in self.registries.values():
            await registry.stop()
        await self.github.stop()
        await self.builds.stop()
        await self.google.stop()

    def endpoints(self, pubsub: str | None = None) -> Endpoints:
        """Where everything listens; `pubsub` is another Pub/Sub than ours, such as Google's emulator."""
        return Endpoints(
            google=self.google.grpc_target,
            pubsub=pubsub or self.google.grpc_target,
            github=self.github.url,
            builds=self.builds.target,
            registries={host: registry.url for host, registry in self.registries.items()},
        )
