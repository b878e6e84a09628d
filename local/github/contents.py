"""The operation `repos/get-content`: a file or a directory at a commit, as JSON or raw."""

from __future__ import annotations

from typing import Any

from local.github.blobs import wrapped_base64
from local.github.call import Answer, Call, Operation
from local.github.objects import TreeEntry
from local.github.refusal import not_found
from local.github.trees import tree_sha

MAX_INLINE = 1024 * 1024  # bytes; larger files come without content, encoding `none`
TYPES = {"blob": "file", "tree": "dir", "commit": "submodule"}
SYMLINK = "120000"


async def get_content(call: Call) -> Answer:
    """Read what lies at a path: a file with its content, raw where `Accept` says so, or the list of a directory."""
    tree = await tree_sha(call, call.query.get("ref") or call.repository.default_branch)
    if tree is None:
        raise not_found()
    path = call.path["path"].strip("/")
    entry = await entry_at(call, tree, path) if path else TreeEntry("040000", "tree", tree, "")
    if entry is None:
        raise not_found()
    if entry.type == "tree":
        entries = await call.repository.objects.entries(entry.sha)
        return Answer([representation(call, below(path, one)) for one in entries])
    content = await call.repository.objects.blob(entry.sha)
    if content is not None and "raw" in call.accept:
        return Answer(content)
    return Answer({**representation(call, entry), **inline(entry, content)})


async def entry_at(call: Call, tree: str, path: str) -> TreeEntry | None:
    """Walk down to a path; None when nothing is there."""
    entry = TreeEntry("040000", "tree", tree, "")
    for name in path.split("/"):
        entries = await call.repository.objects.entries(entry.sha) if entry.type == "tree" else []
        found = next((one for one in entries if one.path == name), None)
        if found is None:
            return None
        entry = found
    return below(path.rpartition("/")[0], entry)


def below(directory: str, entry: TreeEntry) -> TreeEntry:
    """Give an entry its path from the root."""
    path = f"{directory}/{entry.path}" if directory else entry.path
    return TreeEntry(entry.mode, entry.type, entry.sha, path, entry.size)


def inline(entry: TreeEntry, content: bytes | None) -> dict[str, Any]:
    """Give the content of a file as the API does: up to 1 MiB in base64, the target of a symbolic link as text."""
    if content is None:
        return {}
    if entry.mode == SYMLINK:
        return {"target": content.decode(errors="replace")}
    if len(content) > MAX_INLINE:
        return {"encoding": "none", "content": ""}
    return {"encoding": "base64", "content": wrapped_base64(content)}


def representation(call: Call, entry: TreeEntry) -> dict[str, Any]:
    """Describe a path as the schema `content-file`, without its content."""
    ref = call.query.get("ref") or call.repository.default_branch
    address = f"{call.show.api(call.repository, f'/contents/{entry.path}')}?ref={ref}"
    page = call.show.html(call.repository, f"/blob/{ref}/{entry.path}")
    is_blob = entry.type == "blob"
    git = call.show.api(call.repository, f"/git/{'blobs' if is_blob else 'trees'}/{entry.sha}")
    return {
        "type": "symlink" if entry.mode == SYMLINK else TYPES[entry.type],
        "size": entry.size or 0,
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "sha": entry.sha,
        "url": address,
        "git_url": git,
        "html_url": page,
        "download_url": call.show.html(call.repository, f"/raw/{ref}/{entry.path}") if is_blob else None,
        "_links": {"self": address, "git": git, "html": page},
    }


OPERATIONS = (
    Operation("repos/get-content", "GET", "/repos/{owner}/{repo}/contents/{path:.*}", get_content, "contents"),
)
