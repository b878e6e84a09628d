"""Image references: the grammar of distribution/reference, and the types that carry a digest from there on.

Rules:
* A name is normalised as Docker does it (`mongo` is `docker.io/library/mongo`); the text as written is kept beside it,
  because Binary Authorization matches its allowlist against the literal string of the pod spec.
* Only sha256 digests of 64 lower-case hex digits are digests here; everything else is refused, never repaired.
* A `PinnedImage` cannot be made from a tag: no code path leads from a tag to an attestation.

Source: github.com/distribution/reference (reference.go, regexp.go, normalize.go); OCI image-spec, descriptor.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown

DOCKER_HUB: Final = "docker.io"

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_TAG: Final = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{limits.TAG_CHARACTERS - 1}}}", re.ASCII)
_PATH_COMPONENT: Final = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_PATH: Final = re.compile(rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*", re.ASCII)
_HOST_COMPONENT: Final = r"[a-zA-Z0-9]+(?:-+[a-zA-Z0-9]+)*"  # hyphens within, and nowhere else
_HOST: Final = re.compile(rf"(?:{_HOST_COMPONENT}(?:\.{_HOST_COMPONENT})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?", re.ASCII)
_HEX_ID: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Digest(str):
    """A sha256 content digest, `sha256:` and 64 lower-case hex digits (OCI image-spec, descriptor.md).

    Raises:
        Rejected: the text is anything else; a tag, another algorithm, upper case, blanks around it.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Read a digest."""
        if not _DIGEST.fullmatch(text):
            raise Rejected(Reason.NOT_A_DIGEST, f"{shown(text)} is no digest: it must be sha256: and 64 hex digits")
        return super().__new__(cls, text)

    @property
    def short(self) -> str:
        """The first 12 hex digits, for people."""
        return self[7:19]


@dataclass(frozen=True, slots=True, order=True)
class ImageName:
    """A repository in a registry, normalised: `host` with its port, `path` without tag and digest."""

    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.host}/{self.path}"

    @property
    def short(self) -> str:
        """The last path component, for people."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, order=True)
class PinnedImage:
    """An image by digest: the only form that can be attested or released."""

    name: ImageName
    digest: Digest

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}"

    @classmethod
    def parse(cls, text: str) -> PinnedImage:
        """Read a reference that must carry a digest.

        Raises:
            Rejected: the text is malformed, or names the image by tag only.
        """
        return ImageReference.parse(text).pinned()


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image as somebody wrote it, and what that means: normalised name, tag and digest, each where given."""

    written: str
    name: ImageName
    tag: str | None
    digest: Digest | None

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """Read `[host[:port]/]path[:tag][@sha256:…]`.

        Raises:
            Rejected: the text is not a reference; the sentence quotes it.
        """
        if len(text) > limits.IMAGE_REFERENCE_CHARACTERS:
            raise _malformed(text, f"it is longer than {limits.IMAGE_REFERENCE_CHARACTERS} characters")
        if _HEX_ID.fullmatch(text):
            raise _malformed(text, "64 hex digits are an image id, not a name")
        rest, at, digest = text.partition("@")
        name, tag = _split_tag(rest)
        if tag is not None and not _TAG.fullmatch(tag):
            raise _malformed(text, f"{shown(tag)} is no tag")
        return cls(text, parse_name(name), tag, Digest(digest) if at else None)

    def pinned(self) -> PinnedImage:
        """The image by digest.

        Raises:
            Rejected: it is named by tag, or by nothing.
        """
        if self.digest is None:
            what = "is a tag" if self.tag else "has no digest"
            raise Rejected(Reason.NOT_A_DIGEST, f"{self.written} {what}; a release names images by digest")
        return PinnedImage(self.name, self.digest)


def require_known_registry(image: ImageName, known: tuple[str, ...]) -> None:
    """Hold an image against the configured `host/path` prefixes, part by part, before anything connects anywhere.

    Raises:
        Rejected: it is below none of them.
    """
    parts = str(image).split("/")
    for prefix in known:
        wanted = prefix.split("/")
        if parts[: len(wanted)] == wanted and len(parts) > len(wanted):
            return
    raise Rejected(Reason.UNKNOWN_REGISTRY, f"{image} is in no configured registry; those are {', '.join(known)}")


def parse_name(text: str) -> ImageName:
    """Read `[host[:port]/]path` and normalise it as Docker does.

    Raises:
        Rejected: a host or a path that the grammar does not allow.
    """
    host, path = _split_host(text)
    if not _HOST.fullmatch(host):
        raise _malformed(text, f"{shown(host)} is no registry host")
    if not _PATH.fullmatch(path) or len(path) > limits.IMAGE_PATH_CHARACTERS:
        raise _malformed(text, f"{shown(path)} is no repository path")
    return ImageName(host, path)


def is_tag(text: str) -> bool:
    """Whether the text can be a tag."""
    return _TAG.fullmatch(text) is not None


def _split_tag(text: str) -> tuple[str, str | None]:
    slash = text.rfind("/")
    colon = text.find(":", slash + 1)
    return (text, None) if colon < 0 else (text[:colon], text[colon + 1 :])


def _split_host(text: str) -> tuple[str, str]:
    """Split as splitDockerDomain does (normalize.go): the first part is a host if it looks like one."""
    first, slash, rest = text.partition("/")
    looks_like_host = "." in first or ":" in first or first == "localhost" or first.lower() != first
    host, path = (first, rest) if slash and looks_like_host else (DOCKER_HUB, text)
    if host == "index.docker.io":
        host = DOCKER_HUB
    if host == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return host, path


def _malformed(text: str, why: str) -> Rejected:
    return Rejected(Reason.MALFORMED_IMAGE, f"{shown(text)} is no image reference: {why}")
