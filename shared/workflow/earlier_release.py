"""Releases that prod had before: which commit was tested for one, and which one to go back to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shared.clients.gathering import gather_all
from shared.clients.github import Repository
from shared.clients.github.git import Commit
from shared.clients.github.pulls import PullRequest
from shared.clients.github.statuses import Status
from shared.domain.events import is_run, is_suite
from shared.domain.production import PRODUCTION_STATUS, EarlierRelease
from shared.domain.pull_request import released_commit

_LOOKED_AT: Final = 10  # merged releases; whoever wants to go back further looks for themselves
_SUITE_PREFIX: Final = "prodgate/"
_NO_SUITES: Final = frozenset((PRODUCTION_STATUS, "prodgate/release"))


async def tested_commit(pull: PullRequest, repository: Repository) -> Commit | None:
    """Read the commit that was tested for a pull request: the one that its snapshot names, or its head itself."""
    head = await repository.git.commit(pull.head_sha)
    named = released_commit(head.message) if head else None
    return await repository.git.commit(named) if named else head


async def last_good(
    pull: PullRequest, releases: Sequence[PullRequest], repository: Repository, login: str
) -> EarlierRelease | None:
    """Choose the newest release before this one that prod's tests confirmed, or else the newest one before it.

    Raises:
        Unavailable: their statuses cannot be read.
    """
    before = _before(pull, releases)
    confirmed = await gather_all(_is_confirmed(one.merge_commit, repository, login) for one in before)
    for one, good in sorted(zip(before, confirmed, strict=True), key=lambda pair: not pair[1]):
        found = await _release(one, repository, confirmed=good)
        if found is not None:
            return found
    return None


def _before(pull: PullRequest, releases: Sequence[PullRequest]) -> list[PullRequest]:
    merged = [(one.merged_at, one.number, one) for one in releases if one.merged_at is not None]
    own = (pull.merged_at or pull.created_at, pull.number)
    older = sorted(((at, number, one) for at, number, one in merged if (at, number) < own), reverse=True)
    return [one for _, _, one in older[:_LOOKED_AT]]


async def _is_confirmed(commit: str, repository: Repository, login: str) -> bool:
    status = await repository.statuses.of(commit, PRODUCTION_STATUS, login)
    return status is not None and status.succeeded


async def _release(pull: PullRequest, repository: Repository, *, confirmed: bool) -> EarlierRelease | None:
    """Describe a merged release; None for a pull request that no tested commit stands behind."""
    tested = await tested_commit(pull, repository)
    statuses = (await repository.statuses.on(tested.sha)).all if tested else ()
    suite = next((status for status in statuses if _says_suite(status)), None)
    if tested is None or suite is None:
        return None
    name = suite.context.removeprefix(_SUITE_PREFIX)
    return EarlierRelease(pull.number, tested.sha, name, suite.target_url, confirmed)


def _says_suite(status: Status) -> bool:
    """Whether a status says that a suite passed, in words that an event may repeat."""
    named = status.context.startswith(_SUITE_PREFIX) and status.context not in _NO_SUITES
    repeatable = is_suite(status.context.removeprefix(_SUITE_PREFIX)) and is_run(status.target_url)
    return named and status.succeeded and repeatable
