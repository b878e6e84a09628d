"""What registries post to the public function, as data of the topic `gcr`.

One row of `SOURCES` per kind of sender: how it proves itself, what it calls its content, and what reads it. All that a
webhook can cause is a message of `gcr`, which resolve_image reads as it reads everybody's: it asks the registry itself.

Sources: docs.docker.com/docker-hub/webhooks; docs.github.com, "Webhook events and payloads", package and
registry_package; distribution.github.io/distribution/about/notifications.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown
from shared.domain.events import canonical, parse_tag
from shared.domain.ignored import Ignored
from shared.domain.image import DOCKER_HUB, Digest, parse_name
from shared.domain.pushes import Pushes
from shared.domain.secret import SecretText
from shared.domain.strict_json import Fields, read_object
from shared.domain.webhook_authentication import Webhook, require_github_signature, require_url_secret

_GHCR: Final = "ghcr.io"
_PACKAGE_EVENTS: Final = ("package", "registry_package")
_PACKAGE_ACTIONS: Final = ("published", "updated")
_LOGIN: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_LOGIN_CHARACTERS: Final = 100
_JSON: Final = frozenset({"application/json"})
_DISTRIBUTION_EVENTS: Final = frozenset(
    f"application/vnd.docker.distribution.events.{version}+json" for version in ("v1", "v2")
)


@dataclass(frozen=True, slots=True)
class Announced:
    """Pushes, as data of `gcr` that resolve_image reads, and in words."""

    data: bytes
    summary: str


Said = Announced | Ignored


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of sender: what proves it, how it names its content, and what reads that."""

    require_authentic: Callable[[Webhook, SecretText], None]
    media_types: frozenset[str]
    read: Callable[[Webhook], Said]


def read_webhook(source: Source, webhook: Webhook, secret: SecretText) -> Said:
    """Have a webhook prove who sent it, and only then look at what it says.

    Raises:
        Rejected: it proves nothing, or is malformed.
        Unavailable: the secret is none.
    """
    source.require_authentic(webhook, secret)
    written = webhook.headers.get("content-type", "")
    if written.partition(";")[0].strip().lower() not in source.media_types:
        wanted = " or ".join(sorted(source.media_types))
        raise Rejected(Reason.UNSUPPORTED_MEDIA_TYPE, f"the content type is {shown(written)}; it must be {wanted}")
    return source.read(webhook)


def _docker_hub(webhook: Webhook) -> Said:
    fields = read_object("the webhook", webhook.body, foreign=True)
    image = fields.child("repository").parsed(
        "repo_name", lambda path: parse_name(f"{DOCKER_HUB}/{path}"), most=limits.IMAGE_PATH_CHARACTERS
    )
    tag = fields.child("push_data").parsed("tag", parse_tag, most=limits.TAG_CHARACTERS)
    return _announced(canonical({"image": f"{image}:{tag}"}))


def _github(webhook: Webhook) -> Said:
    event = webhook.headers.get("x-github-event", "")
    if event not in _PACKAGE_EVENTS:
        return Ignored(f"the GitHub event {shown(event)} is about no package")
    fields = read_object("the webhook", webhook.body, foreign=True)
    action = fields.text("action", most=limits.SHOWN_CHARACTERS)
    package = fields.child(event)
    kind = package.text("package_type", most=limits.SHOWN_CHARACTERS)
    if action not in _PACKAGE_ACTIONS or kind.lower() != "container":
        return Ignored(f"a package of type {shown(kind)} was {shown(action)}")
    return _container(package)


def _container(package: Fields) -> Said:
    tag = package
    for inner in ("package_version", "container_metadata", "tag"):
        if tag.is_empty(inner):
            return Ignored(f"the package has no {inner}, so no tag was pushed")
        tag = tag.child(inner)
    if tag.is_empty("name"):
        return Ignored("a container was pushed without a tag; no manifest follows it")
    owner = package.child("owner").text("login", most=_LOGIN_CHARACTERS, matching=_LOGIN)
    # An owner may be written in capitals, an image reference may not.
    image = package.parsed(
        "name", lambda name: parse_name(f"{_GHCR}/{owner.lower()}/{name}"), most=limits.IMAGE_PATH_CHARACTERS
    )
    written = f"{image}:{tag.parsed('name', parse_tag, most=limits.TAG_CHARACTERS)}"
    if tag.is_empty("digest"):
        return _announced(canonical({"image": written}))
    digest = tag.parsed("digest", Digest, most=limits.SHOWN_CHARACTERS)
    return _announced(canonical({"action": "INSERT", "digest": f"{image}@{digest}", "tag": written}))


def _distribution(webhook: Webhook) -> Said:
    if len(webhook.body) > limits.MESSAGE_BYTES:
        size = f"the envelope has {len(webhook.body):,} bytes; a message has at most {limits.MESSAGE_BYTES:,}"
        raise Rejected(Reason.TOO_LARGE, size)
    fields = read_object("the webhook", webhook.body, foreign=True)
    if "events" not in fields:
        raise Rejected(Reason.MALFORMED_EVENT, "the webhook is no envelope: events is missing")
    fields.children("events", most=limits.PUSHES_PER_MESSAGE)
    try:
        return _announced(webhook.body)
    except Rejected as error:  # of every event: refused, the registry would send it again and again, and nothing else
        return Ignored(f"no event of the envelope can be read: {error.detail}")


def _announced(data: bytes) -> Said:
    """Read the message as resolve_image will, so that nothing is published which it would reject."""
    pushes = Pushes.parse(data)
    if not pushes.pushed:
        return Ignored("; ".join(pushes.ignored))
    return Announced(data, ", ".join(map(str, pushes.pushed)))


SOURCES: Final[Mapping[str, Source]] = {
    "docker-hub": Source(require_url_secret, _JSON, _docker_hub),
    "github": Source(require_github_signature, _JSON, _github),
    "distribution": Source(require_url_secret, _DISTRIBUTION_EVENTS, _distribution),
}
"""By the first part of the path that they post to."""
