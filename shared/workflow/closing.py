"""Closing pull requests that there is nothing left to merge of: a comment says why, then the branch goes.

GitHub closes a pull request whose branch is deleted, so there is no state in between. A closed pull request keeps its
commits (refs/pull/N/head).
"""

from __future__ import annotations

import logging
from typing import Final

from shared.clients.gathering import gather_all
from shared.clients.github.pulls import PullRequest
from shared.domain.pull_request import is_release_branch
from shared.domain.vocabulary import LogEvent
from shared.workflow.judge import waited_for
from shared.workflow.made import Made, made_of
from shared.workflow.order import Course
from shared.workflow.promotion import Looking
from shared.workflow.release_status import Published
from shared.workflow.scene import Scene

LOG: Final = logging.getLogger("prodgate.closing")
_NOBODY: Final = "nothing"


async def close_what_is_superseded(course: Course, by: Published, looking: Looking) -> bool:
    """Close what a newer release replaces, with a link to that; answer whether there was anything.

    Raises:
        Unavailable: GitHub did not answer; the next delivery finds what is still open.
    """
    for one in course.superseded:
        await _supersede(one.pull, by.pull, _why(one, course, looking), looking)
    return bool(course.superseded)


async def close_behind(newer: Made, scene: Scene, looking: Looking) -> bool:
    """Close this release's own pull request where a newer one is open or merged: nobody is to merge the older one."""
    own = scene.own
    if own is None or own.number == newer.pull.number or own.author != looking.login:
        return False
    await _supersede(own, newer.pull, f"which releases {newer.commit}, a newer commit", looking)
    return True


async def close_what_was_taken(pull: PullRequest, looking: Looking) -> None:
    """Close a pull request of ours whose branch holds somebody else's work; that stays, and is not shown as tested."""
    if pull.author == looking.login:
        await _say_once(pull, "This branch does not hold the tree that was tested.", "branch-taken", looking)
        await looking.repository.pulls.close(pull.number)


async def close_what_prod_has(scene: Scene, looking: Looking) -> bool:
    """Close this release's pull request once prod has its tree, however it came there, and those that are older.

    Where dev went back to what prod has, what was on its way in between is not wanted any more. That is said only of a
    commit that passed its tests, and only by people are rollbacks called off.
    """
    tree = "There is nothing left to promote: prod has exactly this tree."
    closing = {scene.own.number: (scene.own, tree)} if scene.own and scene.own.author == looking.login else {}
    back = (
        f"There is nothing left to promote: {scene.tested.sha} is newer than this, and prod has exactly its tree. No "
        "other release supersedes this one."
    )
    closing |= {one.pull.number: (one.pull, back) for one in await _held_back(scene, looking)}
    for pull, why in closing.values():
        await _close(pull, why, _NOBODY, looking)
    return bool(closing)


async def _held_back(scene: Scene, looking: Looking) -> list[Made]:
    """Read the other open releases whose commits this one's history holds."""
    if waited_for(scene, looking):
        return []
    others = [pull for pull in scene.pulls.all if pull.is_open and pull.head != scene.head]
    made = [one for one in await made_of(others, looking) if not one.is_rollback]
    held = await gather_all(looking.repository.git.contains(scene.tested.sha, one.commit) for one in made)
    return [one for one, is_held in zip(made, held, strict=True) if is_held]


def _why(one: Made, course: Course, looking: Looking) -> str:
    if not one.is_snapshot:
        return "a snapshot: what is merged is not dev itself any more"
    if one in course.abandoned:
        return f"since {looking.cloud.settings.environment.dev} does not hold {one.commit} any more"
    return "which has everything that this one has" if not one.is_rollback else "another rollback"


async def _supersede(pull: PullRequest, by: PullRequest, why: str, looking: Looking) -> None:
    LOG.info("#%d is superseded by #%d", pull.number, by.number, extra={"event": LogEvent.SUPERSEDED})
    await _close(pull, f"Superseded by #{by.number}, {why}.", f"#{by.number}", looking)


async def _close(pull: PullRequest, why: str, by: str, looking: Looking) -> None:
    await _say_once(pull, why, by, looking)
    if is_release_branch(pull.head):
        await looking.repository.git.delete(pull.head)
    else:
        await looking.repository.pulls.close(pull.number)


async def _say_once(pull: PullRequest, why: str, by: str, looking: Looking) -> None:
    """Say why it is closed: one that was reopened and is closed for another reason gets another comment."""
    comments, marker = looking.repository.comments, f"<!-- prodgate:closed:v1 by={by} -->"
    if await comments.marked(pull.number, marker, looking.login) is None:
        await comments.write(pull.number, f"{why}\n\n{marker}")
