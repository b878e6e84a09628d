"""The operation `repos/compare-commits`: how two commits relate."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from local.github.call import Answer, Call, Operation, Page
from local.github.commits import representation as commit_representation
from local.github.files import representation as file_representation
from local.github.history import ChangedFile
from local.github.objects import Commit
from local.github.refusal import Refusal, not_found

MAX_FILES = 300
COMMITS_PER_PAGE = 250


async def compare_commits(call: Call) -> Answer:
    """Compare `base...head`: status, distances, the commits that only head has (oldest first) and the changed files.

    The files are those between the merge base and the head, at most 300 and on the first page only; without `page`
    and `per_page`, at most 250 commits are listed (https://docs.github.com/rest/commits/commits#compare-two-commits).
    """
    base_name, separator, head_name = call.path["basehead"].partition("...")
    base, head = await commit_named(call, base_name), await commit_named(call, head_name)
    if not separator or base is None or head is None:
        raise not_found()
    history = call.repository.history
    ancestor = await history.merge_base(base.sha, head.sha)
    if ancestor is None:
        raise Refusal(HTTPStatus.NOT_FOUND, f"No common ancestor between {base_name} and {head_name}.")
    distance, shas, files, common = await asyncio.gather(
        history.distance(base.sha, head.sha),
        history.log(head.sha, without=base.sha),
        history.changed_files(ancestor, head.sha),
        call.repository.objects.commits([ancestor]),
    )
    page = Page.of(call) if {"page", "per_page"} & call.query.keys() else Page(1, COMMITS_PER_PAGE)
    commits = await call.repository.objects.commits(page.cut(shas[::-1]))
    counts = {"status": distance.status, "ahead_by": distance.ahead, "behind_by": distance.behind}
    body = {
        **links(call, base_name, head_name),
        **counts,
        "total_commits": len(shas),
        "base_commit": commit_representation(call, base),
        "merge_base_commit": commit_representation(call, common[0]),
        "commits": [commit_representation(call, commit) for commit in commits],
        "files": shown_files(call, files, head.sha) if page.number == 1 else [],
    }
    return Answer(body, headers=page.headers(call, len(shas)))


def shown_files(call: Call, files: list[ChangedFile], head: str) -> list[dict[str, Any]]:
    """Describe as many files as the API shows."""
    return [file_representation(call, file, head) for file in files[:MAX_FILES]]


def links(call: Call, base: str, head: str) -> dict[str, str]:
    """Point to the comparison in all its forms."""
    page = call.show.html(call.repository, f"/compare/{base}...{head}")
    return {
        "url": call.show.api(call.repository, f"/compare/{base}...{head}"),
        "html_url": page,
        "permalink_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
    }


async def commit_named(call: Call, name: str) -> Commit | None:
    """Read the commit of a SHA, branch or tag; `owner:branch` is taken for this repository's own owner."""
    plain = name.removeprefix(f"{call.repository.owner}:")
    sha = await call.repository.references.commit_sha(plain)
    return await call.repository.objects.commit(sha) if sha is not None else None


OPERATIONS = (
    Operation(
        "repos/compare-commits", "GET", "/repos/{owner}/{repo}/compare/{basehead:.+}", compare_commits, "contents"
    ),
)
