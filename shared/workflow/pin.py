"""pin_manifests: put what a tag names now into the manifests on dev, in one atomic commit.

Rules:
* Late news never wins: the registry is asked again just before the commit, and what the tag names *now* is written.
* What is written exists: the manifest of every digest is read and held against it before dev names it, since a HEAD
  can say anything.
* A commit replaces the head that was read, or nothing: a lost race is tried again from the new head.
* Events that arrive together share one commit. That saves requests; nothing depends on it. What cannot be told of one
  tag, or not be edited in one file, holds up no other.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.clients.gathering import gather_all, together
from shared.clients.github import GitHub, Repository
from shared.clients.github.git import Commit
from shared.clients.registry import Registries
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, not_found, shown
from shared.domain.events import ImageResolved
from shared.domain.image import Digest, ImageName, PinnedImage, require_known_registry
from shared.domain.image_paths import NO_PATHS, ImagePaths
from shared.domain.kustomize import effective
from shared.domain.manifests import Manifest
from shared.domain.pin_commit import commit_message
from shared.domain.pinning import LeftAlone, PinnedFile, pin
from shared.domain.release import TreeEntry, manifest_entries
from shared.domain.vocabulary import LogEvent
from shared.workflow.done import Done
from shared.workflow.gatherer import Outcome
from shared.workflow.reading import ManifestReader

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
    manifests: ManifestReader
    registries: Registries
    github: GitHub


Tag = tuple[ImageName, str]


@dataclass(frozen=True, slots=True)
class News:
    """An event, whether it is so young that what it names may not be visible yet, and when the image was pushed."""

    event: ImageResolved
    settling: bool
    pushed_at: datetime | None = None

    @property
    def tag(self) -> Tag:
        """What it is about."""
        return self.event.image, self.event.tag

    def missing(self) -> Rejected | Unavailable:
        """What becomes of the event where the registry has no such tag."""
        image, name = self.tag
        return not_found(Reason.UNKNOWN_IMAGE, f"{image}:{name} does not exist any more", settling=self.settling)


@dataclass(frozen=True, slots=True)
class _Missing:
    """What a registry answers that has no such tag."""


_Answer = Digest | Rejected | Unavailable | _Missing


async def pin_together(gathering: Awaitable[Sequence[News]], cloud: PinningCloud) -> list[Outcome]:
    """Pin what the tags of the gathered events name now; one outcome per event, in order.

    Raises:
        Unavailable: GitHub did not answer, or every race was lost; all of the events are redelivered.
    """
    async with cloud.github.repository() as repository:  # its token is minted while others still arrive
        news = await gathering
        refused = _refused(news, cloud.settings)
        known = [tag for tag in dict.fromkeys(each.tag for each in news) if tag not in refused]
        for _ in range(_RACES):
            outcomes = await _attempt(known, news, repository, cloud)
            if outcomes is not None:
                return [refused.get(each.tag) or _outcome(each, outcomes) for each in news]
    raise Unavailable(Fault.LOST_RACE, f"{cloud.settings.branch} moved {_RACES} times while it was being pinned")


async def _attempt(
    tags: list[Tag], news: Sequence[News], repository: Repository, cloud: PinningCloud
) -> dict[Tag, Outcome | _Missing] | None:
    """Pin once, from the head as it is; None where somebody else moved it meanwhile."""
    settings = cloud.settings
    head = await repository.heads.read(settings.branch)
    # Asked after the head was read: whoever commits what the tag named later has moved the head by then.
    async with together() as group:
        reading = group.create_task(_files(head, repository, settings))
        answers = await gather_all(_current(tag, cloud) for tag in tags)
    files, told = reading.result(), dict(zip(tags, answers, strict=True))
    manifests = effective(cloud.manifests.read(files.items()), settings.folders, settings.image_paths)
    proven: set[Tag] = set()
    while True:
        pinned = _pinned(manifests, told)
        moves = _moves(pinned)
        async with together() as group:  # no branch names the commit yet; one with a refuted digest never has any
            committing = group.create_task(_commit(repository, head, zip(files, pinned, strict=True), news))
            refuted = await _refuted({tag: image for tag, image in moves.items() if tag not in proven}, cloud)
        if not refuted:
            break
        proven |= moves.keys() - refuted.keys()
        told |= refuted  # a range may lead to another tag now, whose manifest nobody has read
    commit = committing.result()
    if commit is not None and not await repository.heads.replace(settings.branch, head.sha, commit):
        return None
    _log(manifests, pinned)
    return {tag: _done(tag, pinned) if isinstance(answer, Digest) else answer for tag, answer in told.items()}


def _outcome(news: News, outcomes: Mapping[Tag, Outcome | _Missing]) -> Outcome:
    outcome = outcomes[news.tag]
    return news.missing() if isinstance(outcome, _Missing) else outcome


def _refused(news: Sequence[News], settings: PinSettings) -> dict[Tag, Rejected]:
    refused: dict[Tag, Rejected] = {}
    for each in news:
        try:
            require_known_registry(each.event.image, settings.registries)
        except Rejected as error:
            refused[each.tag] = error
    return refused


async def _files(head: Commit, repository: Repository, settings: PinSettings) -> dict[TreeEntry, bytes]:
    entries = manifest_entries(await repository.git.tree(head.tree), settings.folders)
    return dict(zip(entries, await repository.git.blobs(entries), strict=True))


async def _current(tag: Tag, cloud: PinningCloud) -> _Answer:
    """Ask the registry again; a tag that cannot be told settles its own events and no other."""
    image, name = tag
    try:
        found = await cloud.registries.find(image, name)
    except (Rejected, Unavailable) as error:
        return error
    return _Missing() if found is None else found.digest


def _moves(pinned: Sequence[PinnedFile]) -> dict[Tag, PinnedImage]:
    moves = (move for file in pinned for move in file.moves)
    return {(m.field.reference.name, m.tag): PinnedImage(m.field.reference.name, m.digest) for m in moves}


async def _refuted(moves: Mapping[Tag, PinnedImage], cloud: PinningCloud) -> dict[Tag, _Answer]:
    """Read the manifest of every digest that would be written; answer the tags whose digest is not to be had."""
    answers = await gather_all(_doubt(image, cloud) for image in moves.values())
    return {tag: doubt for tag, doubt in zip(moves, answers, strict=True) if doubt is not None}


async def _doubt(image: PinnedImage, cloud: PinningCloud) -> Rejected | Unavailable | None:
    try:
        found = await cloud.registries.read(image)
    except (Rejected, Unavailable) as error:
        return error
    if found is None:
        return Unavailable(Fault.NOT_VISIBLE_YET, f"{image} is what its tag names, but has no manifest yet")
    return None


def _pinned(manifests: Sequence[Manifest], told: Mapping[Tag, object]) -> list[PinnedFile]:
    digests = {tag: answer for tag, answer in told.items() if isinstance(answer, Digest)}
    return [pin(manifest, digests) for manifest in manifests]


async def _commit(
    repository: Repository, head: Commit, files: Iterable[tuple[TreeEntry, PinnedFile]], news: Sequence[News]
) -> str | None:
    """Make a commit on top of the head that was read; None where nothing moves."""
    changed = {entry: file for entry, file in files if file.moves}
    if not changed:
        return None
    times = [(each.event, each.pushed_at) for each in news if each.pushed_at is not None]
    moves = [move for file in changed.values() for move in file.moves]
    message = commit_message(moves, [each.event for each in news], times)
    return await repository.git.commit_files(head, message, {entry: file.text for entry, file in changed.items()})


def _done(tag: Tag, pinned: Sequence[PinnedFile]) -> Done:
    what = f"{tag[0]}:{tag[1]}"
    moves = [m for file in pinned for m in file.moves if (m.field.reference.name, m.tag) == tag]
    frozen = [m for file in pinned for m in file.frozen if (m.field.reference.name, m.tag) == tag]
    alone = [a for file in pinned for a in _alone(file) if (a.field.reference.name, a.tag) == tag]
    still = f"; {_places(len(frozen))} would move, but a person froze it" if frozen else ""
    still += f"; {_places(len(alone))} should move, and cannot" if alone else ""
    if moves:
        return Done(f"{what} pinned to {moves[0].digest} in {_places(len(moves))}{still}", changed=True)
    resting = [f for file in pinned for f in file.images if f.reference.name == tag[0]]
    held = {*(move.field for move in frozen), *(each.field for each in alone)}
    following = [f for f in resting if f.follows == tag[1] and f not in held]
    if following:
        return Done(f"{what} is pinned already in {_places(len(following))}{still}", changed=False)
    if held:
        return Done(f"{what} is pinned nowhere{still}", changed=False)
    passed = [f for f in resting if f.pattern is not None and f.pattern.names(tag[1])]
    if passed:
        return Done(f"{what} is not above what follows its range in {_places(len(passed))}", changed=False)
    return Done(f"no manifest follows {what}", changed=False)


def _log(manifests: Sequence[Manifest], pinned: Sequence[PinnedFile]) -> None:
    """Say what was not pinned and why: the outcome of an event has only room for how often."""
    for problem in (problem for manifest in manifests for problem in manifest.problems):
        _log_not_pinned(logging.WARNING, problem.detail, reason=problem.reason)
    for file in pinned:
        for move in file.frozen:
            _log_not_pinned(
                logging.INFO, f"{move.field.place} is frozen, and does not move to {move.tag} {move.digest}"
            )
        for alone in _alone(file):
            event = LogEvent.PIN_DEFECT if file.is_defect else LogEvent.NOT_PINNED
            _log_not_pinned(logging.ERROR if file.is_defect else logging.WARNING, str(alone), event=event)
    if any(file.moves for file in pinned):
        _log_mentions(pinned)


def _alone(file: PinnedFile) -> tuple[LeftAlone, ...]:
    return (*file.left_alone, *file.unordered)


def _log_not_pinned(level: int, why: str, **labels: str) -> None:
    LOG.log(level, "not pinned: %s", why, extra={"event": LogEvent.NOT_PINNED, **labels})


def _log_mentions(pinned: Iterable[PinnedFile]) -> None:
    """Say where an image is named that nobody here knows to be run; a person may know."""
    mentions = [mention for file in pinned for mention in file.mentions]
    if mentions:
        shortened = "; ".join(f"{mention.place}: {shown(mention.value)}" for mention in mentions[:_MENTIONS_SHOWN])
        sentence = f"{len(mentions)} values are called images and are left alone: {shortened}"
        LOG.info(sentence, extra={"event": LogEvent.MENTIONED})


def _places(count: int) -> str:
    return "1 place" if count == 1 else f"{count} places"
