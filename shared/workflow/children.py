"""The images that a release can run although no manifest names them: the children of its indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clients.gathering import gather_all
from shared.clients.registry import Registries
from shared.domain.errors import Reason, not_found
from shared.domain.image import PinnedImage, require_known_registry
from shared.domain.image_index import INDEX_TYPES, Children, runnable_children


@dataclass(frozen=True, slots=True)
class ChildrenCloud:
    """Which images are attested, which registries may be asked (`host/path` prefixes), and the client that asks."""

    wanted: Children
    known: tuple[str, ...]
    registries: Registries


async def with_children(
    images: Sequence[PinnedImage], cloud: ChildrenCloud, *, settling: bool
) -> Sequence[PinnedImage]:
    """Answer the images, and where that is wanted every image of those that are indexes, each once.

    Raises:
        Rejected: a registry is not configured, or has no such image, or an index cannot be understood.
        Unavailable: a registry does not answer, or what it has may not be visible yet.
    """
    if cloud.wanted is Children.NAMED:
        return images
    for image in images:
        require_known_registry(image.name, cloud.known)
    found = await gather_all(_children(image, cloud, settling=settling) for image in images)
    return tuple(dict.fromkeys((*images, *(child for children in found for child in children))))


async def _children(image: PinnedImage, cloud: ChildrenCloud, *, settling: bool) -> tuple[PinnedImage, ...]:
    manifest = await cloud.registries.read(image)
    if manifest is None:
        raise not_found(Reason.UNKNOWN_IMAGE, f"{image} does not exist", settling=settling)
    return runnable_children(image, manifest.body) if manifest.media_type in INDEX_TYPES else ()
