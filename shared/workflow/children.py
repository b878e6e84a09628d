"""The images that a release can run although no manifest names them: the children of its indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.clients.gathering import gather_all
from shared.clients.registry import Registries
from shared.domain.errors import Reason, not_found
from shared.domain.image import PinnedImage, require_known_registry
from shared.domain.image_index import INDEX_TYPES, Children, Index, read_index
from shared.domain.vulnerabilities import analysis_project


@dataclass(frozen=True, slots=True)
class ChildrenCloud:
    """Which images are attested, which registries may be asked (`host/path` prefixes), and the client that asks."""

    wanted: Children
    known: tuple[str, ...]
    registries: Registries


@dataclass(frozen=True, slots=True)
class ImageFamily:
    """Images that are to be signed: those that manifests name, and the children that run in their place.

    `indexes` are those of the named ones of which that is known, `seen` those that a registry showed just now.
    """

    named: tuple[PinnedImage, ...]
    children: tuple[PinnedImage, ...] = ()
    indexes: Mapping[PinnedImage, Index] = field(default_factory=dict)
    seen: frozenset[PinnedImage] = frozenset()

    @property
    def images(self) -> tuple[PinnedImage, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.named, *self.children)))


async def family_of(
    images: Sequence[PinnedImage], cloud: ChildrenCloud, *, is_gated: bool, settling: bool
) -> ImageFamily:
    """Answer which images are signed with these: where that is wanted, every image of those that are indexes too.

    `is_gated`: which child is scanned in an index's place must be known, though it may not be signed itself.

    Raises:
        Rejected: a registry is not configured, or has no such image, or an index cannot be understood.
        Unavailable: a registry does not answer, or what it has may not be visible yet.
    """
    runnable = cloud.wanted is Children.RUNNABLE
    # What is scanned nowhere is not read for its scan's sake: registries count that as a pull, and HEAD as none.
    read = [image for image in images if runnable or (is_gated and analysis_project(image.name) is not None)]
    for image in read:
        require_known_registry(image.name, cloud.known)
    found = await gather_all(_index(image, cloud, settling=settling) for image in read)
    indexes = {image: index for image, index in zip(read, found, strict=True) if index is not None}
    children = (child for index in indexes.values() for child in index.runnable) if runnable else ()
    return ImageFamily(tuple(images), tuple(children), indexes, frozenset(read))


async def _index(image: PinnedImage, cloud: ChildrenCloud, *, settling: bool) -> Index | None:
    manifest = await cloud.registries.read(image)
    if manifest is None:
        raise not_found(Reason.UNKNOWN_IMAGE, f"{image} does not exist", settling=settling)
    return read_index(image, manifest.body) if manifest.media_type in INDEX_TYPES else None
