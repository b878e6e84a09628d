"""How pull requests look in an answer: short in lists, full on their own."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from local.github.call import Call
from local.github.pull_state import mergeability
from local.github.repository import Label, PullRequest
from local.github.representations import node_id
from local.github.signature import timestamp

LABEL_COLOR = "ededed"


def simple(call: Call, pull: PullRequest) -> dict[str, Any]:
    """Describe a pull request as the schema `pull-request-simple`."""
    return {
        **links(call, pull),
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "number": pull.number,
        "state": pull.state,
        "locked": False,
        "title": pull.title,
        "user": call.show.user(pull.author),
        "body": pull.body,
        "labels": [label(call, one) for one in pull.labels],
        **dict.fromkeys(("milestone", "auto_merge", "active_lock_reason"), None),
        "assignee": call.show.user(pull.assignees[0]) if pull.assignees else None,
        "assignees": [call.show.user(one) for one in pull.assignees],
        "requested_reviewers": [call.show.user(one) for one in pull.reviewers],
        "requested_teams": [team(call, slug) for slug in pull.teams],
        "created_at": timestamp(pull.created_at),
        "updated_at": timestamp(pull.updated_at),
        "closed_at": moment(pull.closed_at),
        "merged_at": moment(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "head": branch(call, pull.head, pull.head_sha),
        "base": branch(call, pull.base, pull.base_sha),
        "author_association": "CONTRIBUTOR",
        "draft": pull.draft,
    }


async def full(call: Call, pull: PullRequest) -> dict[str, Any]:
    """Describe a pull request as the schema `pull-request`, with the outcome of a trial merge."""
    (shas, files), merging = await asyncio.gather(
        call.repository.history.differences(pull.base_sha, pull.head_sha), mergeability(call.repository, pull)
    )
    comments = sum(comment.issue_number == pull.number for comment in call.repository.records.comments)
    return {
        **simple(call, pull),
        "merged": pull.merged_at is not None,
        "mergeable": merging.mergeable,
        "rebaseable": merging.mergeable,
        "mergeable_state": merging.state,
        "merged_by": call.show.user(pull.merged_by) if pull.merged_by is not None else None,
        "comments": comments,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(shas),
        "additions": sum(file.additions for file in files),
        "deletions": sum(file.deletions for file in files),
        "changed_files": len(files),
    }


def links(call: Call, pull: PullRequest) -> dict[str, Any]:
    """Point to everything that belongs to a pull request, flat and once more as `_links`."""
    address = call.show.api(call.repository, f"/pulls/{pull.number}")
    issue = call.show.api(call.repository, f"/issues/{pull.number}")
    page = call.show.html(call.repository, f"/pull/{pull.number}")
    targets = {
        "html": page,
        "issue": issue,
        "comments": f"{issue}/comments",
        "review_comments": f"{address}/comments",
        "review_comment": call.show.api(call.repository, "/pulls/comments") + "{/number}",
        "commits": f"{address}/commits",
        "statuses": call.show.api(call.repository, f"/statuses/{pull.head_sha}"),
    }
    return {
        "url": address,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        **{f"{name}_url": target for name, target in targets.items()},
        "_links": {name: {"href": target} for name, target in {"self": address, **targets}.items()},
    }


def branch(call: Call, name: str, sha: str) -> dict[str, Any]:
    """Describe one end of a pull request."""
    return {
        "label": f"{call.repository.owner}:{name}",
        "ref": name,
        "sha": sha,
        "user": call.show.owner(call.repository),
        "repo": call.show.repository(call.repository),
    }


def team(call: Call, slug: str) -> dict[str, Any]:
    """Describe a team as the schema `team`."""
    number = call.repository.records.teams[slug]
    address = f"{call.show.base}/organizations/1/team/{number}"
    return {
        "id": number,
        "node_id": node_id("T", number),
        "name": slug,
        "slug": slug,
        "description": None,
        "permission": "pull",
        "type": "organization",
        "url": address,
        "members_url": address + "/members{/member}",
        "repositories_url": f"{address}/repos",
        "html_url": f"{call.show.web}/orgs/{call.repository.owner}/teams/{slug}",
        "parent": None,
    }


def label(call: Call, one: Label) -> dict[str, Any]:
    """Describe a label as the schema `label`."""
    return {
        "id": one.id,
        "node_id": node_id("LA", one.id),
        "url": call.show.api(call.repository, f"/labels/{one.name}"),
        "name": one.name,
        "description": "",
        "color": LABEL_COLOR,
        "default": False,
    }


def moment(when: datetime | None) -> str | None:
    """Write a time that may not have come."""
    return timestamp(when) if when is not None else None
