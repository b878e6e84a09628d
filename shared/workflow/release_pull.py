"""The one pull request of a release: opened or adopted, brought up to date, and dressed as configured."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from typing import Final

from shared.clients.github.openings import NewBranch
from shared.clients.github.pulls import PullRequest
from shared.domain.body_markers import has_part, remembering, rewritten, was_asked
from shared.domain.errors import Fault, Unavailable
from shared.domain.pull_request import ReleaseReport
from shared.domain.vocabulary import LogEvent
from shared.workflow.promotion import Looking

LOG: Final = logging.getLogger("prodgate.pull_request")


async def open_with(branch: NewBranch, report: ReleaseReport, looking: Looking) -> PullRequest | None:
    """Make the branch and open its pull request at once; None where none was opened.

    Its head is not the branch's commit where somebody made a branch of that name meanwhile.

    Raises:
        Unavailable: GitHub did not answer; both may be there.
    """
    settings, base = looking.cloud.settings.pull_request, looking.cloud.settings.environment.prod
    title, body = settings.texts.title_of(report), settings.texts.body_of(report)
    return await looking.repository.openings.open(branch, base, title=title, body=body, draft=settings.is_draft)


async def bring_up_to_date(
    report: ReleaseReport, existing: PullRequest | None, head: str, looking: Looking
) -> tuple[PullRequest, bool]:
    """Open the pull request, or bring the open one up to date; answer it, and whether anything changed.

    Raises:
        Unavailable: GitHub did not answer, or it could neither be opened nor found open.
    """
    settings, pulls = looking.cloud.settings.pull_request, looking.repository.pulls
    base = looking.cloud.settings.environment.prod
    title, part = settings.texts.title_of(report), settings.texts.body_of(report)
    opened = None
    if existing is None:
        opened = await pulls.open(head, base, title=title, body=part, draft=settings.is_draft)
    pull = existing or opened or await pulls.open_one(head, base)
    if pull is None:
        raise Unavailable(Fault.LOST_RACE, f"{head} could neither be opened nor found open")
    labelled = await _label(pull, looking)
    body = pull.body if has_part(pull.body, part) else rewritten(pull.body, part)
    if await _ask(pull, looking):
        body = remembering(body)
    if (pull.title.strip(), pull.body) == (title.strip(), body):
        return pull, labelled or opened is not None
    return await pulls.edit(pull.number, title=title, body=body), True


async def _label(pull: PullRequest, looking: Looking) -> bool:
    """Put on the labels that are missing; to GitHub, `Release` and `release` are one."""
    found = {label.lower() for label in pull.labels}
    missing = tuple(label for label in looking.cloud.settings.pull_request.labels if label.lower() not in found)
    return bool(missing) and await _warned(looking.repository.pulls.label(pull.number, missing), "labels")


async def _ask(pull: PullRequest, looking: Looking) -> bool:
    """Ask the configured people once, whichever delivery it takes; answer whether the body is to remember that now."""
    settings, pulls = looking.cloud.settings.pull_request, looking.repository.pulls
    if was_asked(pull.body) or not (settings.reviewers or settings.teams or settings.assignees):
        return False
    reviewers = _missing(settings.reviewers, pull.reviewers | {pull.author.lower()})
    teams, assignees = _missing(settings.teams, pull.teams), _missing(settings.assignees, pull.assignees)
    if reviewers or teams:
        await _warned(pulls.ask(pull.number, reviewers=reviewers, teams=teams), "reviewers")
    if assignees:
        await _warned(pulls.assign(pull.number, assignees), "assignees")
    return True


def _missing(wanted: Sequence[str], found: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in wanted if name.lower() not in found)


async def _warned(asking: Awaitable[None], what: str) -> bool:
    """Ask; what GitHub refuses for good holds no release up. Answer whether it did not.

    Raises:
        Unavailable: GitHub did not answer, or counts our requests; the next delivery asks.
    """
    try:
        await asking
    except Unavailable as error:
        if error.fault is not Fault.REFUSED:
            raise
        LOG.warning("no %s: %s", what, error.detail, extra={"event": LogEvent.NOT_DECORATED})
        return False
    return True
