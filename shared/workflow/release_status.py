"""What `prodgate/release` says on the tested commit, while its release is not what people merge.

It is never green there under the strategy `snapshot`: a green dev commit could be merged by hand, and that merge is not
what was tested. It is set by the release App, only where it says something new, so replays make no noise.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.clients.gathering import together
from shared.clients.github.pulls import PullRequest
from shared.clients.github.statuses import CommitStatuses, State, short_description
from shared.domain.errors import Reason, Rejected
from shared.domain.pull_request import branch
from shared.workflow.promotion import RELEASE_STATUS, Looking, Wish
from shared.workflow.scene import Scene


@dataclass(frozen=True, slots=True)
class Published:
    """The pull request of a release, the commit that is green, and whether anything is different now."""

    pull: PullRequest
    green: str
    changed: bool


async def say_waiting(what: str, scene: Scene, looking: Looking) -> bool:
    """Say what a release waits for, on a snapshot of it that is open too; answer whether that is new."""
    said = await _say("pending", what, scene, looking)
    return await _redden_own(what, scene, looking) or said


async def say_passed_over(why: str, scene: Scene, looking: Looking) -> bool:
    """Say why an event about a commit did nothing; under the strategy `branch` a green one stays that."""
    own = scene.statuses.newest(RELEASE_STATUS, looking.login)
    return False if own is not None and own.succeeded else await _say("pending", why, scene, looking)


async def say_nothing_left(scene: Scene, looking: Looking) -> bool:
    """Where the tested commit said that something is missing, say that prod has its tree."""
    own = scene.statuses.newest(RELEASE_STATUS, looking.login)
    if own is None or own.succeeded:
        return False
    return await _say("pending", "nothing to promote: prod has exactly this tree", scene, looking)


async def say_refused(error: Rejected, scene: Scene, looking: Looking) -> None:
    """Say why a commit is not released, and take the green light off a snapshot of it that is open."""
    state: State = "pending" if error.reason is Reason.INCOMPLETE_RELEASE else "failure"
    await _say(state, error.detail, scene, looking)
    await _redden_own(error.detail, scene, looking)


async def say_unseen(error: Rejected, wish: Wish, looking: Looking) -> None:
    """Say why a commit cannot even be looked at, and take the green light off what is open for it.

    Nothing is said where the repository has no such commit.
    """
    if error.reason is Reason.UNKNOWN_COMMIT:
        return
    repository, prod = looking.repository, looking.cloud.settings.environment.prod
    async with together() as group:
        listing = group.create_task(repository.pulls.of_head(branch(wish.commit), prod))
        statuses = await repository.statuses.on(wish.commit)
    await _put("failure", error.detail, wish.commit, statuses=statuses, looking=looking)
    for snapshot in [pull.head_sha for pull in listing.result() if pull.is_open]:
        await _redden(snapshot, error.detail, looking)


async def _redden_own(why: str, scene: Scene, looking: Looking) -> bool:
    if scene.own is None or scene.own.head_sha == scene.tested.sha:
        return False
    return await _redden(scene.own.head_sha, why, looking)


async def _redden(snapshot: str, why: str, looking: Looking) -> bool:
    on = await looking.repository.statuses.of(snapshot, RELEASE_STATUS, looking.login)
    if on is None or not on.succeeded:
        return False
    await looking.repository.statuses.set(snapshot, RELEASE_STATUS, "failure", description=why)
    return True


async def say_released(published: Published, scene: Scene, looking: Looking) -> bool:
    """Where the tested commit said that something is missing, say where its release is instead."""
    own = scene.statuses.newest(RELEASE_STATUS, looking.login)
    if own is None or published.green == scene.tested.sha:
        return False
    what = f"proven; #{published.pull.number} releases it, and its head is what to merge"
    return await _say("pending", what, scene, looking)


async def _say(state: State, what: str, scene: Scene, looking: Looking) -> bool:
    return await _put(state, what, scene.tested.sha, statuses=scene.statuses, looking=looking)


async def _put(state: State, what: str, commit: str, *, statuses: CommitStatuses, looking: Looking) -> bool:
    own = statuses.newest(RELEASE_STATUS, looking.login)
    if own is not None and (own.state, own.description) == (state, short_description(what)):
        return False
    await looking.repository.statuses.set(commit, RELEASE_STATUS, state, description=what)
    return True
