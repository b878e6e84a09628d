"""What GraphQL sees: the repository, its commits, branches, rules and pull requests, with the fields of the schema.

Bots are called `prodgate-release` here and `prodgate-release[bot]` by REST. A commit shows the newest status of each
context, whoever set it. Every connection must say how much of it is wanted, at most 100.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from local.github.auth import Account
from local.github.call import Call
from local.github.objects import Commit
from local.github.pull_representation import moment
from local.github.pull_state import refreshed
from local.github.references import Reference
from local.github.refusal import not_accessible
from local.github.repository import CommitStatus, PullRequest
from local.github.representations import node_id
from local.github.signature import timestamp
from local.github.statuses import combined_state, latest_statuses

Resolved = dict[str, Any]
MOST: Final = 100  # nodes of a connection
TRUNCATED_AT: Final = 512_000  # bytes; GitHub names no figure, this is what its answers show
SORTS: Final = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at", "COMMENTS": "number"}
PARAMETERS: Final = {
    "required_status_checks": "RequiredStatusChecksParameters",
    "pull_request": "PullRequestParameters",
}


class NotAllowed(Exception):  # noqa: N818 - an answer of GraphQL's
    """A part of a query that is not answered, with the type that GitHub gives its error."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


def repository_object(call: Call) -> Resolved:
    """Describe the repository."""
    repository, merging = call.repository, call.repository.records.merging
    return {
        "id": node_id("R", repository.id),
        "nameWithOwner": repository.full_name,
        "mergeCommitAllowed": merging.merge,
        "squashMergeAllowed": merging.squash,
        "rebaseMergeAllowed": merging.rebase,
        "deleteBranchOnMerge": merging.deletes_branch,
        "object": lambda _, **asked: git_object(call, str(asked.get("oid", ""))),
        "ref": lambda _, **asked: branch(call, asked["qualifiedName"]),
        "pullRequests": lambda _, **asked: pull_requests(call, asked),
    }


async def git_object(call: Call, oid: str) -> Resolved | None:
    """Describe a blob, commit or tree; null where there is none."""
    require(call, "contents")
    objects = call.repository.objects
    kind = await objects.kind(oid)
    if kind == "blob":
        return blob(oid, await objects.blob(oid) or b"")
    if kind == "commit":
        found = await objects.commit(oid)
        return commit(call, found) if found else None
    return {"__typename": "Tree", "oid": oid} if kind == "tree" else None


def blob(oid: str, content: bytes) -> Resolved:
    """Describe a file: its text is null where it is binary, which what is not UTF-8 counts as, and cut at a bound."""
    try:
        text = None if b"\0" in content else content[:TRUNCATED_AT].decode()
    except UnicodeDecodeError:
        text = None
    return {
        "__typename": "Blob",
        "oid": oid,
        "byteSize": len(content),
        "isBinary": text is None,
        "text": text,
        "isTruncated": len(content) > TRUNCATED_AT,
    }


def commit(call: Call, found: Commit) -> Resolved:
    """Describe a commit."""
    return {
        "__typename": "Commit",
        "oid": found.sha,
        "message": found.message,
        "committedDate": timestamp(found.committer.when),
        "tree": {"__typename": "Tree", "oid": found.tree},
        "parents": lambda _, **asked: commits(call, found.parents, asked),
        "history": lambda _, **asked: history(call, found.sha, asked),
        "status": lambda _: status(call, found.sha),
    }


async def commits(call: Call, shas: Sequence[str], asked: Resolved) -> Resolved:
    """Describe some of a list of commits."""
    found = await call.repository.objects.commits(cut(shas, asked, "parents"))
    return {"totalCount": len(shas), "nodes": [commit(call, one) for one in found]}


async def history(call: Call, sha: str, asked: Resolved) -> Resolved:
    """List a commit and what it comes from, newest first."""
    shas = await call.repository.history.log(sha, path=str(asked.get("path", "")))
    found = await call.repository.objects.commits(cut(shas, asked, "history"))
    return {"totalCount": len(shas), "nodes": [commit(call, one) for one in found]}


def status(call: Call, sha: str) -> Resolved | None:
    """Describe the statuses of a commit, the newest of each context; null where there is none."""
    require(call, "statuses")
    latest = latest_statuses(call.repository, sha)
    if not latest:
        return None
    by_name = {one.context.lower(): one for one in latest}
    return {
        "state": combined_state(latest).upper(),
        "contexts": [status_context(one) for one in latest],
        "context": lambda _, name: status_context(by_name[name.lower()]) if name.lower() in by_name else None,
    }


def status_context(one: CommitStatus) -> Resolved:
    """Describe a status."""
    return {
        "context": one.context,
        "state": one.state.upper(),
        "description": one.description,
        "targetUrl": one.target_url,
        "createdAt": timestamp(one.created_at),
        "creator": actor(one.creator),
    }


def actor(account: Account) -> Resolved:
    """Describe who did something; the name of a bot is without the suffix that REST gives it."""
    return {"__typename": "Bot" if account.is_app else "User", "login": account.login.removesuffix("[bot]")}


