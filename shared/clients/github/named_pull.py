"""A pull request as GraphQL tells it; what is read of it is what REST would tell.

Bots have no `[bot]` in their names here, but a type of their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from shared.clients.github.pulls import PullRequest

PULLED: Final = """
fragment Pulled on PullRequest {
  number title body state url createdAt updatedAt mergedAt headRefName headRefOid baseRefName baseRefOid
  author { __typename login }
  headRepository { nameWithOwner }
  mergeCommit { oid }
  labels(first: 100) { nodes { name } }
  assignees(first: 20) { nodes { login } }
  reviewRequests(first: 50) { nodes { requestedReviewer { ... on User { login } ... on Team { slug } } } }
}
"""


def named_pull(row: Any, repository: str) -> PullRequest:
    """Read a pull request that the fragment `Pulled` told, in a repository (`owner/name`)."""
    origin = row["headRepository"]  # null where a fork is gone
    asked = [one["requestedReviewer"] or {} for one in _nodes(row["reviewRequests"])]
    return PullRequest(
        number=int(row["number"]),
        title=str(row["title"]),
        body=str(row["body"]),
        author=named_login(row["author"]),
        head=str(row["headRefName"]),
        head_sha=str(row["headRefOid"]),
        is_ours=origin is not None and origin["nameWithOwner"].lower() == repository.lower(),
        base=str(row["baseRefName"]),
        base_sha=str(row["baseRefOid"]),
        url=str(row["url"]),
        labels=frozenset(str(label["name"]) for label in _nodes(row["labels"])),
        reviewers=frozenset(one["login"].lower() for one in asked if "login" in one),
        teams=frozenset(one["slug"].lower() for one in asked if "slug" in one),
        assignees=frozenset(one["login"].lower() for one in _nodes(row["assignees"])),
        is_open=row["state"] == "OPEN",
        created_at=datetime.fromisoformat(row["createdAt"]),
        updated_at=datetime.fromisoformat(row["updatedAt"]),
        merged_at=datetime.fromisoformat(row["mergedAt"]) if row["mergedAt"] else None,
        merge_commit=str(row["mergeCommit"]["oid"]) if row["mergeCommit"] else "",
    )


def _nodes(connection: Any) -> list[Any]:
    """What a list holds, as far as it was told: all of it may be null, and so may each."""
    return [node for node in (connection or {}).get("nodes") or () if node]


def named_login(actor: Any) -> str:
    """Name an account as REST does: no account of a person may hold a bracket."""
    if not actor:
        return ""
    return f"{actor['login']}[bot]" if actor["__typename"] == "Bot" else str(actor["login"])
