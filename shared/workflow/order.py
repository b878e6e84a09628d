"""The order of releases: an older one never goes over a newer one, and what people decided stays decided.

The order is that of dev's history. Of two commits neither of which holds the other, the one that dev has not any more
does not count: dev was pushed anew without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from shared.clients.gathering import gather_all, together
from shared.clients.github.pulls import PullList, PullRequest
from shared.domain.body_markers import marked_commit
from shared.domain.pull_request import is_release_branch
from shared.workflow.made import Made, made_of
from shared.workflow.promotion import Looking, Strategy, Wish
from shared.workflow.scene import Scene


class Order(Enum):
    """What is to become of a release."""

    GO_ON = auto()
    SETTLED = auto()


@dataclass(frozen=True, slots=True)
class Course:
    """What is to become of a release and why.

    `superseded` are open ones that it replaces, `abandoned` those of them whose commit its history does not hold;
    `newer` is what goes before it. `last` was merged last, and `forward` was merged last of those that nobody asked for
    as a rollback.
    """

    order: Order
    why: str = ""
    superseded: tuple[Made, ...] = ()
    abandoned: tuple[Made, ...] = ()
    newer: Made | None = None
    last: Made | None = None
    forward: Made | None = None


@dataclass(frozen=True, slots=True)
class _Past:
    """What was made before: the other open releases, and the merged ones that matter, the last one first."""

    opened: tuple[Made, ...]
    merged: tuple[Made, ...]

    @property
    def last(self) -> Made | None:
        return next(iter(self.merged), None)

    @property
    def forward(self) -> Made | None:
        return next((one for one in self.merged if not one.is_rollback), None)


async def course_of(wish: Wish, scene: Scene, looking: Looking) -> Course:
    """Decide whether this release is to be opened (again), and over which others.

    A rollback goes over everything, because a person said so; it leaves open releases alone, and they leave it.

    Raises:
        Unavailable: something cannot be read.
    """
    async with together() as group:
        reading = group.create_task(_past(scene, looking))
        why = await _decided_by_people(wish, scene, looking)
    past = reading.result()
    if why:
        return Course(Order.SETTLED, why, last=past.last, forward=past.forward)
    if wish.rollback is not None:
        rollbacks = tuple(one for one in past.opened if one.is_rollback)
        return Course(Order.GO_ON, superseded=rollbacks, last=past.last, forward=past.forward)
    return await _forward(wish, scene, past, looking)


async def _forward(wish: Wish, scene: Scene, past: _Past, looking: Looking) -> Course:
    """Hold a release against the open ones, and against what prod had last."""
    releases = tuple(one for one in past.opened if not one.is_rollback)
    # What the strategy `branch` left open names no tested commit: its head is whatever dev is.
    compared = [one for one in releases if one.is_snapshot] + [one for one in past.merged if not one.is_rollback]
    async with together() as group:
        holding = group.create_task(_held(wish, compared, looking))
        own = await _own(scene, looking)
    held = holding.result()
    others = [one for one, is_held in zip(compared, held, strict=True) if not is_held]
    newer = await _newer(wish, [*own, *others], looking)
    if newer is not None:
        why = f"#{newer.pull.number} releases {newer.commit}, which is newer; replay with rollback.reason to go back"
        return Course(Order.SETTLED, why, newer=newer, last=past.last, forward=past.forward)
    abandoned = tuple(one for one in releases if one in others)
    return Course(Order.GO_ON, "", releases, abandoned, last=past.last, forward=past.forward)


async def _past(scene: Scene, looking: Looking) -> _Past:
    others = [pull for pull in scene.pulls.all if pull.is_open and pull.head != scene.head]
    async with together() as group:
        reading = group.create_task(made_of(others, looking))
        merged = await _merged(scene.pulls, looking)
    return _Past(tuple(reading.result()), tuple(merged))


async def _merged(listed: PullList, looking: Looking) -> list[Made]:
    """Read merged releases, the last one first, as far as it matters: up to the last one that was no rollback."""
    while True:
        found = await _last_merged(listed, looking)
        if listed.since is None or any(one.merged_at >= listed.since for one in found[-1:]):
            return [one.made for one in found]
        listed = await looking.repository.pulls.before(listed, looking.cloud.settings.environment.prod)


@dataclass(frozen=True, slots=True)
class _Merged:
    """A merged release, and when."""

    made: Made
    merged_at: datetime


async def _last_merged(listed: PullList, looking: Looking) -> list[_Merged]:
    """Answer the releases of a list up to the last one that was no rollback; none where there is none."""
    times = [(pull.merged_at, pull.number, pull) for pull in listed.all if pull.merged_at]
    found: list[_Merged] = []
    for merged_at, _, pull in sorted(times, reverse=True):
        for one in await made_of([pull], looking):
            found.append(_Merged(one, merged_at))
            if not one.is_rollback:
                return found
    return found if listed.since is None else []


async def _held(wish: Wish, others: Sequence[Made], looking: Looking) -> list[bool]:
    """Whether this commit's history holds each of the others."""
    git = looking.repository.git
    return [bool(held) for held in await gather_all(git.contains(wish.commit, one.commit) for one in others)]


