"""Operations on pull requests: `pulls/list`, `pulls/create`, `pulls/get`, `pulls/update`, `pulls/list-files`.

The 422s of `create` are those of fork-sync #112 ("No commits between"), create-pull-request #1763 (`head` invalid),
octopilot #134 (`base` invalid) and nori #65 ("A pull request already exists for").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from local.github.call import Answer, Call, Operation, created, listed, whole
from local.github.files import representation as file_representation
from local.github.pull_representation import full, simple
from local.github.pull_state import refreshed
from local.github.references import Reference
from local.github.refusal import custom_error, not_found, unprocessable, validation_failed
from local.github.repository import PullRequest, Repository

MAX_TITLE = 256  # characters
MAX_BODY = 65_536  # characters
SORTS = {"created": "created_at", "updated": "updated_at"}


@dataclass(frozen=True, slots=True)
class Text:
    """What a new pull request says."""

    title: str
    body: str | None
    is_draft: bool = False


async def list_pulls(call: Call) -> Answer:
    """List pull requests by `state` (open), `head`, `base`; sorted by `sort` and `direction`.

    A `head` without an owner is ignored, as by GitHub (PyGithub #1566). Newest first, unless sorted by something else.
    """
    pulls = [await refreshed(call.repository, pull) for pull in list(call.repository.records.pulls.values())]
    chosen = [pull for pull in pulls if matches(call, pull)]
    sort = call.query.get("sort", "created")
    ascending = "asc" if sort != "created" and "sort" in call.query else "desc"
    descending = call.query.get("direction", ascending) == "desc"
    key = SORTS.get(sort, "created_at")
    chosen.sort(key=lambda pull: (getattr(pull, key), pull.number), reverse=descending)
    return listed(call, chosen, lambda pull: simple(call, pull))


def matches(call: Call, pull: PullRequest) -> bool:
    """Hold a pull request against the filters of the query."""
    state, base = call.query.get("state", "open"), call.query.get("base")
    owner, qualified, head = call.query.get("head", "").partition(":")
    wanted_head = not qualified or (owner == call.repository.owner and head == pull.head)
    return wanted_head and state in {"all", pull.state} and base in {None, "", pull.base}


async def create_pull(call: Call) -> Answer:
    """Open a pull request from one branch of the repository to another."""
    text = Text(call.text("title"), call.optional_text("body"), is_draft=call.flag("draft"))
    check_texts(call.body)
    head, base = await ends(call)
    if await call.repository.history.is_ancestor(head.sha, base.sha):
        raise validation_failed(custom_error("PullRequest", nothing_between(head, base)))
    refuse_second(call, head.short, base.short)
    return created(await full(call, opened(call, head, base, text)))


def opened(call: Call, head: Reference, base: Reference, text: Text) -> PullRequest:
    """Open a pull request between two branches that may have one."""
    repository, now = call.repository, datetime.now(UTC)
    pull = PullRequest(
        id=next(repository.ids),
        number=len(repository.records.pulls) + 1,
        title=text.title,
        body=text.body,
        author=call.account,
        head=head.short,
        base=base.short,
        head_sha=head.sha,
        base_sha=base.sha,
        created_at=now,
        updated_at=now,
        draft=text.is_draft,
    )
    repository.records.pulls[pull.number] = pull
    return pull


def nothing_between(head: Reference, base: Reference) -> str:
    """Say that the base has every commit of the head."""
    return f"No commits between {base.short} and {head.short}"


async def ends(call: Call) -> tuple[Reference, Reference]:
    """Find the two branches of a new pull request.

    Raises:
        Refusal: 422, with `invalid` for the one that does not exist.
    """
    branches = call.repository.references
    named = call.text("head").removeprefix(f"{call.repository.owner}:")
    head, base = await branches.branch(named), await branches.branch(call.text("base"))
    if head is None:
        raise validation_failed({"resource": "PullRequest", "field": "head", "code": "invalid"})
    if base is None:
        raise validation_failed({"resource": "PullRequest", "field": "base", "code": "invalid"})
    return head, base


def refuse_second(call: Call, head: str, base: str) -> None:
    """Allow one open pull request for two branches.

    Raises:
        Refusal: 422, when there is one.
    """
    if has_open(call, head, base):
        raise validation_failed(custom_error("PullRequest", already_open(call, head)))


def has_open(call: Call, head: str, base: str) -> bool:
    """Say whether two branches have an open pull request."""
    pulls = call.repository.records.pulls.values()
    return any((pull.state, pull.head, pull.base) == ("open", head, base) for pull in pulls)


def already_open(call: Call, head: str) -> str:
    """Say that a branch has a pull request."""
    return f"A pull request already exists for {call.repository.owner}:{head}."


async def get_pull(call: Call) -> Answer:
    """Read one pull request."""
    return Answer(await full(call, await pull_of(call)))


async def update_pull(call: Call) -> Answer:
    """Change the title, body, base or state of a pull request."""
    pull = await pull_of(call)
    check_texts(call.body)
    base = call.optional_text("base")
    target = await call.repository.references.branch(base) if base is not None else None
    if base is not None and target is None:
        raise validation_failed({"resource": "PullRequest", "field": "base", "code": "invalid"})
    pull = call.repository.records.pulls[pull.number]
    changed = replace(
        pull,
        title=call.optional_text("title") or pull.title,
        body=call.optional_text("body") if "body" in call.body else pull.body,
        base=target.short if target is not None else pull.base,
        base_sha=target.sha if target is not None else pull.base_sha,
        closed_at=closing_time(call, pull),
        updated_at=datetime.now(UTC),
    )
    call.repository.records.pulls[pull.number] = changed
    return Answer(await full(call, changed))


def closing_time(call: Call, pull: PullRequest) -> datetime | None:
    """Close or reopen a pull request, as `state` says.

    Raises:
        Refusal: 422, for another state, for a merged one, or where another one is open meanwhile.
    """
    state = call.optional_text("state") or pull.state
    if state == pull.state:
        return pull.closed_at
    if state == "closed":
        return datetime.now(UTC)
    if state != "open" or pull.merged_at is not None:
        raise validation_failed({"resource": "PullRequest", "field": "state", "code": "invalid"})
    refuse_second(call, pull.head, pull.base)
    return None


async def request_reviewers(call: Call) -> Answer:
    """Ask collaborators and teams for their review; who is neither refuses all of it, and so does the author.

    The sentences are those of cli/cli #2204 and of probot/auto-assign #59; that of a caller who may not see the
    organization's members is that of create-pull-request #155 and github/docs #35057 (`members: read` mends it).
    """
    pull, people = await pull_of(call), call.repository.records.collaborators
    wanted = call.texts("reviewers")
    if pull.author.login in wanted:
        raise unprocessable("Review cannot be requested from pull request author.")
    teams, asked_teams = call.repository.records.teams, call.texts("team_reviewers")
    if asked_teams and not call.account.may("members", "read"):
        raise validation_failed("Could not resolve to a node with the global id of 'T_kwDOAunseen'.")
    if any(slug not in teams for slug in asked_teams) or any(name not in people for name in wanted):
        text = "Reviews may only be requested from collaborators. One or more of the users or teams you specified"
        raise unprocessable(f"{text} is not a collaborator of the {call.repository.full_name} repository.")
    asked = tuple(dict.fromkeys((*pull.reviewers, *(people[name] for name in wanted))))
    both = tuple(dict.fromkeys((*pull.teams, *asked_teams)))
    changed = replace(pull, reviewers=asked, teams=both, updated_at=datetime.now(UTC))
    call.repository.records.pulls[pull.number] = changed
    return created(simple(call, changed))


async def list_files(call: Call) -> Answer:
    """List the files that a pull request changes."""
    pull = await pull_of(call)
    _, files = await call.repository.history.differences(pull.base_sha, pull.head_sha)
    return listed(call, files, lambda file: file_representation(call, file, pull.head_sha))


async def list_pulls_of_commit(call: Call) -> Answer:
    """List the pull requests that a commit belongs to: it is one of theirs, or what their merge made."""
    sha, repository = call.path["commit_sha"], call.repository
    if await repository.objects.kind(sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {sha}")
    pulls = [await refreshed(repository, pull) for pull in list(repository.records.pulls.values())]
    found = [pull for pull in pulls if pull.merge_commit_sha == sha or await brings(repository, pull, sha)]
    return listed(call, found, lambda pull: simple(call, pull))


async def brings(repository: Repository, pull: PullRequest, sha: str) -> bool:
    """Whether a commit is one of those that a pull request has and its base had not."""
    return sha in await repository.history.log(pull.head_sha, without=pull.base_sha)


async def pull_of(call: Call) -> PullRequest:
    """Find the pull request that the path names, in step with its branches.

    Raises:
        Refusal: 404, when there is none.
    """
    pull = call.repository.records.pulls.get(whole(call.path["number"], 0))
    if pull is None:
        raise not_found()
    return await refreshed(call.repository, pull)


def check_texts(body: Mapping[str, Any]) -> None:
    """Hold title and body against GitHub's limits.

    Raises:
        Refusal: 422, when one is too long.
    """
    limits = {"title": MAX_TITLE, "body": MAX_BODY}
    defects = [
        custom_error("Issue", f"{name} is too long (maximum is {limit} characters)", field=name)
        for name, limit in limits.items()
        if len(body.get(name) or "") > limit
    ]
    if defects:
        raise validation_failed(*defects)


ROOT = "/repos/{owner}/{repo}/pulls"

OPERATIONS = (
    Operation("pulls/list", "GET", ROOT, list_pulls, "pull_requests"),
    Operation(
        "repos/list-pull-requests-associated-with-commit",
        "GET",
        "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
        list_pulls_of_commit,
        "pull_requests",
    ),
    Operation("pulls/create", "POST", ROOT, create_pull, "pull_requests", "write"),
    Operation("pulls/get", "GET", ROOT + "/{number}", get_pull, "pull_requests"),
    Operation("pulls/update", "PATCH", ROOT + "/{number}", update_pull, "pull_requests", "write"),
    Operation(
        "pulls/request-reviewers",
        "POST",
        ROOT + "/{number}/requested_reviewers",
        request_reviewers,
        "pull_requests",
        "write",
    ),
    Operation("pulls/list-files", "GET", ROOT + "/{number}/files", list_files, "pull_requests"),
)
