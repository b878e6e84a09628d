"""Operations on trees: `git/get-tree`, `git/create-tree`.

Refusals as told by https://docs.github.com/rest/git/trees ("Returns an error if you try to delete a file that does not
exist": `GitRPC::BadObjectState`, seen in buildware-ai #29) and octokit.net #2836 ("Must supply either …").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.github.call import Answer, Call, Operation, created
from local.github.objects import ABSENT, SHA, TreeEntry
from local.github.refusal import not_found, unprocessable

# As documented for a recursive listing; the other limit, 7 MB, is not imitated.
MAX_ENTRIES = 100_000
TYPES = {"100644": "blob", "100755": "blob", "120000": "blob", "040000": "tree", "160000": "commit"}
MALFORMED = re.compile(r"(^|/)(\.{0,2}|\.git)(/|$)|[\0]", re.IGNORECASE)


def representation(call: Call, sha: str, entries: list[TreeEntry]) -> dict[str, Any]:
    """Describe a tree as the schema `git-tree`."""
    return {
        "sha": sha,
        "url": call.show.api(call.repository, f"/git/trees/{sha}"),
        "tree": [entry_representation(call, entry) for entry in entries[:MAX_ENTRIES]],
        "truncated": len(entries) > MAX_ENTRIES,
    }


def entry_representation(call: Call, entry: TreeEntry) -> dict[str, Any]:
    """Describe one entry; only blobs have a size, and a submodule has no address."""
    fields: dict[str, Any] = {"path": entry.path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
    if entry.size is not None:
        fields["size"] = entry.size
    if entry.type != "commit":
        fields["url"] = call.show.api(call.repository, f"/git/{entry.type}s/{entry.sha}")
    return fields


async def get_tree(call: Call) -> Answer:
    """Read a tree by its SHA, that of a commit, or a branch; any value of `recursive` lists what is below."""
    sha = await tree_sha(call, call.path["tree_sha"])
    if sha is None:
        raise not_found()
    entries = await call.repository.objects.entries(sha, recursive="recursive" in call.query)
    return Answer(representation(call, sha, entries))


async def create_tree(call: Call) -> Answer:
    """Store the tree that `base_tree` becomes with the given entries; an entry whose sha is null is deleted."""
    base = await base_tree(call)
    requested = [checked(entry) for entry in entries_of(call)]
    objects = call.repository.objects
    # Only what is deleted or replaced as a whole must be known; an index replaces single files by itself.
    removing = any(entry.get("sha", "") is None or entry["type"] == "tree" for entry in requested)
    before = await files_below(call, base) if base is not None and removing else []
    inline = [entry["content"].encode() for entry in requested if "content" in entry]
    blobs = iter(await objects.write_blobs(inline))
    changes: list[TreeEntry] = []
    for entry in requested:
        changes += await changes_of(call, {**entry, "sha": next(blobs)} if "content" in entry else entry, before)
    sha = await objects.write_tree(base, changes)
    return created(representation(call, sha, await objects.entries(sha)))


def entries_of(call: Call) -> Iterator[Mapping[str, Any]]:
    """Take the entries of the body."""
    tree = call.body.get("tree")
    if not isinstance(tree, list) or not all(isinstance(entry, dict) for entry in tree):
        raise unprocessable('Invalid request.\n\n"tree" wasn\'t supplied.')
    yield from tree


def checked(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Hold one entry against the documented grammar.

    Raises:
        Refusal: 422, when a field is missing, unknown or does not fit the others.
    """
    path, mode, sha, content = entry.get("path"), entry.get("mode"), entry.get("sha"), entry.get("content")
    if not isinstance(path, str) or MALFORMED.search(path):
        raise unprocessable("tree.path contains a malformed path component")
    if mode not in TYPES or entry.get("type") != TYPES[mode]:
        raise unprocessable("Must supply a valid tree.mode")
    if ("sha" in entry) == ("content" in entry):
        raise unprocessable(
            "Must supply either tree.sha or tree.content. Request will be rejected if both are present."
        )
    if not isinstance(content, str | None) or not isinstance(sha, str | None):
        raise unprocessable("Invalid request.\n\ntree.sha and tree.content are strings.")
    return entry


async def changes_of(call: Call, entry: Mapping[str, Any], before: list[TreeEntry]) -> list[TreeEntry]:
    """Say what an entry does to the index: the index knows no directories, so a tree is spelled out in its files."""
    path, sha = entry["path"], entry["sha"]
    inside = [old for old in before if old.path == path or old.path.startswith(f"{path}/")]
    gone = [TreeEntry("0", "blob", ABSENT, old.path) for old in inside]
    if sha is None:
        if not inside:
            raise unprocessable("GitRPC::BadObjectState")
        return gone
    expected = TYPES[entry["mode"]]
    if expected != "commit" and await call.repository.objects.kind(sha) != expected:
        raise unprocessable(f"tree.sha {sha} is not a valid {expected}")
    if expected == "tree":
        below = await files_below(call, sha)
        return gone + [TreeEntry(new.mode, new.type, new.sha, f"{path}/{new.path}") for new in below]
    return [TreeEntry(entry["mode"], expected, sha, path)]


async def files_below(call: Call, tree: str) -> list[TreeEntry]:
    """List every file of a tree, submodules among them, as an index would hold them."""
    return [entry for entry in await call.repository.objects.entries(tree, recursive=True) if entry.type != "tree"]


async def base_tree(call: Call) -> str | None:
    """Find the tree to begin with: that of a tree or commit; None when the body names none."""
    base = call.optional_text("base_tree")
    if base is None:
        return None
    sha = await tree_sha(call, base) if SHA.fullmatch(base) else None
    if sha is None:
        raise unprocessable("base_tree is not a valid tree oid")
    return sha


async def tree_sha(call: Call, name: str) -> str | None:
    """Find the tree that a tree SHA, a commit SHA or a branch stands for."""
    if await call.repository.objects.kind(name) == "tree":
        return name
    sha = await call.repository.references.commit_sha(name)
    commit = await call.repository.objects.commit(sha) if sha is not None else None
    return commit.tree if commit is not None else None


ROOT = "/repos/{owner}/{repo}/git/trees"

OPERATIONS = (
    Operation("git/get-tree", "GET", ROOT + "/{tree_sha:.+}", get_tree, "contents"),
    Operation("git/create-tree", "POST", ROOT, create_tree, "contents", "write"),
)
