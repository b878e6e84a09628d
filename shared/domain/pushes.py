"""What arrives on the topic `gcr`: somebody pushed an image, in the words of three kinds of sender.

* Artifact Registry: `{"action":"INSERT","digest":"HOST/P/R/NAME@sha256:…","tag":"HOST/P/R/NAME:TAG"}`, where `tag` may
  be absent, and `DELETE` (cloud.google.com/artifact-registry/docs/configure-notifications). One of the two may be bare,
  `TAG` or `sha256:…`: some senders of this form write it so, and the other one names the repository.
* A CNCF Distribution registry: an envelope of events, of which only pushes of manifests matter
  (distribution.github.io/distribution/about/notifications). One that cannot be read harms no other.
* A person: `{"image":"docker.io/library/mongo:7"}`.

The first two are foreign: what they say beyond this is nobody's business here, or a new field of theirs would reject
every push. The third is our own contract, and strict.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.events import parse_tag
from shared.domain.image import Digest, ImageName, ImageReference, is_tag, parse_name
from shared.domain.strict_json import Fields, read_object

_TOPIC: Final = "gcr"
_REFERENCE_CHARACTERS: Final = limits.IMAGE_REFERENCE_CHARACTERS
# What tools store beside an image under a tag of its own (cosign: .sig, .att, .sbom; OCI referrers tag schema).
_ATTACHED: Final = re.compile(r"sha256-[0-9a-f]{64}(?:\..*)?", re.ASCII)
_LOOKS_LIKE_HOST: Final = re.compile(r"[.:]|^localhost$", re.ASCII)  # as in splitDockerDomain (normalize.go)
_MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


@dataclass(frozen=True, slots=True)
class ImagePushed:
    """One tag that was pushed; `digest` is what it named then, where the sender says so."""

    image: ImageName
    tag: str
    digest: Digest | None

    def __str__(self) -> str:
        return f"{self.image}:{self.tag}"


@dataclass(frozen=True, slots=True)
class Pushes:
    """What a `gcr` message asks for: the pushed tags, and what in it needs no work, in words.

    `unread` are the fields of a foreign sender that nobody here knows.
    """

    pushed: tuple[ImagePushed, ...]
    ignored: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    topic = _TOPIC

    @classmethod
    def parse(cls, data: bytes) -> Pushes:
        """Read a message of any of the three senders.

        Raises:
            Rejected: it is none of them, or one of its fields is malformed.
        """
        foreign = _foreign(data)
        if foreign is not None:
            read = _distribution if "events" in foreign else _artifact_registry
            return replace(read(foreign), unread=foreign.unread())
        fields = read_object(_TOPIC, data)
        if "image" in fields:
            return _person(fields)
        raise Rejected(
            Reason.MALFORMED_EVENT, f"{_TOPIC}: none of the fields action, events, image is there; {shown(data)}"
        )


def _foreign(data: bytes) -> Fields | None:
    """Read another system's form; None where it is neither's, and is held to our own."""
    try:
        fields = read_object(_TOPIC, data, foreign=True)
    except Rejected:
        return None
    return fields if "events" in fields or "action" in fields else None


def _person(fields: Fields) -> Pushes:
    reference = fields.parsed("image", ImageReference.parse, most=_REFERENCE_CHARACTERS)
    fields.done()
    if reference.tag is None:
        fields.refuse("image", f"is {shown(reference.written)}, which names no tag; nothing follows a digest")
    return _followed(reference.name, reference.tag, reference.digest)


def _artifact_registry(fields: Fields) -> Pushes:
    if fields.choice("action", ("INSERT", "DELETE")) == "DELETE":
        fields.ignore("digest", "tag")
        return Pushes((), ("a deletion changes no manifest",))
    whole_digest, whole_tag = _whole(fields)
    digest = _reference("digest", whole_digest)
    if digest.digest is None:
        fields.refuse("digest", f"is {shown(whole_digest)}, which names no digest")
    if whole_tag is None:
        return Pushes((), (f"{digest.written} was pushed without a tag; no manifest follows it",))
    tag = _reference("tag", whole_tag)
    if tag.tag is None or tag.name != digest.name:
        fields.refuse("tag", f"is {shown(whole_tag)}, which is no tag of {digest.name}")
    return _followed(tag.name, tag.tag, digest.digest)


def _whole(fields: Fields) -> tuple[str, str | None]:
    """Write digest and tag as whole references; where one of them is bare, the other one names the repository."""
    digest = fields.text("digest", most=_REFERENCE_CHARACTERS)
    if "tag" not in fields:
        return digest, None
    tag = fields.text("tag", most=_REFERENCE_CHARACTERS)
    if is_tag(tag):
        return digest, f"{digest.partition('@')[0]}:{tag}"
    if digest.startswith("sha256:"):
        return f"{tag.rpartition(':')[0]}@{digest}", tag
    return digest, tag


def _distribution(fields: Fields) -> Pushes:
    read: list[Pushes] = []
    refused: list[Rejected] = []
    for event in fields.children("events", most=limits.PUSHES_PER_MESSAGE):
        try:
            read.append(_distribution_event(event))
        except Rejected as error:
            refused.append(error)
    if refused and not read:
        raise refused[0]
    ignored = [*(why for event in read for why in event.ignored), *(f"ignored: {error.detail}" for error in refused)]
    return Pushes(tuple(push for event in read for push in event.pushed), tuple(dict.fromkeys(ignored)))


def _distribution_event(event: Fields) -> Pushes:
    action = event.text("action", most=limits.SHOWN_CHARACTERS)
    if action != "push":
        return Pushes((), (f"a {shown(action)} changes no manifest",))
    target = event.child("target")
    if target.text("mediaType", most=limits.SHOWN_CHARACTERS) not in _MANIFEST_TYPES:
        return Pushes((), ("a blob is no image",))
    if "tag" not in target:
        return Pushes((), ("a manifest was pushed without a tag; no manifest follows it",))
    request = event.child("request")
    host = request.text("host", most=_REFERENCE_CHARACTERS)
    if not _LOOKS_LIKE_HOST.search(host):  # `registry`, of a compose file, would be a repository of Docker Hub
        request.refuse("host", f"is {shown(host)}, after which no image can be named; it needs a dot or a port")
    name = target.parsed("repository", lambda path: parse_name(f"{host}/{path}"), most=limits.IMAGE_PATH_CHARACTERS)
    tag = target.parsed("tag", parse_tag, most=limits.TAG_CHARACTERS)
    return _followed(name, tag, target.parsed("digest", Digest, most=_REFERENCE_CHARACTERS))


def _followed(name: ImageName, tag: str, digest: Digest | None) -> Pushes:
    if _ATTACHED.fullmatch(tag):
        return Pushes((), (f"{name}:{tag} is attached to an image, it is none itself",))
    return Pushes((ImagePushed(name, tag, digest),))


def _reference(name: str, text: str) -> ImageReference:
    try:
        return ImageReference.parse(text)
    except Rejected as error:
        raise Rejected(error.reason, f"{_TOPIC}: {name}: {error.detail}") from None
