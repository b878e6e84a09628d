"""Releases that prod had before: which commit was tested for one, and which one to go back to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Final

from shared.clients.gathering import gather_all
from shared.clients.github import Repository
from shared.clients.github.git import Commit
from shared.clients.github.pulls import PullList, PullRequest
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


@dataclass(frozen=True, slots=True)
class Fallen:
    """What failed in prod: its commit there, and where it was a release, its pull request and its tested commit."""

    commit: str
    pull: PullRequest | None
    tested: Commit | None


@dataclass(frozen=True, slots=True)
class Logins:
    """Whose statuses count: the attester's for suites, and our own for what prod's tests found."""

    attester: str
    own: str


async def last_good(fallen: Fallen, repository: Repository, logins: Logins, prod: str) -> EarlierRelease | None:
    """Choose the newest release before this one that prod's tests confirmed, or else the newest one without a verdict.

    Never the very tree that failed, nor one that failed before.

    Raises:
        Unavailable: pull requests, commits or statuses cannot be read.
    """
    failed = await repository.git.commit(fallen.commit)
    tested = fallen.tested
    bad = {commit.tree for commit in (failed, tested) if commit} | ({tested.sha} if tested else set())
    before = await _before(fallen.pull, failed, repository, prod)
    verdicts = await gather_all(
        repository.statuses.of(one.merge_commit, PRODUCTION_STATUS, logins.own) for one in before
    )
    known = [
        (one, verdict) for one, verdict in zip(before, verdicts, strict=True) if verdict is None or verdict.succeeded
    ]
    for one, verdict in sorted(known, key=lambda pair: pair[1] is None):
        found = await _release(one, repository, logins.attester, confirmed=verdict is not None)
        if found is not None and not {found.commit, found.tree} & bad:
            return found.release
    return None


async def _before(
    pull: PullRequest | None, failed: Commit | None, repository: Repository, prod: str
) -> list[PullRequest]:
    """Read what was merged before, the last one first."""
    came = pull.merged_at if pull is not None else failed.committed_at if failed is not None else None
    listed = await repository.pulls.latest(prod)
    while len(found := _merged_before(listed, came, pull)) < _LOOKED_AT and listed.since is not None:
        listed = await repository.pulls.before(listed, prod)
    return found


def _merged_before(listed: PullList, came: datetime | None, pull: PullRequest | None) -> list[PullRequest]:
    times = [(one.merged_at, one.number, one) for one in listed.all if one.merged_at is not None and one != pull]
    older = [(at, number, one) for at, number, one in times if came is None or at <= came]
    return [one for _, _, one in sorted(older, key=itemgetter(0, 1), reverse=True)[:_LOOKED_AT]]


@dataclass(frozen=True, slots=True)
class _Found:
    """A release, with its tested commit and that one's tree."""

    release: EarlierRelease
    commit: str
    tree: str


async def _release(pull: PullRequest, repository: Repository, attester: str, *, confirmed: bool) -> _Found | None:
    """Describe a merged release; None for a pull request that no tested commit stands behind."""
    tested = await tested_commit(pull, repository)
    statuses = (await repository.statuses.on(tested.sha)).all if tested else ()
    suite = next((status for status in statuses if status.creator == attester and _says_suite(status)), None)
    if tested is None or suite is None:
        return None
    name = suite.context.removeprefix(_SUITE_PREFIX)
    return _Found(EarlierRelease(pull.number, tested.sha, name, suite.target_url, confirmed), tested.sha, tested.tree)


def _says_suite(status: Status) -> bool:
    """Whether a status says that a suite passed, in words that an event may repeat."""
    named = status.context.startswith(_SUITE_PREFIX) and status.context not in _NO_SUITES
    repeatable = is_suite(status.context.removeprefix(_SUITE_PREFIX)) and is_run(status.target_url)
    return named and status.succeeded and repeatable
