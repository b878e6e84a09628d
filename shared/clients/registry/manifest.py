"""What a registry says about a manifest, and whether that can be believed.

Source: OCI distribution-spec 1.1, "Pulling manifests"; OCI image-spec 1.1, media-types.md.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from shared.clients.registry.exchange import Answer
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, shown
from shared.domain.image import Digest, ImageName

MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
# All four: a narrower Accept would silently name the amd64 child of an index.
ACCEPT: Final = ", ".join(MANIFEST_TYPES)
MANIFEST_BYTES: Final = 4 * 1024 * 1024  # the least that a registry must accept, and the most that any sends
DIGEST: Final = "Docker-Content-Digest"
_ARTIFACT: Final = "application/vnd."  # a registry that knows what it holds says so; a proxy's page says text/html


@dataclass(frozen=True, slots=True)
class FoundManifest:
    """What a reference names now."""

    digest: Digest
    media_type: str


@dataclass(frozen=True, slots=True)
class ReadManifest:
    """A manifest whose bytes have the digest that was asked for."""

    media_type: str
    body: bytes = field(repr=False)


def read_manifest_answer(answer: Answer, image: ImageName, reference: str) -> FoundManifest:
    """Judge the 200 to a HEAD, which has no body, or to a GET, whose body is held against every digest that is said.

    Raises:
        Rejected: it names something that is no image, such as a schema 1 manifest.
        Unavailable: the registry contradicts the question, its own header or the protocol.
    """
    media_type = _media_type(answer, image)
    stated = answer.headers.get(DIGEST)
    digest = _digest(stated, image) if stated is not None else None
    if answer.body == b"":
        raise _contradiction(image, f"sends no bytes for {reference}")
    counted = Digest(f"sha256:{hashlib.sha256(answer.body).hexdigest()}") if answer.body else None
    if digest and counted and digest != counted:
        raise _contradiction(image, f"says that {reference} is {digest}, and sends bytes whose digest is {counted}")
    named = counted or digest
    if named is None:
        raise _contradiction(image, f"names no digest for {reference}")
    if reference.startswith("sha256:") and named != reference:
        raise _contradiction(image, f"answers {named} where {reference} was asked for")
    return FoundManifest(named, media_type)


def _digest(stated: str, image: ImageName) -> Digest:
    try:
        return Digest(stated)
    except Rejected as error:
        raise _contradiction(image, f"names no digest: {error.detail}") from None


def _media_type(answer: Answer, image: ImageName) -> str:
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if media_type in MANIFEST_TYPES:
        return media_type
    if media_type.startswith(_ARTIFACT):
        raise Rejected(Reason.UNKNOWN_IMAGE, f"{image} is no image: the registry says it is {shown(media_type)}")
    raise _contradiction(image, f"answers {shown(media_type)} where a manifest was asked for")


def _contradiction(image: ImageName, what: str) -> Unavailable:
    return Unavailable(Fault.WRONG_ANSWER, f"{image.host}, asked for {image.path}, {what}")
