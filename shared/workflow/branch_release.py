"""The strategy `branch`: one pull request from dev into prod, whose head is green where it is the tested commit."""

from __future__ import annotations

from shared.domain.pull_request import ReleaseReport
from shared.workflow.promotion import RELEASE_STATUS, Looking
from shared.workflow.release_pull import bring_up_to_date
from shared.workflow.release_status import Published
from shared.workflow.scene import Scene


async def publish_branch(report: ReleaseReport, scene: Scene, looking: Looking) -> Published:
    """Turn the tested commit green and make or find the pull request; where dev has moved on, that stays red.

    Raises:
        Unavailable: GitHub did not answer, or somebody else did the same just now.
    """
    commit = scene.tested.sha
    own = scene.statuses.newest(RELEASE_STATUS, looking.login)
    marked = own is None or not own.succeeded
    if marked:
        await looking.repository.statuses.succeed(
            commit,
            RELEASE_STATUS,
            description=f"Tested: {len(report.proofs)} attestations proven",
            target_url=f"{report.web_url}/commit/{commit}",
        )
    pull, edited = await bring_up_to_date(report, scene.own, scene.head, looking)
    return Published(pull, commit, changed=marked or edited)