async def branch(call: Call, name: str) -> Resolved | None:
    """Describe a branch; null where there is none."""
    require(call, "contents")
    found: Reference | None = await call.repository.references.branch(name.removeprefix("refs/heads/"))
    if found is None:
        return None
    rules = call.repository.records.rules.get(found.short, ())
    return {
        "name": found.short,
        "target": await git_object(call, found.sha),
        "rules": lambda _, **asked: {
            "totalCount": len(rules),
            "nodes": [rule(one["type"], one.get("parameters")) for one in cut(rules, asked, "rules")],
        },
    }


def rule(kind: str, parameters: Any) -> Resolved:
    """Describe a rule of a branch; REST's names in GraphQL's spelling."""
    shown = {"__typename": PARAMETERS[kind], **camel(parameters or {})} if kind in PARAMETERS else None
    return {"type": kind.upper(), "parameters": shown}


def camel(value: Any) -> Any:
    """Spell the names of a JSON value as GraphQL does."""
    if isinstance(value, list):
        return [camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {camel_name(name): camel(item) for name, item in value.items()}


def camel_name(name: str) -> str:
    """Spell one name as GraphQL does."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


async def pull_requests(call: Call, asked: Resolved) -> Resolved:
    """List pull requests by `states` and `baseRefName`, in the order asked for, or as they were opened."""
    require(call, "pull_requests")
    pulls = [await refreshed(call.repository, pull) for pull in list(call.repository.records.pulls.values())]
    chosen = [
        pull
        for pull in pulls
        if state(pull) in (asked.get("states") or [state(pull)])
        and asked.get("baseRefName") in {None, pull.base}
        and asked.get("headRefName") in {None, pull.head}
    ]
    order = asked.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
    key = SORTS[order["field"]]
    chosen.sort(key=lambda pull: (getattr(pull, key), pull.number), reverse=order["direction"] == "DESC")
    shown = cut(chosen, asked, "pullRequests")
    return {
        "totalCount": len(chosen),
        "pageInfo": {"hasNextPage": "first" in asked and len(shown) < len(chosen), "endCursor": None},
        "nodes": [pull_request(call, pull) for pull in shown],
    }


def state(pull: PullRequest) -> str:
    """Name the state of a pull request; merged is one of its own here."""
    return "MERGED" if pull.merged_at else pull.state.upper()


def pull_request(call: Call, pull: PullRequest) -> Resolved:
    """Describe a pull request."""
    people = [{"requestedReviewer": actor(one)} for one in pull.reviewers]
    teams = [{"requestedReviewer": {"__typename": "Team", "slug": slug}} for slug in pull.teams]
    return {
        "number": pull.number,
        "title": pull.title,
        "body": pull.body or "",
        "author": actor(pull.author),
        "headRefName": pull.head,
        "headRefOid": pull.head_sha,
        "headRepository": {"nameWithOwner": call.repository.full_name},
        "isCrossRepository": False,
        "baseRefName": pull.base,
        "baseRefOid": pull.base_sha,
        "url": call.show.html(call.repository, f"/pull/{pull.number}"),
        "labels": connected([{"name": one.name} for one in pull.labels], "labels"),
        "reviewRequests": connected([*people, *teams], "reviewRequests"),
        "assignees": connected([actor(one) for one in pull.assignees], "assignees"),
        "state": state(pull),
        "isDraft": pull.draft,
        "createdAt": timestamp(pull.created_at),
        "updatedAt": timestamp(pull.updated_at),
        "mergedAt": moment(pull.merged_at),
        "mergeCommit": lambda _: merge_commit(call, pull),
        "commits": lambda _, **asked: pull_commits(call, pull, asked),
    }


async def merge_commit(call: Call, pull: PullRequest) -> Resolved | None:
    """Describe what a merge made; null before it."""
    return await git_object(call, pull.merge_commit_sha) if pull.merged_at and pull.merge_commit_sha else None


async def pull_commits(call: Call, pull: PullRequest, asked: Resolved) -> Resolved:
    """List the commits of a pull request, oldest first."""
    shas = [pull.head_sha]
    if asked.get("last") != 1:
        newest_first, _ = await call.repository.history.differences(pull.base_sha, pull.head_sha)
        shas = newest_first[::-1]
    found = await commits(call, shas, asked)
    return {"totalCount": len(shas), "nodes": [{"commit": one} for one in found["nodes"]]}


def connected(nodes: Sequence[Resolved], name: str) -> Callable[..., Resolved]:
    """Give a connection of what is known already."""
    return lambda _, **asked: {"totalCount": len(nodes), "nodes": cut(nodes, asked, name)}


def cut(items: Sequence[Any], asked: Resolved, name: str) -> Sequence[Any]:
    """Take the first or the last ones, as asked; one of both must be."""
    first, last = asked.get("first"), asked.get("last")
    if first is None and last is None:
        why = f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        raise NotAllowed(why, "MISSING_PAGINATION_BOUNDARIES")
    if max(first or 0, last or 0) > MOST:
        many = first or last
        why = f"Requesting {many} records on the `{name}` connection exceeds the `first` limit of {MOST} records."
        raise NotAllowed(why, "EXCESSIVE_PAGINATION")
    return items[:first] if first is not None else items[len(items) - (last or 0) :]


def require(call: Call, resource: str) -> None:
    """Make sure that the caller may read something.

    Raises:
        NotAllowed: not with these permissions.
    """
    if not call.account.may(resource, "read"):
        raise NotAllowed(not_accessible(app=call.account.is_app).message, "FORBIDDEN")
