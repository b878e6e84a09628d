"""Manifests and indexes: what they are, what they refer to, and which of them a client gets to see."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.registry import media_types
from local.registry.refusal import RegistryRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable


def digest_of(content: bytes) -> str:
    """Compute the digest of some bytes: `sha256:` and 64 lower-case hexadecimal digits."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or an index exactly as it was pushed, and the digests that it needs: blobs, or child manifests."""

    media_type: str
    body: bytes
    digest: str
    blobs: tuple[str, ...] = ()
    children: tuple[str, ...] = ()

    @property
    def is_index(self) -> bool:
        """Whether it lists the manifests of several platforms."""
        return self.media_type in media_types.INDEXES

    def platform(self, *, os: str, architecture: str) -> str | None:
        """Find the digest of an index's child for one platform."""
        for child in json.loads(self.body).get("manifests", []):
            at = child.get("platform", {})
            if (at.get("os"), at.get("architecture")) == (os, architecture):
                return str(child["digest"])
        return None


def read_manifest(media_type: str, body: bytes) -> Manifest:
    """Read a pushed manifest.

    Raises:
        RegistryRefusal: MANIFEST_INVALID for an unknown media type, bytes that are no such document, or a document
            whose own mediaType says something else than the Content-Type.
    """
    try:
        document = json.loads(body)
        if document.get("mediaType", media_type) != media_type:
            raise RegistryRefusal("MANIFEST_INVALID", {})
        blobs, children = _references(media_type, document)
    except (ValueError, KeyError, TypeError, AttributeError) as unreadable:
        raise RegistryRefusal("MANIFEST_INVALID", {}) from unreadable
    return Manifest(media_type, body, digest_of(body), blobs=blobs, children=children)


def _references(media_type: str, document: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if media_type in media_types.INDEXES:
        return (), tuple(str(child["digest"]) for child in document["manifests"])
    if media_type in media_types.SINGLE:
        return tuple(str(part["digest"]) for part in (document["config"], *document["layers"])), ()
    raise RegistryRefusal("MANIFEST_INVALID", {})


def accepted_types(accept_headers: Iterable[str]) -> frozenset[str]:
    """Collect the media types of a request's Accept headers, without parameters; wildcards count for nothing."""
    return frozenset(
        media_type.partition(";")[0].strip().lower() for header in accept_headers for media_type in header.split(",")
    )


def refuse_unaccepted(manifest: Manifest, accepted: frozenset[str]) -> None:
    """Hide OCI documents from clients that do not name their media type, `*/*` or not.

    That is what CNCF Distribution 2.8 does, by tag and by digest (registry/handlers/manifests.go, GetManifest).

    Raises:
        RegistryRefusal: MANIFEST_UNKNOWN with Distribution's own sentence.
    """
    sentences = {
        media_types.OCI_MANIFEST: "OCI manifest found, but accept header does not support OCI manifests",
        media_types.OCI_INDEX: "OCI index found, but accept header does not support OCI indexes",
    }
    if manifest.media_type in sentences and manifest.media_type not in accepted:
        refusal = RegistryRefusal("MANIFEST_UNKNOWN")
        refusal.message = sentences[manifest.media_type]
        raise refusal
