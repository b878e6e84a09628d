"""confirm_prod: what prod's tests found is said on the commit that prod runs, and on the pull request it came from.

Nothing here decides anything: it is the record that people and the next rollback look at. A replay finds its own run on
the commit, and its comment, and leaves both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clients.gathering import together
from shared.clients.github import GitHub, Repository
from shared.clients.github.pulls import PullRequest
from shared.domain.errors import Reason, not_found
from shared.domain.events import ProdTestsFinished
from shared.domain.production import (
    COMMENT_MARKER,
    PRODUCTION_STATUS,
    Finding,
    Lifetime,
    ProductionReport,
    comment,
    describe,
    remembered,
    standing,
)
from shared.workflow.done import Done
from shared.workflow.earlier_release import last_good, tested_commit
from shared.workflow.settings import require_repository


@dataclass(frozen=True, slots=True)
class ConfirmSettings:
    """The environments repository, its prod branch, and the project whose topics people publish to."""

    repository: str
    prod: str
    project: str


@dataclass(frozen=True, slots=True)
class ConfirmingCloud:
    """What confirming needs of the world."""

    settings: ConfirmSettings
    github: GitHub


async def confirm_release(finished: ProdTestsFinished, cloud: ConfirmingCloud, *, settling: bool) -> Done:
    """Mark a commit of prod with what its tests found, and say so on its pull request.

    Raises:
        Rejected: the event is about another repository, or about a commit that prod does not have.
        Unavailable: GitHub did not answer, or what is missing may still be on its way.
    """
    require_repository(finished.repository, cloud.settings.repository)
    async with cloud.github.repository() as repository:
        await _require_on_prod(finished.commit, repository, cloud.settings.prod, settling=settling)
        async with together() as group:
            marking = group.create_task(_mark(finished, repository, cloud.github.settings.login))
            releases = await repository.pulls.newest(cloud.settings.prod)
        findings, marked = marking.result()
        pull = next((pull for pull in releases if pull.is_merged and pull.merge_commit == finished.commit), None)
        what = f"{finished.suite} {'passed' if finished.passed else 'failed'} on {finished.commit}"
        if pull is None:
            return Done(f"{what}; no pull request was merged as this commit", changed=marked)
        said = await _say(pull, findings, releases, repository=repository, cloud=cloud)
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
    """Set the commit's status, unless it says so already; answer what every suite found, and whether that is new."""
    statuses = (await repository.statuses.on(finished.commit)).by(PRODUCTION_STATUS, login)
    known = [f for s in statuses if (f := remembered(s.description, s.target_url, s.created_at)) is not None]
    same = (finished.suite, finished.passed, finished.run)
    if any((finding.suite, finding.passed, finding.run) == same for finding in known):
        return tuple(standing(known).values()), False
    others = standing(known)
    description = describe(finished.suite, passed=finished.passed, others=others)
    passed = finished.passed and all(f.passed for f in others.values() if f.suite != finished.suite)
    made = await repository.statuses.set(
        finished.commit,
        PRODUCTION_STATUS,
        "success" if passed else "failure",
        description=description,
        target_url=finished.run,
    )
    new = Finding(finished.suite, finished.passed, finished.run, made.created_at)
    return tuple(standing([new, *known]).values()), True


async def _say(
    pull: PullRequest,
    findings: tuple[Finding, ...],
    releases: Sequence[PullRequest],
    *,
    repository: Repository,
    cloud: ConfirmingCloud,
) -> bool:
    """Comment on the pull request, once; answer whether anything is different now."""
    login, settings = cloud.github.settings.login, cloud.settings
    failed = not all(finding.passed for finding in findings)
    async with together() as group:
        looking = group.create_task(repository.comments.marked(pull.number, COMMENT_MARKER, login))
        dating = group.create_task(_lifetime(pull, repository))
        earlier = await last_good(pull, releases, repository, login) if failed else None
    report = ProductionReport(
        settings.repository, settings.project, pull.merge_commit, findings, dating.result(), earlier
    )
    text, existing = comment(report), looking.result()
    if existing is None:
        await repository.comments.write(pull.number, text)
    elif existing.body.replace("\r\n", "\n").strip() != text:
        await repository.comments.edit(existing, text)
    else:
        return False
    return True


async def _lifetime(pull: PullRequest, repository: Repository) -> Lifetime:
    tested = await tested_commit(pull, repository)
    return Lifetime(tested.committed_at if tested else None, pull.created_at, pull.merged_at or pull.created_at)
