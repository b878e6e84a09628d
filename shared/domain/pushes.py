"""What arrives on the topic `gcr`: somebody pushed an image, in the words of three kinds of sender.

* Artifact Registry: `{"action":"INSERT","digest":"HOST/P/R/NAME@sha256:…","tag":"HOST/P/R/NAME:TAG"}`, where `tag` may
  be absent, and `DELETE` (cloud.google.com/artifact-registry/docs/configure-notifications).
* A CNCF Distribution registry: an envelope of events, of which only pushes of manifests matter
  (distribution.github.io/distribution/about/notifications).
* A person: `{"image":"docker.io/library/mongo:7"}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.events import parse_tag
from shared.domain.image import Digest, ImageName, ImageReference, parse_name
from shared.domain.strict_json import Fields, read_object

_TOPIC: Final = "gcr"
_REFERENCE_CHARACTERS: Final = limits.IMAGE_REFERENCE_CHARACTERS
# What tools store beside an image under a tag of its own (cosign: .sig, .att, .sbom; OCI referrers tag schema).
_ATTACHED: Final = re.compile(r"sha256-[0-9a-f]{64}(?:\..*)?", re.ASCII)
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
    """What a `gcr` message asks for: the pushed tags, and what in it needs no work, in words."""

    pushed: tuple[ImagePushed, ...]
    ignored: tuple[str, ...] = ()

    topic = _TOPIC

    @classmethod
    def parse(cls, data: bytes) -> Pushes:
        """Read a message of any of the three senders.

        Raises:
            Rejected: it is none of them, or one of its fields is malformed.
        """
        fields = read_object(_TOPIC, data)
        if "events" in fields:
            return _distribution(fields)
        if "action" in fields:
            return _artifact_registry(fields)
        if "image" in fields:
            return _person(fields)
        raise Rejected(
            Reason.MALFORMED_EVENT, f"{_TOPIC}: none of the fields action, events, image is there; {shown(data)}"
        )


def _person(fields: Fields) -> Pushes:
    reference = fields.parsed("image", ImageReference.parse, most=_REFERENCE_CHARACTERS)
    fields.done()
    if reference.tag is None:
        fields.refuse("image", f"is {shown(reference.written)}, which names no tag; nothing follows a digest")
    return _followed(reference.name, reference.tag, reference.digest)


def _artifact_registry(fields: Fields) -> Pushes:
    action = fields.choice("action", ("INSERT", "DELETE"))
    digest = _reference(fields, "digest") if "digest" in fields else None
    tag = _reference(fields, "tag") if "tag" in fields else None
    fields.done()
    if action == "DELETE":
        return Pushes((), ("a deletion changes no manifest",))
    if digest is None or digest.digest is None:
        fields.refuse("digest", "is missing or names no digest")
    if tag is None:
        return Pushes((), (f"{digest.written} was pushed without a tag; no manifest follows it",))
    if tag.tag is None or tag.name != digest.name:
        fields.refuse("tag", f"is {shown(tag.written)}, which is no tag of {digest.name}")
    return _followed(tag.name, tag.tag, digest.digest)


def _distribution(fields: Fields) -> Pushes:
    events = [_distribution_event(event) for event in fields.children("events", most=limits.PUSHES_PER_MESSAGE)]
    fields.done()
    return Pushes(
        tuple(push for event in events for push in event.pushed),
        tuple(dict.fromkeys(why for event in events for why in event.ignored)),
    )


def _distribution_event(event: Fields) -> Pushes:
    action = event.text("action", most=limits.SHOWN_CHARACTERS)
    if action != "push":
        return Pushes((), (f"a {shown(action)} changes no manifest",))
    target = event.child("target")
    if target.text("mediaType", most=limits.SHOWN_CHARACTERS) not in _MANIFEST_TYPES:
        return Pushes((), ("a blob is no image",))
    if "tag" not in target:
        return Pushes((), ("a manifest was pushed without a tag; no manifest follows it",))
    host = event.child("request").text("host", most=limits.SHOWN_CHARACTERS)
    name = target.parsed("repository", lambda path: parse_name(f"{host}/{path}"), most=limits.IMAGE_PATH_CHARACTERS)
    tag = target.parsed("tag", parse_tag, most=limits.TAG_CHARACTERS)
    return _followed(name, tag, target.parsed("digest", Digest, most=limits.SHOWN_CHARACTERS))


def _followed(name: ImageName, tag: str, digest: Digest | None) -> Pushes:
    if _ATTACHED.fullmatch(tag):
        return Pushes((), (f"{name}:{tag} is attached to an image, it is none itself",))
    return Pushes((ImagePushed(name, tag, digest),))


def _reference(fields: Fields, name: str) -> ImageReference:
    return fields.parsed(name, ImageReference.parse, most=_REFERENCE_CHARACTERS)