async def _newer(wish: Wish, others: Sequence[Made], looking: Looking) -> Made | None:
    """Find one, of those that this commit's history does not hold, that goes before it.

    It is newer where its own history holds this commit. Where dev holds both, and neither the other, they are of two
    lines that dev joined, and releasing this one would take back the other.
    """
    git, dev = looking.repository.git, looking.cloud.settings.environment.dev
    for one in others:
        if await git.contains(one.commit, wish.commit) or await git.contains(dev, one.commit):
            return one
    return None


async def _own(scene: Scene, looking: Looking) -> list[Made]:
    """Under the strategy `branch` one pull request serves release after release: its body says which it is about.

    A body can be edited by anybody who may write, so a commit that dev does not hold, or this one holds, is nothing.
    """
    if scene.own is None or is_release_branch(scene.own.head):
        return []
    commit = marked_commit(scene.own.body)
    git, dev = looking.repository.git, looking.cloud.settings.environment.dev
    if commit is None or await git.contains(scene.tested.sha, commit) or not await git.contains(dev, commit):
        return []
    return [Made(scene.own, commit, "", is_snapshot=False)]


async def _decided_by_people(wish: Wish, scene: Scene, looking: Looking) -> str | None:
    """Say what people made of this release's pull request, where there was one."""
    if scene.own is not None and wish.rollback is None:
        return None
    pulls = scene.pulls.all
    if scene.pulls.since is not None:
        pulls = await looking.repository.pulls.of_head(scene.head, looking.cloud.settings.environment.prod)
    own = [pull for pull in pulls if pull.is_ours and pull.head == scene.head and not pull.is_open]
    same = await _about(wish, own, scene, looking)
    if same is None:
        return None
    how = "merged; prod has changed since" if same.is_merged else "closed; reopen it to go on"
    if wish.rollback is not None:
        how = f"{'merged' if same.is_merged else 'closed'}; ask with another reason to go back once more"
    return f"#{same.number} was {how}"


async def _about(wish: Wish, own: Sequence[PullRequest], scene: Scene, looking: Looking) -> PullRequest | None:
    """Find the newest pull request, of those from this head that are over, that was about exactly this wish.

    Its commit must be the tested tree: what somebody else put on the branch says of itself whatever they like.
    """
    if looking.cloud.settings.strategy is Strategy.BRANCH and wish.rollback is None:
        return next((pull for pull in own if marked_commit(pull.body) == wish.commit), None)
    for pull in own:
        made = await made_of([pull], looking)
        asked = [one for one in made if (one.commit, one.rollback) == (wish.commit, wish.rollback)]
        if any(one.tree == scene.tested.tree for one in asked):
            return pull
    return None
