"""When the images of a release were pushed, for people to read: nothing is decided by it, and so nobody is believed.

The time is Pub/Sub's own of the message that announced the push. It travels as an attribute, not as data: a replay must
have the id that the event had. Then it stands in the pinning commit, and of a release the first and the last one in the
snapshot's. Whoever may write to dev can write such a line too, so a line is a time and an image reference or nothing,
and a time that cannot be is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Final

from shared.domain import limits
from shared.domain.envelope import Delivery
from shared.domain.errors import Rejected
from shared.domain.image import ImageName, ImageReference

PUSHED_AT: Final = "pushed_at"
_TIME: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_PUSH: Final = rf"({_TIME}) ([!-~]{{1,{limits.IMAGE_REFERENCE_CHARACTERS}}})"
_MOMENT: Final = re.compile(_TIME, re.ASCII)
_PINNED: Final = re.compile(rf"^Prodgate-Pushed: {_PUSH}$", re.ASCII | re.MULTILINE)
_EARLIER: Final = " or earlier"
_FIRST: Final = re.compile(rf"^Prodgate-First-Push: {_PUSH}({_EARLIER})?$", re.ASCII | re.MULTILINE)
_LAST: Final = re.compile(rf"^Prodgate-Last-Push: {_PUSH}$", re.ASCII | re.MULTILINE)
_OLDEST: Final = timedelta(days=limits.PUSH_DAYS)
_CLOCKS: Final = timedelta(minutes=1)  # Pub/Sub's is ahead of GitHub's by less


@dataclass(frozen=True, slots=True)
class Push:
    """A push of an image by tag, and when its registry announced it; whole seconds, UTC."""

    at: datetime
    image: ImageName
    tag: str

    def __str__(self) -> str:
        return f"{self.image}:{self.tag}"


@dataclass(frozen=True, slots=True)
class BroughtPushes:
    """The first and the last push that a release brought, of each image the last one; one image makes them the same.

    `or_earlier`: not every commit of the release was looked at, so an image may have been pushed before the first.
    """

    first: Push
    last: Push
    or_earlier: bool = False


def push_attributes(published: datetime | None) -> dict[str, str]:
    """Write when a push was announced into the attributes of what follows from it; nothing where it is not known."""
    if published is None:
        return {}
    try:
        return {PUSHED_AT: _written(published)}
    except OverflowError:  # an offset that leads out of the calendar
        return {}


def pushed_at(delivery: Delivery) -> datetime | None:
    """Read when the push was announced that a delivery follows from; None where that is not known, or cannot be."""
    at = _read(delivery.attributes.get(PUSHED_AT, ""))
    if at is None or (delivery.published is not None and at > delivery.published):
        return None
    return at


def pin_trailers(pushes: Iterable[Push]) -> list[str]:
    """Write the lines of a pinning commit: each image once, with its first time."""
    first = {str(push): push for push in sorted(pushes, key=attrgetter("at"), reverse=True)}
    return sorted(f"Prodgate-Pushed: {_written(push.at)} {name}" for name, push in first.items())


def pinned_pushes(message: str, committed_at: datetime) -> tuple[Push, ...]:
    """Read the lines of a pinning commit; what no push before the commit can be is left out."""
    found = islice(_PINNED.finditer(message), limits.IMAGES_PER_RELEASE)
    pushes = (_push(*line.groups()) for line in found)
    return tuple(push for push in pushes if push is not None and -_CLOCKS <= committed_at - push.at <= _OLDEST)


def brought_pushes(pushes: Iterable[Push], *, or_earlier: bool) -> BroughtPushes | None:
    """Choose the first and the last of what a release brought; a push that another one of its tag replaced is not."""
    newest = {str(push): push for push in sorted(pushes, key=_order)}
    if not newest:
        return None
    first, last = min(newest.values(), key=_order), max(newest.values(), key=_order)
    return BroughtPushes(first, last, or_earlier)


def of_images(pushes: Iterable[Push], images: Collection[ImageName]) -> list[Push]:
    """Choose the pushes of some images."""
    return [push for push in pushes if push.image in images]


def release_trailers(brought: BroughtPushes | None) -> str:
    """Write the lines of a snapshot's message, each with its end."""
    if brought is None:
        return ""
    cut = _EARLIER if brought.or_earlier else ""
    first, last = (f"{_written(push.at)} {push}" for push in (brought.first, brought.last))
    return f"Prodgate-First-Push: {first}{cut}\nProdgate-Last-Push: {last}\n"


def released_pushes(message: str, committed_at: datetime) -> BroughtPushes | None:
    """Read the lines of a snapshot's message; None where they are not there, or cannot be."""
    found = _FIRST.search(message), _LAST.search(message)
    if found[0] is None or found[1] is None:
        return None
    first, last = _push(found[0][1], found[0][2]), _push(found[1][1], found[1][2])
    if first is None or last is None or not first.at <= last.at <= committed_at + _CLOCKS:
        return None
    return BroughtPushes(first, last, or_earlier=found[0][3] is not None)


def _order(push: Push) -> tuple[datetime, str]:
    return push.at, str(push)


def _written(at: datetime) -> str:
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _read(text: str) -> datetime | None:
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # the 31st of February
        return None


def _push(time: str, image: str) -> Push | None:
    at = _read(time)
    try:
        reference = ImageReference.parse(image)
    except Rejected:
        return None
    if at is None or reference.tag is None or reference.digest is not None:
        return None
    push = Push(at, reference.name, reference.tag)
    return push if str(push) == image else None
