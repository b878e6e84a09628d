"""The order of releases: an older one never goes over a newer one, and what people decided stays decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from shared.clients.gathering import gather_all, together
from shared.clients.github import Repository
from shared.clients.github.pulls import PullRequest
from shared.domain.body_markers import marked_commit
from shared.domain.pull_request import is_release_branch, is_rollback, released_commit
from shared.workflow.promotion import Looking, Wish
from shared.workflow.scene import Scene


class Order(Enum):
    """What is to become of a release."""

    GO_ON = auto()
    SETTLED = auto()


@dataclass(frozen=True, slots=True)
class Made:
    """A pull request that prodgate made, by what its snapshot commit says: the tested commit, and its tree."""

    pull: PullRequest
    commit: str
    tree: str
    is_rollback: bool


@dataclass(frozen=True, slots=True)
class Course:
    """What is to become of a release and why; what it supersedes; and what was merged last."""

    order: Order
    why: str = ""
    superseded: tuple[Made, ...] = ()
    last: Made | None = None


async def course_of(wish: Wish, scene: Scene, looking: Looking) -> Course:
    """Decide whether this release is to be opened (again), and over which others.

    A rollback goes over everything, because a person said so; it leaves open releases alone, and they leave it.
    """
    async with together() as group:
        reading = group.create_task(_opened(scene, looking))
        merged = await _merged(scene, looking.repository)
    opened, last = reading.result(), merged[0] if merged else None
    if wish.rollback is not None:
        return Course(Order.GO_ON, superseded=tuple(one for one in opened if one.is_rollback), last=last)
    if scene.own is None and (why := _decided_by_people(wish, scene)):
        return Course(Order.SETTLED, why, last=last)
    releases = tuple(one for one in opened if not one.is_rollback)
    compared = [*releases, *_own(scene), *(one for one in merged if not one.is_rollback)]
    newer = await _newer(wish, compared, looking.repository)
    if newer is not None:
        why = f"#{newer.pull.number} releases {newer.commit}, which is newer; replay with rollback.reason to go back"
        return Course(Order.SETTLED, why, last=last)
    return Course(Order.GO_ON, superseded=releases, last=last)


async def _opened(scene: Scene, looking: Looking) -> list[Made]:
    """Read the other open pull requests that this App made."""
    others = [pull for pull in scene.pulls if pull.is_open and _is_release(pull) and pull.head != scene.head]
    mine = [pull for pull in others if pull.author == looking.login]
    found = await gather_all(_made(pull, looking.repository) for pull in mine)
    return [one for one in found if one is not None]


async def _merged(scene: Scene, repository: Repository) -> list[Made]:
    """Read merged releases, the last one first, as far as it matters: up to the last one that was no rollback."""
    times = [(pull.merged_at, pull.number, pull) for pull in scene.pulls if pull.merged_at and _is_release(pull)]
    found: list[Made] = []
    for _, _, pull in sorted(times, reverse=True):
        one = await _made(pull, repository)
        if one is not None:
            found.append(one)
            if not one.is_rollback:
                break
    return found


def _own(scene: Scene) -> list[Made]:
    """Under the strategy `branch` one pull request serves release after release: its body says which it is about."""
    commit = marked_commit(scene.own.body) if scene.own and not is_release_branch(scene.own.head) else None
    return [Made(scene.own, commit, "", is_rollback=False)] if scene.own and commit else []


def _is_release(pull: PullRequest) -> bool:
    return pull.is_ours and (is_release_branch(pull.head) or marked_commit(pull.body) is not None)


def _decided_by_people(wish: Wish, scene: Scene) -> str | None:
    """Say what people made of this release's pull request, where there was one."""
    own = [pull for pull in scene.pulls if pull.is_ours and pull.head == scene.head and not pull.is_open]
    same = [pull for pull in own if is_release_branch(pull.head) or marked_commit(pull.body) == wish.commit]
    if not same:
        return None
    how = "merged; prod has changed since" if same[0].is_merged else "closed; reopen it to go on"
    return f"#{same[0].number} was {how}"


async def _made(pull: PullRequest, repository: Repository) -> Made | None:
    head = await repository.git.commit(pull.head_sha)
    if head is None:
        return None
    if not is_release_branch(pull.head):
        return Made(pull, head.sha, head.tree, is_rollback=False)
    commit = released_commit(head.message)
    return None if commit is None else Made(pull, commit, head.tree, is_rollback(head.message))


async def _newer(wish: Wish, others: list[Made], repository: Repository) -> Made | None:
    """Find another release that this commit's history does not hold: it is newer, or of another line."""
    held = await gather_all(repository.git.contains(wish.commit, one.commit) for one in others)
    return next((one for one, is_held in zip(others, held, strict=True) if not is_held), None)
