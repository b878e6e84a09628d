"""confirm_prod: what prod's tests found is said on the commit that prod runs, and on the pull request it came from.

Nothing here decides anything: it is the record that people and the next rollback look at. A replay finds its own run on
the commit, and its comment, and leaves both.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.clients.gathering import together
from shared.clients.github import GitHub, Repository
from shared.clients.github.pulls import PullRequest
from shared.clients.github.statuses import Status
from shared.domain.errors import Fault, Reason, Unavailable, not_found
from shared.domain.events import ProdTestsFinished
from shared.domain.production import (
    COMMENT_MARKER,
    PRODUCTION_STATUS,
    Finding,
    Lifetime,
    ProductionReport,
    all_passed,
    comment,
    describe,
    remembered,
    standing,
    way_back,
)
from shared.domain.vocabulary import LogEvent
from shared.workflow.brought import pushes_of
from shared.workflow.done import Done
from shared.workflow.earlier_release import Fallen, Logins, last_good, tested_commit
from shared.workflow.settings import require_repository

LOG: Final = logging.getLogger("prodgate.confirm")
_MOST_WORDS: Final = 4  # by one delivery; the next one goes on


@dataclass(frozen=True, slots=True)
class ConfirmSettings:
    """The environments repository, its prod branch, and the project whose topics people publish to.

    `attester_login` is the App that sets the suites' statuses: by nobody else's is a release asked for again.
    """

    repository: str
    prod: str
    project: str
    attester_login: str


@dataclass(frozen=True, slots=True)
class ConfirmingCloud:
    """What confirming needs of the world."""

    settings: ConfirmSettings
    github: GitHub
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)  # of two suites the second sees what the first one said


async def confirm_release(finished: ProdTestsFinished, cloud: ConfirmingCloud, *, settling: bool) -> Done:
    """Mark a commit of prod with what its tests found, and say so on its pull request.

    Raises:
        Rejected: the event is about another repository, or about a commit that prod does not have.
        Unavailable: GitHub did not answer, or what is missing may still be on its way.
    """
    require_repository(finished.repository, cloud.settings.repository)
    async with cloud.turn, cloud.github.repository() as repository:
        await _require_on_prod(finished.commit, repository, cloud.settings.prod, settling=settling)
        async with together() as group:
            marking = group.create_task(_mark(finished, repository, cloud.github.settings.login))
            pull = await repository.pulls.merged_as(finished.commit, cloud.settings.prod)
        findings, marked = marking.result()
        report = await _report(finished.commit, findings, pull, repository=repository, cloud=cloud)
        what = f"{finished.suite} {'passed' if finished.passed else 'failed'} on {finished.commit}"
        if not finished.passed:
            LOG.warning("%s. %s", what, way_back(report), extra={"event": LogEvent.PROD_TESTS_FAILED})
        if pull is None:
            return Done(f"{what}; no pull request was merged as this commit", changed=marked)
        said = await _say(pull, report, repository, cloud.github.settings.login)
    return Done(f"{what}; #{pull.number} {pull.url}", changed=marked or said)


async def _require_on_prod(commit: str, repository: Repository, prod: str, *, settling: bool) -> None:
    held = await repository.git.contains(prod, commit)
    if held:
        return
    await repository.git.require_head(prod)  # a repository that cannot be seen says nothing about the event
    if held is None:
        raise not_found(Reason.UNKNOWN_COMMIT, f"commit: the repository has no {commit}", settling=settling)
    raise not_found(Reason.NOT_ON_PROD, f"commit: {commit} is not on {prod}", settling=settling)


async def _mark(finished: ProdTestsFinished, repository: Repository, login: str) -> tuple[tuple[Finding, ...], bool]:
    """Have the commit's newest status say what all suites found; answer that, and whether anything was said.

    Another instance may say something between our look and our word, so we look again until the last word is true.

    Raises:
        Unavailable: others were always faster.
    """
    spoken: list[Status] = []
    for _ in range(_MOST_WORDS + 1):
        said = _with(spoken, (await repository.statuses.on(finished.commit)).by(PRODUCTION_STATUS, login))
        found = [f for s in said if (f := remembered(s.description, s.target_url, s.created_at)) is not None]
        findings = standing(found)
        missing = _missing(finished, said, found)
        if missing is None:
            return tuple(findings.values()), bool(spoken)
        spoken.insert(0, await _put(missing, findings, finished.commit, repository=repository))
    what = f"the last word on {finished.commit} is not true yet: somebody else speaks at the same time"
    raise Unavailable(Fault.LOST_RACE, what)


def _with(spoken: Sequence[Status], listed: Sequence[Status]) -> list[Status]:
    """Put what we said just now before what GitHub lists: its list may lag."""
    return [*(status for status in spoken if status not in listed), *listed]


def _missing(finished: ProdTestsFinished, said: Sequence[Status], found: Sequence[Finding]) -> Finding | None:
    """Choose what is to be said: this run, if nobody has; the newest finding again, if its status is not the truth."""
    own = Finding(finished.suite, finished.passed, finished.run, datetime.min)  # noqa: DTZ901 - no time is compared
    if not any(own.is_the_same_as(finding) for finding in found):
        return own
    return None if said[0].succeeded == all_passed(standing(found)) else found[0]


async def _put(finding: Finding, others: Mapping[str, Finding], commit: str, *, repository: Repository) -> Status:
    """Say one suite's finding; success only where no other suite's is a failure."""
    passed = all_passed({**others, finding.suite: finding})
    return await repository.statuses.set(
        commit,
        PRODUCTION_STATUS,
        "success" if passed else "failure",
        description=describe(finding.suite, passed=finding.passed, others=others),
        target_url=finding.run,
    )


async def _report(
    commit: str,
    findings: tuple[Finding, ...],
    pull: PullRequest | None,
    *,
    repository: Repository,
    cloud: ConfirmingCloud,
) -> ProductionReport:
    """Put together what there is to say: since when prod has it, and after a failure what to go back to."""
    settings, earlier = cloud.settings, None
    tested = await tested_commit(pull, repository) if pull is not None else None
    if not all(finding.passed for finding in findings):
        fallen = Fallen(commit, pull, tested)
        earlier = await last_good(
            fallen, repository, Logins(settings.attester_login, cloud.github.settings.login), settings.prod
        )
    lifetime = None
    if pull is not None:
        made = tested.committed_at if tested else None
        pushes = await pushes_of(pull, repository)
        lifetime = Lifetime(made, pull.created_at, pull.merged_at or pull.created_at, pushes)
    return ProductionReport(settings.repository, settings.project, commit, findings, lifetime, earlier)


async def _say(pull: PullRequest, report: ProductionReport, repository: Repository, login: str) -> bool:
    """Comment on the pull request, once; answer whether anything is different now."""
    text, existing = comment(report), await repository.comments.marked(pull.number, COMMENT_MARKER, login)
    if existing is None:
        await repository.comments.write(pull.number, text)
    elif existing.body.replace("\r\n", "\n").strip() != text:
        await repository.comments.edit(existing, text)
    else:
        return False
    return True
