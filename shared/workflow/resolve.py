"""resolve_image: confirm what a push says, and publish the digest as `image-resolved`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.clients.gathering import gather_all
from shared.clients.pubsub import Publisher
from shared.clients.registry import Registries
from shared.domain.errors import Reason, not_found, shown
from shared.domain.events import ImageResolved
from shared.domain.image import require_known_registry
from shared.domain.push_times import push_attributes
from shared.domain.pushes import ImagePushed, Pushes
from shared.workflow.done import Done

LOG: Final = logging.getLogger("prodgate.resolve")


@dataclass(frozen=True, slots=True)
class ResolveSettings:
    """Which registries may be asked: `host/path` prefixes such as `us-docker.pkg.dev/mdo/apps`."""

    registries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResolvingCloud:
    """What resolving needs of the world."""

    settings: ResolveSettings
    registries: Registries
    publisher: Publisher


async def resolve_pushes(
    pushes: Pushes, cloud: ResolvingCloud, *, settling: bool, published: datetime | None = None
) -> Done:
    """Confirm every pushed tag with its registry and publish what it names, and when that was announced.

    Raises:
        Rejected: a registry is not configured, or has no such image.
        Unavailable: a registry or Pub/Sub did not answer; nothing is lost, the event is redelivered.
    """
    if pushes.unread:
        LOG.debug("fields of the sender's that nobody here knows: %s", ", ".join(map(shown, pushes.unread)))
    for push in pushes.pushed:
        require_known_registry(push.image, cloud.settings.registries)
    resolved = await gather_all(_confirm(push, cloud, settling=settling) for push in pushes.pushed)
    since = push_attributes(published)
    await gather_all(cloud.publisher.publish_event(event.topic, event.data(), since) for event in resolved)
    named = [f"{event.image}:{event.tag} is {event.digest}" for event in resolved]
    return Done("; ".join([*named, *pushes.ignored]), changed=False)


async def _confirm(push: ImagePushed, cloud: ResolvingCloud, *, settling: bool) -> ImageResolved:
    """Ask for the digest that the push names, so that a tag moved since then cannot stand in for it."""
    found = await cloud.registries.find(push.image, push.digest or push.tag)
    if found is None:
        named = f"{push.image}@{push.digest}" if push.digest else str(push)
        raise not_found(Reason.UNKNOWN_IMAGE, f"{named} does not exist", settling=settling)
    return ImageResolved(push.image, push.tag, found.digest, found.media_type)
