"""Operations on commits: `git/get-commit`, `git/create-commit`, `repos/get-commit`, `repos/list-commits`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from local.github.call import Answer, Call, Operation, Page, created
from local.github.files import representation as file_representation
from local.github.history import EMPTY_TREE
from local.github.objects import Commit
from local.github.refusal import not_found, unprocessable
from local.github.representations import node_id
from local.github.signature import Signature

# Whatever its author claims: this stand-in holds no signing key, so nothing here is ever verified.
UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def git_representation(call: Call, commit: Commit) -> dict[str, Any]:
    """Describe a commit as the schema `git-commit`."""
    return {
        "sha": commit.sha,
        "node_id": node_id("C", commit.sha),
        "url": call.show.api(call.repository, f"/git/commits/{commit.sha}"),
        "html_url": call.show.html(call.repository, f"/commit/{commit.sha}"),
        "author": commit.author.representation(),
        "committer": commit.committer.representation(),
        "message": commit.message,
        "tree": tree_link(call, commit),
        "parents": parents(call, commit, "/git/commits"),
        "verification": UNSIGNED,
    }


def representation(call: Call, commit: Commit) -> dict[str, Any]:
    """Describe a commit as the schema `commit`; its accounts are null, as for addresses that GitHub does not know."""
    address = call.show.api(call.repository, f"/commits/{commit.sha}")
    return {
        "url": address,
        "sha": commit.sha,
        "node_id": node_id("C", commit.sha),
        "html_url": call.show.html(call.repository, f"/commit/{commit.sha}"),
        "comments_url": f"{address}/comments",
        "commit": {
            "url": call.show.api(call.repository, f"/git/commits/{commit.sha}"),
            "author": commit.author.representation(),
            "committer": commit.committer.representation(),
            "message": commit.message,
            "comment_count": 0,
            "tree": tree_link(call, commit),
            "verification": UNSIGNED,
        },
        "author": None,
        "committer": None,
        "parents": parents(call, commit, "/commits"),
    }


def tree_link(call: Call, commit: Commit) -> dict[str, str]:
    """Point to the tree of a commit."""
    return {"sha": commit.tree, "url": call.show.api(call.repository, f"/git/trees/{commit.tree}")}


def parents(call: Call, commit: Commit, below: str) -> list[dict[str, str]]:
    """Point to the parents of a commit, in the API that `below` names."""
    return [
        {
            "sha": parent,
            "url": call.show.api(call.repository, f"{below}/{parent}"),
            "html_url": call.show.html(call.repository, f"/commit/{parent}"),
        }
        for parent in commit.parents
    ]


async def git_get_commit(call: Call) -> Answer:
    """Read one commit object."""
    commit = await call.repository.objects.commit(call.path["commit_sha"])
    if commit is None:
        raise not_found()
    return Answer(git_representation(call, commit))


async def git_create_commit(call: Call) -> Answer:
    """Store a commit of an existing tree and existing parents; author and committer default to the caller."""
    tree, ancestors = call.text("tree"), tuple(call.texts("parents"))
    if await call.repository.objects.kind(tree) != "tree":
        raise unprocessable("Tree SHA does not exist")
    for parent in ancestors:
        if await call.repository.objects.kind(parent) != "commit":
            raise unprocessable("Parent SHA does not exist or is not a commit object")
    now = Signature(call.account.login, call.account.email, datetime.now(UTC))
    author = signature_of(call, "author", now)
    commit = Commit("", tree, ancestors, author, signature_of(call, "committer", author), call.text("message"))
    sha = await call.repository.objects.write_commit(commit)
    return created(git_representation(call, replace(commit, sha=sha)))


def signature_of(call: Call, role: str, default: Signature) -> Signature:
    """Take the author or committer of a request; the default when it is missing."""
    fields = call.mapping(role)
    return default if fields is None else Signature.of_request(fields, default)


async def get_commit(call: Call) -> Answer:
    """Read a commit by SHA, branch or tag, with the files that it changes."""
    commit = await commit_at(call, call.path["ref"])
    if commit is None:
        raise unprocessable(f"No commit found for SHA: {call.path['ref']}")
    before = commit.parents[0] if commit.parents else EMPTY_TREE
    changed = await call.repository.history.changed_files(before, commit.sha)
    additions, deletions = sum(file.additions for file in changed), sum(file.deletions for file in changed)
    stats = {"additions": additions, "deletions": deletions, "total": additions + deletions}
    files = [file_representation(call, file, commit.sha) for file in changed]
    return Answer({**representation(call, commit), "stats": stats, "files": files})


async def list_commits(call: Call) -> Answer:
    """List the history of `sha` (the default branch, when it is not given), newest first; `path` narrows it."""
    repository, page = call.repository, Page.of(call)
    head = await repository.references.commit_sha(call.query.get("sha") or repository.default_branch)
    if head is None:
        raise not_found()
    shas = await repository.history.log(head, path=call.query.get("path", ""))
    commits = await repository.objects.commits(page.cut(shas))
    body = [representation(call, commit) for commit in commits]
    return Answer(body, headers=page.headers(call, len(shas)))


async def commit_at(call: Call, committish: str) -> Commit | None:
    """Read the commit that a SHA, branch or tag names; None when there is none."""
    sha = await call.repository.references.commit_sha(committish)
    return await call.repository.objects.commit(sha) if sha is not None else None


ROOT = "/repos/{owner}/{repo}"

OPERATIONS = (
    Operation("git/get-commit", "GET", ROOT + "/git/commits/{commit_sha}", git_get_commit, "contents"),
    Operation("git/create-commit", "POST", ROOT + "/git/commits", git_create_commit, "contents", "write"),
    Operation("repos/list-commits", "GET", ROOT + "/commits", list_commits, "contents"),
    Operation("repos/get-commit", "GET", ROOT + "/commits/{ref:.+}", get_commit, "contents"),
)
