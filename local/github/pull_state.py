"""Keep pull requests in step with their branches, and tell whether they can be merged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from local.github.history import TrialMerge
from local.github.repository import PullRequest, Repository
from local.github.rules import must_be_up_to_date, required_checks
from local.github.statuses import combined_state, latest_statuses


@dataclass(frozen=True, slots=True)
class Mergeability:
    """Whether a merge would go without conflict, and the word of the API for what stands in its way."""

    mergeable: bool | None
    state: str
    trial: TrialMerge | None = None


async def refreshed(repository: Repository, pull: PullRequest) -> PullRequest:
    """Look at the branches of an open pull request again, and record what became of it.

    Pushes arrive through git, past this API. A moved head gives new SHAs; a vanished branch closes the pull request;
    a head that the base already contains was merged by that push. `base.sha` stays as it was while the head rests.
    """
    if pull.state == "closed":
        return pull
    head = await repository.references.branch(pull.head)
    base = await repository.references.branch(pull.base)
    now = datetime.now(UTC)
    changed = pull
    if head is None or base is None:
        changed = replace(pull, closed_at=now, updated_at=now)
    elif await repository.history.is_ancestor(head.sha, base.sha):
        changed = replace(pull, head_sha=head.sha, merge_commit_sha=base.sha, merged_at=now, closed_at=now)
    elif head.sha != pull.head_sha:
        changed = replace(pull, head_sha=head.sha, base_sha=base.sha, updated_at=now)
    # Another call may have changed the record while this one waited for git: that one was told the newer state.
    if changed is not pull and repository.records.pulls[pull.number] is pull:
        repository.records.pulls[pull.number] = changed
    return repository.records.pulls[pull.number]


async def mergeability(repository: Repository, pull: PullRequest) -> Mergeability:
    """Try the merge of an open pull request against the present head of its base."""
    base = await repository.references.branch(pull.base)
    if pull.state == "closed" or base is None:
        return Mergeability(mergeable=None, state="unknown")
    trial = await repository.history.trial_merge(base.sha, pull.head_sha)
    return Mergeability(trial.clean, obstacle(repository, pull, trial), trial)


def obstacle(repository: Repository, pull: PullRequest, trial: TrialMerge) -> str:
    """Name what stands in the way, the gravest first: dirty, draft, blocked, unstable; or clean."""
    if not trial.clean:
        return "dirty"
    if pull.draft:
        return "draft"
    if missing_contexts(repository, pull):
        return "blocked"
    if trial.is_behind and must_be_up_to_date(repository, pull.base):
        return "behind"
    latest = latest_statuses(repository, pull.head_sha)
    return "unstable" if latest and combined_state(latest) != "success" else "clean"


def missing_contexts(repository: Repository, pull: PullRequest) -> list[str]:
    """List the required statuses that the head does not have with success, by the App that must set each."""
    checks = required_checks(repository, pull.base)
    return [context for context, app in checks if not _is_green(repository, pull.head_sha, context, app)]


def _is_green(repository: Repository, sha: str, context: str, app: int | None) -> bool:
    """Whether the newest status of a context says success; of a pinned one, the newest that its App set."""
    found = repository.records.statuses.get(sha, [])
    same = [one for one in found if one.context.lower() == context.lower() and app in (None, one.creator.app)]
    return bool(same) and same[-1].state == "success"
