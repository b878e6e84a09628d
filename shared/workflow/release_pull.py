"""The one pull request of a release: opened or adopted, brought up to date, and dressed as configured."""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import Final

from shared.clients.github.pulls import PullRequest
from shared.domain.body_markers import fingerprint, rewritten
from shared.domain.errors import Fault, Unavailable
from shared.domain.pull_request import ReleaseReport
from shared.domain.vocabulary import LogEvent
from shared.workflow.promotion import Looking

LOG: Final = logging.getLogger("prodgate.pull_request")


async def bring_up_to_date(
    report: ReleaseReport, existing: PullRequest | None, head: str, looking: Looking
) -> tuple[PullRequest, bool]:
    """Open the pull request, or bring the open one up to date; answer it, and whether anything changed.

    Raises:
        Unavailable: GitHub did not answer, or it could neither be opened nor found open.
    """
    settings, pulls = looking.cloud.settings.pull_request, looking.repository.pulls
    base = looking.cloud.settings.environment.prod
    title, body = settings.texts.title_of(report), settings.texts.body_of(report)
    if existing is None:
        opened = await pulls.open(head, base, title=title, body=body, draft=settings.is_draft)
        if opened is not None:
            await _label(opened, looking)
            await _ask(opened, looking)
            return opened, True
        existing = await pulls.open_one(head, base)
    if existing is None:
        raise Unavailable(Fault.LOST_RACE, f"{head} could neither be opened nor found open")
    labelled = await _label(existing, looking)
    if fingerprint(existing.body) == fingerprint(body):
        return existing, labelled
    return await pulls.edit(existing.number, title=title, body=rewritten(existing.body, body)), True


async def _label(pull: PullRequest, looking: Looking) -> bool:
    """Put on the labels that are missing."""
    missing = tuple(label for label in looking.cloud.settings.pull_request.labels if label not in pull.labels)
    if not missing:
        return False
    await looking.repository.pulls.label(pull.number, missing)
    return True


async def _ask(pull: PullRequest, looking: Looking) -> None:
    """Ask the configured people, once, when a pull request is new: who took themselves off is not asked again.

    A release is not held up by a reviewer who has left: that is a warning.
    """
    settings, pulls = looking.cloud.settings.pull_request, looking.repository.pulls
    if settings.reviewers or settings.teams:
        await _warned(pulls.ask(pull.number, reviewers=settings.reviewers, teams=settings.teams), "reviewers")
    if settings.assignees:
        await _warned(pulls.assign(pull.number, settings.assignees), "assignees")


async def _warned(asking: Awaitable[None], whom: str) -> None:
    try:
        await asking
    except Unavailable as error:
        LOG.warning("no %s: %s", whom, error.detail, extra={"event": LogEvent.NOT_DECORATED})
