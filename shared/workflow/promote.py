"""open_prod_pr: open the pull request whose merge runs exactly what was tested, and nothing else.

The event only wakes this step. It looks for itself: is the commit on dev; has every required suite its status on
exactly this commit, set by our own App; is every image proven attested; would prod's policy admit all of them. Then it
makes the snapshot: a commit with the tested tree on top of prod's head, on a branch of its own, with a green status,
and one pull request. Short of anything, nothing is written.
"""

from __future__ import annotations

from shared.clients.gathering import together
from shared.domain.events import ReportedCompletion
from shared.workflow.done import Done
from shared.workflow.environment import require_configured
from shared.workflow.judge import (
    Looking,
    PromotingCloud,
    judge,
    look_at_prod,
    look_at_rules,
    look_at_tested,
)
from shared.workflow.order import settled
from shared.workflow.snapshot import Candidate, publish


async def promote_release(reported: ReportedCompletion, cloud: PromotingCloud, *, settling: bool) -> Done:
    """Open or update the pull request of a release, once everything about it is proven.

    Raises:
        Rejected: the release cannot go to prod; the sentence says what is missing.
        Unavailable: a service did not answer, or what is missing may still be on its way.
    """
    require_configured(reported.repository, cloud.settings.environment)
    async with cloud.github.repository() as repository:
        looking = Looking(repository, cloud, settling)
        async with together() as group:
            reading_tested = group.create_task(look_at_tested(reported, looking))
            reading_prod = group.create_task(look_at_prod(looking))
            reading_rules = group.create_task(look_at_rules(cloud))
            decided = await settled(reported, repository, cloud.settings.environment)
        tested, prod, rules = reading_tested.result(), reading_prod.result(), reading_rules.result()
        if tested.commit.tree == prod.commit.tree:
            return Done(f"nothing to promote: prod has the tree of {tested.commit.sha} already", changed=False)
        if decided is not None:
            return Done(decided, changed=False)
        report = await judge(reported, tested, prod, rules, looking)
        candidate = Candidate(tested.commit, prod.commit, report)
        return await publish(
            candidate, repository, login=cloud.github.settings.login, base=cloud.settings.environment.prod
        )
