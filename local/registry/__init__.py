"""The stand-in OCI registry, a small client that pushes to it, and the events that registries publish."""

from __future__ import annotations

from local.registry.events import Pushed, artifact_registry_event, distribution_event
from local.registry.lies import Lie
from local.registry.push import push_image, retag
from local.registry.server import RegistryStandIn

__all__ = [
    "Lie",
    "Pushed",
    "RegistryStandIn",
    "artifact_registry_event",
    "distribution_event",
    "push_image",
    "retag",
]
