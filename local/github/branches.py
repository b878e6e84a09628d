"""Operations on branches: `repos/get-branch`, `repos/list-branches`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from local.github.call import Answer, Call, Operation, listed
from local.github.commits import commit_at
from local.github.commits import representation as commit_representation
from local.github.references import Reference
from local.github.refusal import Refusal


async def get_branch(call: Call) -> Answer:
    """Read a branch and the commit at its head."""
    name = call.path["branch"]
    commit = await commit_at(call, f"heads/{name}")
    if commit is None:
        raise Refusal(HTTPStatus.NOT_FOUND, "Branch not found")
    address = call.show.api(call.repository, f"/branches/{name}")
    return Answer(
        {
            "name": name,
            "commit": commit_representation(call, commit),
            "_links": {"self": address, "html": call.show.html(call.repository, f"/tree/{name}")},
            "protected": is_protected(call, name),
            "protection": {"enabled": False},
            "protection_url": f"{address}/protection",
        }
    )


async def list_branches(call: Call) -> Answer:
    """List the branches by name."""
    branches = await call.repository.references.matching("refs/heads/")
    return listed(call, branches, lambda branch: short_representation(call, branch))


def short_representation(call: Call, branch: Reference) -> dict[str, Any]:
    """Describe a branch as the schema `short-branch`."""
    commit = {"sha": branch.sha, "url": call.show.api(call.repository, f"/commits/{branch.sha}")}
    return {"name": branch.short, "commit": commit, "protected": is_protected(call, branch.short)}


def is_protected(call: Call, branch: str) -> bool:
    """Tell whether any rule applies to a branch."""
    return bool(call.repository.records.rules.get(branch))


ROOT = "/repos/{owner}/{repo}/branches"

OPERATIONS = (
    Operation("repos/list-branches", "GET", ROOT, list_branches, "contents"),
    Operation("repos/get-branch", "GET", ROOT + "/{branch:.+}", get_branch, "contents"),
)
