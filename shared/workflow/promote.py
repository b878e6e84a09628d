"""open_prod_pr: open the pull request whose merge runs exactly what was tested, and nothing else.

The event only wakes this step. It looks for itself: is the commit on dev; has every required suite its status on
exactly this commit, set by our own App; is every image proven attested; would prod's policy admit all of them; would
the release undo anything that prod alone has; do prod's branch rules hold. Short of anything no pull request is opened
and nothing turns green: the tested commit's status `prodgate/release` says what is missing, and so does the log.
"""

from __future__ import annotations

from shared.clients.gathering import together
from shared.domain.errors import Rejected
from shared.domain.events import ReleaseCheck, ReportedCompletion
from shared.workflow.branch_release import publish_branch
from shared.workflow.closing import close_what_is_superseded, close_what_prod_has
from shared.workflow.done import Done
from shared.workflow.environment import require_configured
from shared.workflow.judge import judge, require_suites, waited_for
from shared.workflow.order import Course, Order, course_of
from shared.workflow.promotion import Looking, PromotingCloud, Strategy, Wish
from shared.workflow.release_check import newest_complete
from shared.workflow.release_status import say_refused, say_released, say_waiting
from shared.workflow.scene import Scene, look
from shared.workflow.snapshot import publish_snapshot
from shared.workflow.waiting import look_longer


async def promote(event: ReportedCompletion | ReleaseCheck, cloud: PromotingCloud, *, settling: bool) -> Done:
    """Work off what wakes open_prod_pr: a suite that is complete, or a wish to look again.

    Raises:
        Rejected: the release cannot go to prod; the sentence says what is missing.
        Unavailable: a service did not answer, or what is missing may still be on its way.
    """
    require_configured(event.repository, cloud.settings.environment)
    async with cloud.github.repository() as repository:
        looking = Looking(repository, cloud, settling)
        if isinstance(event, ReportedCompletion):
            return await _promote(Wish(event.commit, event.suite, event.rollback), looking)
        commit = await newest_complete(looking)
        if commit is None:
            return Done("no commit on dev is complete, of the newest ones", changed=False)
        return await _look_again(Wish(commit), looking)


async def _look_again(wish: Wish, looking: Looking) -> Done:
    """Promote without rejecting: nothing is wrong with an event that asks to look, and the schedule asks again."""
    try:
        return await _promote(wish, looking)
    except Rejected as error:
        return Done(f"{wish.commit} is not released ({error.reason}): {error.detail}", changed=False)


async def _promote(wish: Wish, looking: Looking) -> Done:
    scene = await look(wish, looking)
    if scene.tested.tree == scene.prod.tree:
        closed = await close_what_prod_has(scene, looking)
        return Done(f"nothing to promote: prod has the tree of {wish.commit} already", changed=closed)
    course = await course_of(wish, scene, looking)
    if course.order is not Order.GO_ON:
        return Done(course.why, changed=False)
    scene = await look_longer(scene, looking)
    waited = waited_for(scene, looking)
    if waited and wish.suite not in waited:
        said = await say_waiting(f"waits for {', '.join(waited)}", scene, looking)
        return Done(f"{wish.commit} waits for {', '.join(waited)}", changed=said)
    try:
        return await _release(wish, scene, course, looking)
    except Rejected as error:
        await say_refused(error, scene, looking)
        raise


async def _release(wish: Wish, scene: Scene, course: Course, looking: Looking) -> Done:
    require_suites(scene, looking)
    report = await judge(wish, scene, course, looking)
    is_snapshot = wish.rollback is not None or looking.cloud.settings.strategy is Strategy.SNAPSHOT
    publish = publish_snapshot if is_snapshot else publish_branch
    published = await publish(report, scene, looking)
    async with together() as group:
        saying = group.create_task(say_released(published, scene, looking))
        closed = await close_what_is_superseded(course.superseded, published, looking)
    pull = published.pull
    return Done(f"#{pull.number} {pull.title} {pull.url}", changed=published.changed or closed or saying.result())
