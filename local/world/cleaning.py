"""Cleaning up in the world: images that a registry's cleanup policy takes away."""

from __future__ import annotations

from local.registry.push import delete_image as delete_from
from local.world.world import World


def delete_image(world: World, image: str) -> None:
    """Delete an image (`HOST/PATH@sha256:…`) from its registry."""
    name, _, digest = image.partition("@")
    host, _, path = name.partition("/")
    world.do(delete_from(world.cloud.registries[host].url, path, digest))
