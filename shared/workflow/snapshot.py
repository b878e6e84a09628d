"""The snapshot of a release: a branch with the tested tree on top of prod's head, green, and its one pull request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.clients.gathering import together
from shared.clients.github import Repository
from shared.clients.github.git import Commit
from shared.clients.github.pulls import PullRequest
from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from shared.domain.pull_request import ReleaseReport, body, branch, commit_message, fingerprint, title
from shared.workflow.done import Done

RELEASE_STATUS: Final = "prodgate/release"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that may go to prod: the tested commit, prod's head, and everything that was found out about it."""

    commit: Commit
    prod: Commit
    report: ReleaseReport


async def publish(candidate: Candidate, repository: Repository, *, login: str, base: str) -> Done:
    """Make or find the snapshot, its status and its pull request into `base`; `login` is the App's own.

    Raises:
        Rejected: the release branch holds somebody else's work.
        Unavailable: GitHub did not answer, or somebody else did the same just now.
    """
    head = branch(candidate.commit.sha)
    async with together() as group:
        looking = group.create_task(_open_one(repository, head, base))
        existing = await _named(head, repository)
    snapshot, made = await _snapshot(candidate, existing, repository)
    marked = made or not await _is_marked(snapshot, repository, login)
    if marked:
        await _mark(snapshot, candidate.report, repository)
    pull, edited = await _pull_request(candidate.report, looking.result(), repository, base)
    return Done(f"#{pull.number} {pull.title} {pull.url}", changed=made or marked or edited)


async def _named(head: str, repository: Repository) -> Commit | None:
    """Read the commit that a branch names, if there is such a branch."""
    sha = await repository.git.head(head)
    return await repository.git.commit(sha) if sha else None


async def _snapshot(candidate: Candidate, existing: Commit | None, repository: Repository) -> tuple[str, bool]:
    """Have the release branch name the tested tree on top of prod's head; answer its commit, and whether that is new.

    Raises:
        Rejected: a branch of this name holds another tree; somebody else's work is not overwritten.
    """
    name, commit = branch(candidate.commit.sha), candidate.commit
    if existing is not None and existing.tree != commit.tree:
        raise Rejected(Reason.BRANCH_TAKEN, f"the branch {name} holds another tree than {commit.sha}; remove it")
    if existing is not None and existing.parents == (candidate.prod.sha,):
        return existing.sha, False
    message = commit_message(commit.sha, candidate.report.rollback)
    sha = await repository.git.commit_tree(commit.tree, candidate.prod.sha, message)
    moved = await (repository.git.move(name, sha, force=True) if existing else repository.git.create(name, sha))
    if not moved:
        raise Unavailable(Fault.LOST_RACE, f"somebody else made the branch {name} just now")
    return sha, True


async def _is_marked(snapshot: str, repository: Repository, login: str) -> bool:
    """Whether a snapshot that was there before says already that it is the tested tree."""
    status = await repository.statuses.of(snapshot, RELEASE_STATUS, login)
    return status is not None and status.succeeded


async def _mark(snapshot: str, report: ReleaseReport, repository: Repository) -> None:
    """Say on the snapshot commit that it is the tested tree."""
    await repository.statuses.succeed(
        snapshot,
        RELEASE_STATUS,
        description=f"The tested tree of {report.commit[:12]}: {len(report.proofs)} attestations proven",
        target_url=f"{report.web_url}/commit/{report.commit}",
    )


async def _pull_request(
    report: ReleaseReport, existing: PullRequest | None, repository: Repository, base: str
) -> tuple[PullRequest, bool]:
    """Open the pull request, or bring the open one up to date; answer it, and whether anything changed."""
    head, new_title, new_body = branch(report.commit), title(report), body(report)
    if existing is None:
        opened = await repository.pulls.open(head, base, title=new_title, body=new_body)
        if opened is not None:
            return opened, True
        existing = await _open_one(repository, head, base)
    if existing is None:
        raise Unavailable(Fault.LOST_RACE, f"{head} could neither be opened nor found open")
    if fingerprint(existing.body) == fingerprint(new_body):
        return existing, False
    return await repository.pulls.edit(existing.number, title=new_title, body=new_body), True


async def _open_one(repository: Repository, head: str, base: str) -> PullRequest | None:
    return await repository.pulls.open_one(head, base)
