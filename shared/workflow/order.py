"""The order of releases: an older one never goes over a newer one, and what people decided stays decided."""

from __future__ import annotations

from collections.abc import Sequence

from shared.clients.github import Repository
from shared.clients.github.pulls import PullRequest
from shared.domain.events import ReportedCompletion
from shared.domain.pull_request import branch, is_release_branch, released_commit
from shared.workflow.settings import EnvironmentSettings


async def settled(reported: ReportedCompletion, repository: Repository, environment: EnvironmentSettings) -> str | None:
    """Say why this release is not to be opened (again), where people or a newer release have settled that."""
    if reported.rollback is not None:
        return None
    releases = [pull for pull in await repository.pulls.newest(environment.prod) if is_release_branch(pull.head)]
    own = [pull for pull in releases if pull.head == branch(reported.commit)]
    if any(pull.is_open for pull in own):
        return None
    if own:
        how = "merged; prod has changed since" if own[0].is_merged else "closed by a person; reopen it to go on"
        return f"#{own[0].number} was {how}"
    return await _superseded(reported.commit, releases, repository)


async def _superseded(commit: str, releases: Sequence[PullRequest], repository: Repository) -> str | None:
    """Compare with the newest open and the newest merged release: an older one never goes over them."""
    newest_open = next((pull for pull in releases if pull.is_open), None)
    newest_merged = next((pull for pull in releases if pull.is_merged), None)
    for pull in (newest_open, newest_merged):
        head = None if pull is None else await repository.git.commit(pull.head_sha)
        other = None if head is None else released_commit(head.message)
        if pull is not None and other is not None and not await repository.git.contains(commit, other):
            return f"#{pull.number} releases {other}, which is newer; replay with rollback.reason to go back"
    return None
