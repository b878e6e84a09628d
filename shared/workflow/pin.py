"""pin_manifests: put what a tag names now into the manifests on dev, in one atomic commit.

Rules:
* Late news never wins: the registry is asked again just before the commit, and what the tag names *now* is written.
* A commit replaces the head that was read, or nothing: a lost race is tried again from the new head.
* Events that arrive together share one commit. That saves requests; nothing depends on it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from shared.clients.gathering import gather_all, together
from shared.clients.github import GitHub, Repository
from shared.clients.github.git import Commit
from shared.clients.registry import Registries
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, not_found, shown
from shared.domain.events import ImageResolved, event_id
from shared.domain.image import Digest, ImageName, require_known_registry
from shared.domain.image_paths import NO_PATHS, ImagePaths
from shared.domain.kustomize import effective
from shared.domain.manifests import Manifest, read_manifest
from shared.domain.pinning import Move, PinnedFile, pin
from shared.domain.release import TreeEntry, manifest_entries
from shared.domain.vocabulary import LogEvent
from shared.workflow.done import Done
from shared.workflow.gatherer import Outcome

LOG: Final = logging.getLogger("prodgate.pin")
GATHERING_S: Final = 0.1  # how long events wait for others; a CI run pushes its images within seconds
_RACES: Final = 8  # lost races against other commits on dev before the event is redelivered
_MENTIONS_SHOWN: Final = 20  # of a commit's manifests, in one log entry


@dataclass(frozen=True, slots=True)
class PinSettings:
    """Which registries may be asked, on which branch to commit, and which folders hold what is deployed.

    `image_paths` say where custom resources keep their images.
    """

    registries: tuple[str, ...]
    branch: str
    folders: tuple[str, ...]
    image_paths: ImagePaths = field(default_factory=lambda: NO_PATHS)


@dataclass(frozen=True, slots=True)
class PinningCloud:
    """What pinning needs of the world."""

    settings: PinSettings
    registries: Registries
    github: GitHub


Tag = tuple[ImageName, str]


async def pin_together(events: Sequence[ImageResolved], cloud: PinningCloud, *, settling: bool) -> list[Outcome]:
    """Pin what the tags of these events name now; one outcome per event, in order.

    Raises:
        Unavailable: GitHub did not answer, or every race was lost; all of the events are redelivered.
    """
    refused = _refused(events, cloud.settings)
    known = [tag for tag in dict.fromkeys(map(_tag, events)) if tag not in refused]
    async with cloud.github.repository() as repository:
        for _ in range(_RACES):
            outcomes = await _attempt(known, events, repository, cloud, settling=settling)
            if outcomes is not None:
                return [refused.get(tag) or outcomes[tag] for tag in map(_tag, events)]
    raise Unavailable(Fault.LOST_RACE, f"{cloud.settings.branch} moved {_RACES} times while it was being pinned")


async def _attempt(
    tags: list[Tag], events: Sequence[ImageResolved], repository: Repository, cloud: PinningCloud, *, settling: bool
) -> dict[Tag, Outcome] | None:
    """Pin once, from the head as it is; None where somebody else moved it meanwhile."""
    settings = cloud.settings
    head = await _head(repository, settings.branch)
    # Asked after the head was read: whoever commits what the tag named later has moved the head by then.
    async with together() as group:
        reading = group.create_task(_files(head, repository, settings))
        answers = await gather_all(_current(tag, cloud, settling=settling) for tag in tags)
    told, files = dict(zip(tags, answers, strict=True)), reading.result()
    digests = {tag: answer for tag, answer in told.items() if isinstance(answer, Digest)}
    pinned = [_pinned(manifest, digests) for manifest in _manifests(files, settings)]
    changed = _changed(files, pinned)
    if not await _commit(repository, settings.branch, head, changed, events):
        return None
    _log_mentions(pinned if changed else ())
    return {tag: _done(tag, pinned) if isinstance(answer, Digest) else answer for tag, answer in told.items()}


def _tag(event: ImageResolved) -> Tag:
    return event.image, event.tag


def _refused(events: Sequence[ImageResolved], settings: PinSettings) -> dict[Tag, Rejected]:
    refused: dict[Tag, Rejected] = {}
    for tag in map(_tag, events):
        try:
            require_known_registry(tag[0], settings.registries)
        except Rejected as error:
            refused[tag] = error
    return refused


async def _head(repository: Repository, branch: str) -> Commit:
    head = await repository.git.commit(await repository.git.require_head(branch))
    if head is None:
        raise Unavailable(Fault.NOT_VISIBLE_YET, f"the head of {branch} cannot be read yet")
    return head


async def _files(head: Commit, repository: Repository, settings: PinSettings) -> dict[TreeEntry, bytes]:
    entries = manifest_entries(await repository.git.tree(head.tree), settings.folders)
    return dict(zip(entries, await repository.git.blobs(entries), strict=True))


async def _current(tag: Tag, cloud: PinningCloud, *, settling: bool) -> Digest | Rejected | Unavailable:
    """Ask the registry again; a tag that cannot be told settles its own event and no other."""
    image, name = tag
    try:
        found = await cloud.registries.find(image, name)
    except (Rejected, Unavailable) as error:
        return error
    if found is None:
        return not_found(Reason.UNKNOWN_IMAGE, f"{image}:{name} does not exist any more", settling=settling)
    return found.digest


def _manifests(files: Mapping[TreeEntry, bytes], settings: PinSettings) -> tuple[Manifest, ...]:
    paths = settings.image_paths
    read = (read_manifest(entry.path, data, image_paths=paths) for entry, data in files.items())
    return effective(read, settings.folders, paths)


def _pinned(manifest: Manifest, digests: Mapping[Tag, Digest]) -> PinnedFile:
    for problem in manifest.problems:
        LOG.warning("not pinned: %s", problem.detail, extra={"event": LogEvent.NOT_PINNED, "reason": problem.reason})
    pinned = pin(manifest, digests)
    for move in pinned.frozen:
        frozen = f"{move.field.place} is frozen, and does not move to {move.tag} {move.digest}"
        LOG.info("not pinned: %s", frozen, extra={"event": LogEvent.NOT_PINNED})
    for place in pinned.left_alone:
        LOG.warning("not pinned: %s cannot carry the tag in a comment", place, extra={"event": LogEvent.NOT_PINNED})
    return pinned


def _changed(files: Mapping[TreeEntry, bytes], pinned: Sequence[PinnedFile]) -> dict[TreeEntry, PinnedFile]:
    return {entry: file for entry, file in zip(files, pinned, strict=True) if file.moves}


async def _commit(
    repository: Repository,
    branch: str,
    head: Commit,
    changed: Mapping[TreeEntry, PinnedFile],
    events: Sequence[ImageResolved],
) -> bool:
    """Replace the head that was read; False where somebody else was faster."""
    if not changed:
        return True
    message = _message([move for file in changed.values() for move in file.moves], events)
    sha = await repository.git.commit_files(head, message, {entry: file.text for entry, file in changed.items()})
    return await repository.git.move(branch, sha)


def _message(moves: Sequence[Move], events: Sequence[ImageResolved]) -> str:
    images = sorted({f"{move.field.reference.name.short}:{move.tag}" for move in moves})
    subject = f"Pin {images[0]}" if len(images) == 1 else f"Pin {len(images)} images"
    lines = sorted({f"- {m.field.reference.name}:{m.tag} {_before(m)} -> {m.digest}" for m in moves})
    ids = [f"Prodgate-Event: {event_id(event.topic, event.data())}" for event in events]
    return "\n".join([subject, "", *lines, "", *dict.fromkeys(ids)]) + "\n"


def _before(move: Move) -> str:
    return move.field.reference.digest or f"tag {move.tag}"


def _done(tag: Tag, pinned: Sequence[PinnedFile]) -> Done:
    what = f"{tag[0]}:{tag[1]}"
    moves = [m for file in pinned for m in file.moves if (m.field.reference.name, m.tag) == tag]
    frozen = [m for file in pinned for m in file.frozen if (m.field.reference.name, m.tag) == tag]
    still = f"; {_places(len(frozen))} would move, but a person froze it" if frozen else ""
    if moves:
        return Done(f"{what} pinned to {moves[0].digest} in {_places(len(moves))}{still}", changed=True)
    resting = [f for file in pinned for f in file.images if f.reference.name == tag[0]]
    following = [f for f in resting if f.follows == tag[1] and f not in [move.field for move in frozen]]
    if following:
        return Done(f"{what} is pinned already in {_places(len(following))}{still}", changed=False)
    if frozen:
        return Done(f"{what} is pinned nowhere{still}", changed=False)
    passed = [f for f in resting if f.pattern is not None and f.pattern.names(tag[1])]
    if passed:
        return Done(f"{what} is not above what follows its range in {_places(len(passed))}", changed=False)
    return Done(f"no manifest follows {what}", changed=False)


def _log_mentions(pinned: Iterable[PinnedFile]) -> None:
    """Say where an image is named that nobody here knows to be run; a person may know."""
    mentions = [mention for file in pinned for mention in file.mentions]
    if mentions:
        shortened = "; ".join(f"{mention.place}: {shown(mention.value)}" for mention in mentions[:_MENTIONS_SHOWN])
        sentence = f"{len(mentions)} values are called images and are left alone: {shortened}"
        LOG.info(sentence, extra={"event": LogEvent.MENTIONED})


def _places(count: int) -> str:
    return "1 place" if count == 1 else f"{count} places"
