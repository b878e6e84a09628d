"""Commit statuses: `repos/create-commit-status`, `list-commit-statuses-for-ref`, `get-combined-status-for-ref`.

Refusals as in test-infra #21987 ("No commit found for SHA"), projectr #53 ("sha must be a 40 character SHA1") and
argo-diff #49 ("description is too long"). A context is case-insensitive, says GitHub's description of the operation.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local.github.call import Answer, Call, Operation, Page, created, listed
from local.github.objects import SHA
from local.github.refusal import custom_error, not_found, unprocessable, validation_failed
from local.github.repository import CommitStatus, Repository
from local.github.representations import node_id
from local.github.signature import timestamp

STATES = ("error", "failure", "pending", "success")
MAX_DESCRIPTION = 140  # characters
MAX_PER_CONTEXT = 1000  # statuses of one SHA and context


def simple_representation(call: Call, status: CommitStatus) -> dict[str, Any]:
    """Describe a status as the schema `simple-commit-status`."""
    return {
        "url": call.show.api(call.repository, f"/statuses/{status.sha}"),
        "avatar_url": call.show.user(status.creator)["avatar_url"],
        "id": status.id,
        "node_id": node_id("SC", status.id),
        "state": status.state,
        "description": status.description,
        "target_url": status.target_url,
        "context": status.context,
        "created_at": timestamp(status.created_at),
        "updated_at": timestamp(status.created_at),
    }


def representation(call: Call, status: CommitStatus) -> dict[str, Any]:
    """Describe a status as the schema `status`, which also tells who set it."""
    return {**simple_representation(call, status), "creator": call.show.user(status.creator)}


async def create_commit_status(call: Call) -> Answer:
    """Set a status on a commit; its creator is whoever is authenticated."""
    sha, repository = call.path["sha"], call.repository
    check_fields(call)
    if await repository.objects.kind(sha) != "commit":
        raise unprocessable(f"No commit found for SHA: {sha}")
    context = call.optional_text("context") or "default"
    statuses = repository.records.statuses[sha]
    if sum(status.context.lower() == context.lower() for status in statuses) >= MAX_PER_CONTEXT:
        text = "This SHA and context has reached the maximum number of statuses."
        raise validation_failed(custom_error("Status", text))
    status = CommitStatus(
        id=next(repository.ids),
        sha=sha,
        state=call.text("state"),
        context=context,
        description=call.optional_text("description"),
        target_url=call.optional_text("target_url"),
        creator=call.account,
        created_at=datetime.now(UTC),
    )
    statuses.append(status)
    return created(representation(call, status))


def check_fields(call: Call) -> None:
    """Hold a request against the limits of a status.

    Raises:
        Refusal: 422, one entry per defect.
    """
    defects = []
    if not SHA.fullmatch(call.path["sha"]):
        defects.append(custom_error("Status", "sha must be a 40 character SHA1", field="sha"))
    if call.text("state") not in STATES:
        defects.append(custom_error("Status", "state is not included in the list", field="state"))
    if len(call.optional_text("description") or "") > MAX_DESCRIPTION:
        text = f"description is too long (maximum is {MAX_DESCRIPTION} characters)"
        defects.append(custom_error("Status", text, field="description"))
    target = call.optional_text("target_url")
    if target and not target.startswith(("http://", "https://")):
        defects.append(custom_error("Status", "target_url must use http(s) scheme", field="target_url"))
    if defects:
        raise validation_failed(*defects)


async def list_commit_statuses(call: Call) -> Answer:
    """List every status of a commit, newest first."""
    sha = await commit_of(call)
    newest_first = call.repository.records.statuses.get(sha, [])[::-1]
    return listed(call, newest_first, lambda status: representation(call, status))


async def get_combined_status(call: Call) -> Answer:
    """Combine the latest status of each context into one state."""
    sha, page = await commit_of(call), Page.of(call)
    latest = latest_statuses(call.repository, sha)
    address = call.show.api(call.repository, f"/commits/{sha}")
    body = {
        "state": combined_state(latest),
        "statuses": [simple_representation(call, status) for status in page.cut(latest)],
        "sha": sha,
        "total_count": len(latest),
        "repository": call.show.minimal_repository(call.repository),
        "commit_url": address,
        "url": f"{address}/status",
    }
    return Answer(body, headers=page.headers(call, len(latest)))


def latest_statuses(repository: Repository, sha: str) -> list[CommitStatus]:
    """Take the newest status of each context, whichever way the context is capitalised."""
    statuses = repository.records.statuses.get(sha, [])
    return list({status.context.lower(): status for status in statuses}.values())


def combined_state(latest: list[CommitStatus]) -> str:
    """Combine states as documented: failure if any failed, pending if none or any is pending, else success."""
    states = {status.state for status in latest}
    if states & {"error", "failure"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


async def commit_of(call: Call) -> str:
    """Find the commit that the path names."""
    sha = await call.repository.references.commit_sha(call.path["ref"])
    if sha is None:
        raise not_found()
    return sha


ROOT = "/repos/{owner}/{repo}"
LIST = "repos/list-commit-statuses-for-ref"
COMBINED = "repos/get-combined-status-for-ref"

OPERATIONS = (
    Operation(
        "repos/create-commit-status", "POST", ROOT + "/statuses/{sha}", create_commit_status, "statuses", "write"
    ),
    Operation(LIST, "GET", ROOT + "/commits/{ref:.+}/statuses", list_commit_statuses, "statuses"),
    # The old address of the same list: PyGithub still asks there.
    Operation(LIST, "GET", ROOT + "/statuses/{ref:.+}", list_commit_statuses, "statuses"),
    Operation(COMBINED, "GET", ROOT + "/commits/{ref:.+}/status", get_combined_status, "statuses"),
)
