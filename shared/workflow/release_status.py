"""What `prodgate/release` says on the tested commit, while its release is not what people merge.

It is never green there under the strategy `snapshot`: a green dev commit could be merged by hand, and that merge is not
what was tested. It is set by the release App, only where it says something new, so replays make no noise.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.clients.github.pulls import PullRequest
from shared.clients.github.statuses import State, short_description
from shared.domain.errors import Reason, Rejected
from shared.workflow.promotion import RELEASE_STATUS, Looking
from shared.workflow.scene import Scene


@dataclass(frozen=True, slots=True)
class Published:
    """The pull request of a release, the commit that is green, and whether anything is different now."""

    pull: PullRequest
    green: str
    changed: bool


async def say_waiting(what: str, scene: Scene, looking: Looking) -> bool:
    """Say what a release waits for; answer whether that is new."""
    return await _say("pending", what, scene, looking)


async def say_refused(error: Rejected, scene: Scene, looking: Looking) -> None:
    """Say why a commit is not released, and take the green light off a snapshot of it that is open."""
    state: State = "pending" if error.reason is Reason.INCOMPLETE_RELEASE else "failure"
    await _say(state, error.detail, scene, looking)
    if scene.own is None or scene.own.head_sha == scene.tested.sha:
        return
    on = await looking.repository.statuses.of(scene.own.head_sha, RELEASE_STATUS, looking.login)
    if on is not None and on.succeeded:
        await looking.repository.statuses.set(scene.own.head_sha, RELEASE_STATUS, "failure", description=error.detail)


async def say_released(published: Published, scene: Scene, looking: Looking) -> bool:
    """Where the tested commit said that something is missing, say where its release is instead."""
    own = scene.statuses.newest(RELEASE_STATUS, looking.login)
    if own is None or published.green == scene.tested.sha:
        return False
    what = f"proven; #{published.pull.number} releases it, and its head is what to merge"
    return await _say("pending", what, scene, looking)


async def _say(state: State, what: str, scene: Scene, looking: Looking) -> bool:
    own = scene.statuses.newest(RELEASE_STATUS, looking.login)
    if own is not None and (own.state, own.description) == (state, short_description(what)):
        return False
    commit = scene.tested.sha
    await looking.repository.statuses.set(commit, RELEASE_STATUS, state, description=what)
    return True
