"""The operation `pulls/merge`: by merge commit, or squashed.

What it says of a branch that is behind under a strict rule is a guess; that it refuses is documented.
Refusals as in dlang-bot #77 (409 "Head branch was modified"), auto_merge_my_pull_requests #1 (405, draft) and
https://docs.github.com/rest/pulls/pulls#merge-a-pull-request.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from local.github.call import Answer, Call, Operation
from local.github.objects import ABSENT, Commit
from local.github.pull_state import mergeability, missing_contexts
from local.github.pulls import pull_of
from local.github.references import Reference, ReferenceMoved
from local.github.refusal import Refusal, unprocessable
from local.github.repository import PullRequest
from local.github.signature import Signature

METHODS = ("merge", "squash")


async def merge_pull(call: Call) -> Answer:
    """Merge a pull request into its base; `sha` pins the head that may be merged."""
    pull = await pull_of(call)
    method = call.optional_text("merge_method") or "merge"
    if method not in METHODS:
        raise unprocessable(f"Invalid request.\n\n{method} is not a merge method of this stand-in.")
    if call.optional_text("sha") not in {None, pull.head_sha}:
        raise Refusal(HTTPStatus.CONFLICT, "Head branch was modified. Review and try the merge again.")
    require_method(call, method)
    tree = await mergeable_tree(call, pull)
    base = await call.repository.references.branch(pull.base)
    if base is None:
        raise not_mergeable("Pull Request is not mergeable")
    sha = await call.repository.objects.write_commit(merge_commit(call, pull, base, tree))
    try:
        await call.repository.references.move(base.name, new=sha, old=base.sha)
    except ReferenceMoved:
        raise not_mergeable("Base branch was modified. Review and try the merge again.") from None
    now = datetime.now(UTC)
    latest = call.repository.records.pulls[pull.number]
    merged = replace(latest, merge_commit_sha=sha, base_sha=base.sha, merged_at=now, merged_by=call.account)
    call.repository.records.pulls[pull.number] = replace(merged, closed_at=now, updated_at=now)
    if call.repository.records.merging.deletes_branch:
        await call.repository.references.move(f"refs/heads/{pull.head}", new=ABSENT, old=pull.head_sha)
    return Answer({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


async def mergeable_tree(call: Call, pull: PullRequest) -> str:
    """Give the tree of the merge.

    Raises:
        Refusal: 405, when the pull request is closed, a draft, in conflict, or lacks a required status.
    """
    merging = await mergeability(call.repository, pull)
    if pull.draft and pull.state == "open":
        raise not_mergeable("Pull Request is still a draft")
    if merging.trial is None or not merging.trial.clean:
        raise not_mergeable("Pull Request is not mergeable")
    missing = [f'Required status check "{context}" is expected.' for context in missing_contexts(call.repository, pull)]
    if missing:
        sentences = "\n".join(missing)
        raise not_mergeable(f"Repository rule violations found\n\n{sentences}\n\n")
    if merging.state == "behind":
        raise not_mergeable(
            "Repository rule violations found\n\nHead branch is not up to date with the base branch.\n\n"
        )
    return merging.trial.tree


def require_method(call: Call, method: str) -> None:
    """Hold the way of merging against what the repository allows.

    Raises:
        Refusal: 405, when it does not allow this one.
    """
    merging = call.repository.records.merging
    names = {"merge": ("Merge commits", merging.merge), "squash": ("Squash merges", merging.squash)}
    name, is_allowed = names[method]
    if not is_allowed:
        raise not_mergeable(f"{name} are not allowed on this repository.")


def merge_commit(call: Call, pull: PullRequest, base: Reference, tree: str) -> Commit:
    """Compose the commit that the base gets: of two parents, or squashed into one."""
    squash = call.optional_text("merge_method") == "squash"
    owner = call.repository.owner
    title = (
        f"{pull.title} (#{pull.number})" if squash else f"Merge pull request #{pull.number} from {owner}/{pull.head}"
    )
    text = call.optional_text("commit_message")
    message = "\n\n".join(
        part for part in (call.optional_text("commit_title") or title, pull.title if text is None else text) if part
    )
    parents = (base.sha,) if squash else (base.sha, pull.head_sha)
    who = Signature(call.account.login, call.account.email, datetime.now(UTC))
    return Commit("", tree, parents, who, who, message)


def not_mergeable(message: str) -> Refusal:
    """Refuse a merge with 405, as GitHub does."""
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, message)


OPERATIONS = (
    Operation("pulls/merge", "PUT", "/repos/{owner}/{repo}/pulls/{number}/merge", merge_pull, "contents", "write"),
)
