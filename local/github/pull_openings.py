"""GraphQL's mutation `createPullRequest`, with which `gh pr create` opens pull requests.

A refusal of type `UNPROCESSABLE` leaves a payload whose pull request is null. For a branch that is not there the whole
answer is quoted in wso2/mi-vscode #1608, and its sentence in cli/cli #2691; its path names the mutation, here the field
too. That there is one already, or nothing between the branches, is said in REST's words. What the caller may not do at
all leaves no payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from local.github.call import Call
from local.github.pulls import Text, already_open, check_texts, has_open, nothing_between, opened
from local.github.query_objects import NotAllowed, Resolved, pull_request
from local.github.ref_updates import ARCHIVED, REFUSED, repository_of
from local.github.references import Reference
from local.github.refusal import Refusal, not_accessible


async def create_pull_request(call: Call, asked: Mapping[str, Any]) -> Resolved:
    """Open a pull request from one branch of a repository to another.

    Raises:
        NotAllowed: the caller may not open any there.
    """
    repository = repository_of(call, asked["repositoryId"])
    if not call.account.may("pull_requests", "write"):
        raise NotAllowed(not_accessible(app=call.account.is_app).message, "FORBIDDEN")
    if repository.records.archived:
        raise NotAllowed(ARCHIVED, "FORBIDDEN")
    within = replace(call, found=repository)
    return {"clientMutationId": asked.get("clientMutationId"), "pullRequest": lambda _: new_pull(within, asked)}


async def new_pull(call: Call, asked: Mapping[str, Any]) -> Resolved:
    """Open it, and describe it.

    Raises:
        NotAllowed: it cannot be opened, or there is one.
    """
    require_fitting(asked)
    history, branches = call.repository.history, call.repository.references
    head, base = await branches.branch(asked["headRefName"]), await branches.branch(asked["baseRefName"])
    if head is None or base is None:
        raise NotAllowed(blank(asked, head, base), REFUSED)
    if await history.is_ancestor(head.sha, base.sha):
        raise NotAllowed(nothing_between(head, base), REFUSED)
    if has_open(call, head.short, base.short):
        raise NotAllowed(already_open(call, head.short), REFUSED)
    text = Text(asked["title"], asked.get("body"), is_draft=bool(asked.get("draft")))
    return pull_request(call, opened(call, head, base, text))


def blank(asked: Mapping[str, Any], head: Reference | None, base: Reference | None) -> str:
    """Say which of the two is no branch; whichever it is, neither has a commit then."""
    ends = [f"{name} ref must be a branch" for name, end in (("Head", head), ("Base", base)) if end is None]
    between = f"No commits between {asked['baseRefName']} and {asked['headRefName']}"
    return ", ".join(["Head sha can't be blank", "Base sha can't be blank", between, *ends])


def require_fitting(asked: Mapping[str, Any]) -> None:
    """Hold title and body against GitHub's limits.

    Raises:
        NotAllowed: one is too long.
    """
    try:
        check_texts(asked)
    except Refusal as refusal:
        raise NotAllowed(refusal.said(), REFUSED) from None
