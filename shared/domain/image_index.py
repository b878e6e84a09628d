"""Indexes of images: which of their children a cluster can run.

GKE judges the digest that the pod names, so an index's own; Cloud Run judges the child for linux/amd64, and it is the
first such child that Artifact Analysis scans (cloud.google.com/artifact-analysis/docs/scanning-types). BuildKit hangs
attestation manifests into the same list, which nothing runs: their platform is `unknown/unknown`, and an annotation
says what they are (docs.docker.com/build/metadata/attestations/attestation-storage).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.image import Digest, PinnedImage
from shared.domain.strict_json import Fields, read_object

INDEX_TYPES: Final = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
_IMAGE_TYPES: Final = frozenset(
    {"application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"}
)
_ATTACHED: Final = "vnd.docker.reference.type"
_UNKNOWN: Final = "unknown"
_SCANNED: Final = ("linux", "amd64")
_TEXT_CHARACTERS: Final = 255


class Children(StrEnum):
    """Which images of a release are attested: those that the manifests name, or each one of an index as well."""

    NAMED = "named"
    RUNNABLE = "runnable"


@dataclass(frozen=True, slots=True)
class Index:
    """An index: the images in it that can be run, in its order, and which one of them is scanned, if any is."""

    runnable: tuple[PinnedImage, ...] = ()
    scanned: PinnedImage | None = None


def read_index(image: PinnedImage, data: bytes) -> Index:
    """Read which images an index holds that can be run; none is an answer too.

    Raises:
        Rejected: it is no index, or holds a child whose images cannot be known.
    """
    index = read_object(f"{image}", data, reason=Reason.UNKNOWN_IMAGE, foreign=True)
    if "manifests" in index and index.is_empty("manifests"):
        return Index()
    children = [child for child in index.children("manifests", most=limits.INDEX_CHILDREN) if not _is_attached(child)]
    runnable = [PinnedImage(image.name, _digest(child)) for child in children]
    scanned = (each for each, child in zip(runnable, children, strict=True) if _platform(child) == _SCANNED)
    return Index(tuple(dict.fromkeys(runnable)), next(scanned, None))


def _is_attached(child: Fields) -> bool:
    if "annotations" in child and not child.is_empty("annotations") and _ATTACHED in child.child("annotations"):
        return True
    return _platform(child) == (_UNKNOWN, _UNKNOWN)


def _platform(child: Fields) -> tuple[str, str] | None:
    """Read the system and the processor that a child is for, if it says so."""
    if "platform" not in child or child.is_empty("platform"):
        return None
    platform = child.child("platform")
    return platform.any_text("os"), platform.any_text("architecture")


def _digest(child: Fields) -> Digest:
    media_type = child.text("mediaType", most=_TEXT_CHARACTERS)
    digest = child.parsed("digest", Digest, most=_TEXT_CHARACTERS)
    if media_type in _IMAGE_TYPES:
        return digest
    why = "an index in an index" if media_type in INDEX_TYPES else f"of the type {shown(media_type)}, which is no image"
    raise Rejected(Reason.NOT_UNDERSTOOD, f"{digest} is {why}; what it runs cannot be seen here")
