"""open_prod_pr: open the pull request whose merge runs exactly what was tested, and nothing else.

The event only wakes this step. It looks for itself: is the commit on dev; has every required suite its status on
exactly this commit, set by our own App; is every image proven attested; would prod's policy admit all of them; would
the release undo anything that prod alone has; do prod's branch rules hold. Short of anything no pull request is opened
and nothing turns green: the tested commit's status `prodgate/release` says what is missing, and so does the log.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from shared.clients.gathering import together
from shared.domain.errors import Reason, Rejected
from shared.domain.events import ReleaseCheck, ReportedCompletion
from shared.workflow.branch_release import publish_branch
from shared.workflow.closing import close_behind, close_what_is_superseded, close_what_prod_has
from shared.workflow.done import Done
from shared.workflow.environment import require_configured
from shared.workflow.judge import judge, require_suites, waited_for
from shared.workflow.made import made_of
from shared.workflow.order import Course, Order, course_of
from shared.workflow.promotion import Looking, PromotingCloud, Strategy, Wish
from shared.workflow.release_check import newest_complete
from shared.workflow.release_status import (
    say_nothing_left,
    say_passed_over,
    say_refused,
    say_released,
    say_unseen,
    say_waiting,
)
from shared.workflow.scene import Scene, look
from shared.workflow.snapshot import publish_snapshot
from shared.workflow.waiting import LOOK_AGAIN_S, look_again


async def promote(
    event: ReportedCompletion | ReleaseCheck, cloud: PromotingCloud, *, settling: bool, woken: str = ""
) -> Done:
    """Work off what wakes open_prod_pr: a suite that is complete, or a wish to look again.

    Raises:
        Rejected: the release cannot go to prod; the sentence says what is missing.
        Unavailable: a service did not answer, or what is missing may still be on its way.
    """
    require_configured(event.repository, cloud.settings.environment)
    async with cloud.github.repository() as repository:
        looking = Looking(repository, cloud, settling, woken)
        if isinstance(event, ReportedCompletion):
            return await _promote_one(Wish(event.commit, event.suite, event.rollback), looking)
        async with cloud.turn:
            return await _look_at_all(looking)


async def _promote_one(wish: Wish, looking: Looking) -> Done:
    """Promote a commit; where it is refused, what is open besides is judged anew: it may be refused for the same."""
    try:
        return await _complete(wish, looking)
    except Rejected as error:
        if error.reason is not Reason.UNKNOWN_COMMIT:
            async with looking.cloud.turn:
                await _look_at_the_open(wish, looking)
        raise


async def _complete(wish: Wish, looking: Looking) -> Done:
    """Promote a commit; where a suite is missing while the event is young, look longer, and let others in between."""
    waiting: Scene | None = None
    for pause_s in LOOK_AGAIN_S if looking.settling else ():
        async with looking.cloud.turn:
            found = await _once(wish, waiting, looking)
        if isinstance(found, Done):
            return found
        waiting = found
        await asyncio.sleep(pause_s)
    async with looking.cloud.turn:
        found = await _once(wish, waiting, looking)
        return found if isinstance(found, Done) else await _waits(wish, found, looking)


async def _once(wish: Wish, waiting: Scene | None, looking: Looking) -> Done | Scene:
    """Promote a commit, or answer the scene in which a suite is still missing.

    After a pause everything is read anew, since others may have opened, closed or merged something.
    """
    if waiting is not None:
        scene = await look_again(waiting, looking)
        if waited_for(scene, looking):
            return scene
    return await _promote(wish, looking)


async def _look_at_all(looking: Looking) -> Done:
    """Promote the newest complete commit, then look at whatever is open besides; nothing is rejected.

    Nothing is wrong with an event that asks to look, and the schedule asks again.
    """
    commit = await newest_complete(looking)
    if commit is None:
        first = Done("no commit on dev is complete, of the newest ones", changed=False)
    else:
        first = await _look_at(Wish(commit), looking)
    every = [first, *await _look_at_the_open(Wish(commit or ""), looking)]
    return Done("; ".join(done.summary for done in every), changed=any(done.changed for done in every))


async def _look_at_the_open(but: Wish, looking: Looking) -> list[Done]:
    """Judge every other open release anew: prod, its policy or its rules may have changed under it.

    Each is rebuilt on prod's head, turns red, or is closed. What is missing for one is not on its way any more.
    """
    listed = await looking.repository.pulls.latest(looking.cloud.settings.environment.prod)
    made = await made_of((pull for pull in listed.all if pull.is_open), looking)
    others = [one.wish for one in made if one.is_snapshot and one.wish != replace(but, suite=None)]
    return [await _look_at(wish, replace(looking, settling=False)) for wish in others]


async def _look_at(wish: Wish, looking: Looking) -> Done:
    try:
        found = await _promote(wish, looking)
    except Rejected as error:
        return Done(f"{wish.commit} is not released ({error.reason}): {error.detail}", changed=False)
    return found if isinstance(found, Done) else await _waits(wish, found, looking)


async def _promote(wish: Wish, looking: Looking) -> Done | Scene:
    try:
        scene = await look(wish, looking)
    except Rejected as error:
        await say_unseen(error, wish, looking)
        raise
    if scene.tested.tree == scene.prod.tree:
        closed = await close_what_prod_has(scene, looking)
        said = await say_nothing_left(scene, looking)
        return Done(f"nothing to promote: prod has the tree of {wish.commit} already", changed=closed or said)
    course = await course_of(wish, scene, looking)
    if course.order is not Order.GO_ON:
        said = await say_passed_over(course.why, scene, looking)
        closed = course.newer is not None and await close_behind(course.newer, scene, looking)
        return Done(course.why, changed=said or closed)
    if waited_for(scene, looking):
        return scene
    try:
        return await _release(wish, scene, course, looking)
    except Rejected as error:
        await say_refused(error, scene, looking)
        raise


async def _waits(wish: Wish, scene: Scene, looking: Looking) -> Done:
    """Say what a commit waits for: other suites than the one that its event calls complete.

    Raises:
        Rejected: that one is missing.
        Unavailable: its status may not be visible yet.
    """
    waited = waited_for(scene, looking)
    if wish.suite in waited:
        try:
            require_suites(scene, looking)
        except Rejected as error:
            await say_refused(error, scene, looking)
            raise
    said = await say_waiting(f"waits for {', '.join(waited)}", scene, looking)
    return Done(f"{wish.commit} waits for {', '.join(waited)}", changed=said)


async def _release(wish: Wish, scene: Scene, course: Course, looking: Looking) -> Done:
    report = await judge(wish, scene, course, looking)
    is_snapshot = wish.rollback is not None or looking.cloud.settings.strategy is Strategy.SNAPSHOT
    publish = publish_snapshot if is_snapshot else publish_branch
    published = await publish(report, scene, looking)
    async with together() as group:
        saying = group.create_task(say_released(published, scene, looking))
        closed = await close_what_is_superseded(course, published, looking)
    pull = published.pull
    return Done(f"#{pull.number} {pull.title} {pull.url}", changed=published.changed or closed or saying.result())
