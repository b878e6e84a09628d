"""Git objects and branches, through GitHub's Git database API (docs.github.com/rest/git)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.clients.gathering import gather_all
from shared.clients.github.blobs import Blobs
from shared.clients.github.connection import NOT_FOUND, Connection, Refused
from shared.clients.github.objects import Commit, Comparison, Objects
from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from shared.domain.release import TreeEntry

__all__ = ["Commit", "Comparison", "Git"]

Tree = tuple[TreeEntry, ...]
_COMMITS: Final = 100  # of a comparison's page, which is the most that GitHub gives


class Git:
    """Reads objects, and writes commits and branches, of one repository."""

    def __init__(self, connection: Connection, known: Objects) -> None:
        self._connection = connection
        self._known = known
        self._heads: dict[str, str] = {}
        self._blobs = Blobs(connection, known.blobs)

    def saw(self, branch: str, head: str) -> None:
        """Take note of the commit that a branch names, as somebody else read it for the same event."""
        self._heads[branch] = head

    async def head(self, branch: str) -> str | None:
        """The commit that a branch names, or None where there is no such branch."""
        found = await self._found(f"/git/ref/heads/{branch}")
        return None if found is None else str(found["object"]["sha"])

    async def require_head(self, branch: str) -> str:
        """The commit that a configured branch names.

        Raises:
            Unavailable: the branch does not exist, or this App cannot see the repository.
        """
        sha = await self.head(branch)
        if sha is None:
            what = f"{self._connection.repository} has no branch {branch}, or this App may not read it"
            raise Unavailable(Fault.MISCONFIGURED, what)
        return sha

    async def commit(self, sha: str) -> Commit | None:
        """Read a commit, or None where the repository has none of this id."""
        if (known := self._known.commit(sha)) is not None:
            return known
        found = await self._found(f"/git/commits/{sha}")
        if found is None:
            return None
        commit = _commit(found)
        self._known.learn([commit])
        return commit

    async def contains(self, head: str, commit: str) -> bool | None:
        """Whether the history of a commit or branch holds a commit; None where the repository has no such commit."""
        followed = self._known.comparison(commit, self._heads.get(head, head))
        if followed is not None and followed.is_ahead:
            return True
        found = await self.compare(commit, head)
        return None if found is None else found.is_ahead

    async def compare(self, base: str, head: str) -> Comparison | None:
        """Compare two commits or branches; None where one is missing, or they have nothing in common."""
        if (known := self._known.comparison(base, head)) is not None:
            return known
        path = f"/compare/{base}...{head}"
        found = await self._found(path, per_page=_COMMITS)
        if found is None:
            return None
        comparison = Comparison(
            is_ahead=found["status"] in ("ahead", "identical"),
            merge_tree=str(found["merge_base_commit"]["commit"]["tree"]["sha"]),
            commits=await self._newest(path, found),
            total=int(found["total_commits"]),
        )
        self._known.compared(base, head, comparison)
        return comparison

    async def _newest(self, path: str, first: Any) -> tuple[Commit, ...]:
        """Read the newest commits of a comparison, whose pages begin with the oldest ones."""
        last = -(-int(first["total_commits"]) // _COMMITS)
        wanted = range(max(1, last - 1), last + 1)
        later = await gather_all(self._told(path, per_page=_COMMITS, page=n) for n in wanted if n > 1)
        pages = ([first] if 1 in wanted else []) + later
        return self._learned(row for page in pages for row in page["commits"])

    async def history(self, head: str, *, most: int, path: str = "") -> tuple[Commit, ...]:
        """The newest commits of a history, newest first; with a path, those that changed it."""
        parameters = {"sha": head, "per_page": most} | ({"path": path} if path else {})
        found = await self._told("/commits", **parameters)
        return self._learned(found)

    async def tree(self, sha: str) -> Tree:
        """List every blob, link and submodule of a tree.

        Raises:
            Rejected: the tree is too large for GitHub to list whole; part of a release cannot be judged.
            Unavailable: it cannot be read.
        """
        if (known := self._known.trees.get(sha)) is not None:
            return known
        found = await self._told(f"/git/trees/{sha}", recursive="1")
        if found["truncated"]:
            raise Rejected(Reason.NOT_UNDERSTOOD, f"the tree {sha} has more files than GitHub lists")
        entries = _entries(found)
        self._known.trees.put(sha, entries)
        return entries

    async def tree_ahead(self, commit: str) -> Tree | None:
        """List the tree of a commit of which not even the tree's id is known; None where that cannot be had.

        GitHub takes a commit for its tree (github/docs #25084). Whoever needs the tree asks again, and hears why not.
        """
        if self._known.commit(commit) is not None:
            return None
        try:
            found = await self._connection.get(f"/git/trees/{commit}", recursive="1")
        except (Refused, Unavailable):
            return None
        return None if found["truncated"] else _entries(found)

    def saw_tree(self, sha: str, entries: Tree) -> None:
        """Take note of what is in a tree, as it was listed by its commit."""
        self._known.trees.put(sha, entries)

    async def blobs(self, entries: Sequence[TreeEntry]) -> list[bytes]:
        """Read the files of a tree, at once; those read before are not asked for again."""
        return await self._blobs.read(entries)

    async def commit_files(self, parent: Commit, message: str, files: Mapping[TreeEntry, str]) -> str:
        """Make a commit that changes some files of its parent and nothing else; no branch moves yet."""
        changed = [{"path": e.path, "mode": e.mode, "type": "blob", "content": text} for e, text in files.items()]
        tree = await self._made("/git/trees", {"base_tree": parent.tree, "tree": changed})
        return await self.commit_tree(str(tree["sha"]), parent.sha, message)

    async def commit_tree(self, tree: str, parent: str, message: str) -> str:
        """Make a commit of an existing tree; no branch moves yet."""
        made = await self._made("/git/commits", {"message": message, "tree": tree, "parents": [parent]})
        return str(made["sha"])

    async def move(self, branch: str, sha: str, *, force: bool = False) -> bool:
        """Let a branch name another commit; False where that would lose commits, since somebody else was faster.

        With `force` it may lose them, so a refusal is none of ours to understand.
        """
        try:
            await self._connection.patch(f"/git/refs/heads/{branch}", {"sha": sha, "force": force})
        except Refused as error:
            if not force and "not a fast forward" in error.message.lower():
                return False
            raise _unexpected(f"moving {branch} to {sha}", error) from error
        return True

    async def create(self, branch: str, sha: str) -> bool:
        """Create a branch; False where it exists already."""
        try:
            await self._connection.post("/git/refs", {"ref": f"refs/heads/{branch}", "sha": sha})
        except Refused as error:
            if "already exists" in error.message:
                return False
            raise _unexpected(f"creating {branch} at {sha}", error) from error
        return True

    async def delete(self, branch: str) -> None:
        """Delete a branch; one that is gone already is no surprise."""
        try:
            await self._connection.delete(f"/git/refs/heads/{branch}")
        except Refused as error:
            if "does not exist" not in error.message and error.status != NOT_FOUND:
                raise _unexpected(f"deleting {branch}", error) from error

    def _learned(self, rows: Iterable[Any]) -> tuple[Commit, ...]:
        commits = tuple(map(_listed_commit, rows))
        self._known.learn(commits)
        return commits

    async def _told(self, path: str, /, **parameters: Any) -> Any:
        """Read what GitHub itself has named, so that a 404 is no answer about the event."""
        try:
            return await self._connection.get(path, **parameters)
        except Refused as error:
            raise _unexpected(path, error) from error

    async def _made(self, path: str, body: Mapping[str, Any]) -> Any:
        try:
            return await self._connection.post(path, body)
        except Refused as error:
            raise _unexpected(path, error) from error

    async def _found(self, path: str, /, **parameters: Any) -> Any:
        try:
            return await self._connection.get(path, **parameters)
        except Refused as error:
            if error.status == NOT_FOUND:
                return None
            raise _unexpected(path, error) from error


def _commit(found: Any) -> Commit:
    parents = tuple(str(parent["sha"]) for parent in found["parents"])
    committed_at = datetime.fromisoformat(found["committer"]["date"])
    return Commit(str(found["sha"]), str(found["tree"]["sha"]), parents, str(found["message"]), committed_at)


def _listed_commit(row: Any) -> Commit:
    """Read a commit as lists show it: what Git knows of it is one level down."""
    return _commit({**row["commit"], "sha": row["sha"], "parents": row["parents"]})


def _entries(found: Any) -> Tree:
    listed = (entry for entry in found["tree"] if entry["type"] != "tree")
    return tuple(TreeEntry(str(entry["path"]), str(entry["mode"]), str(entry["sha"])) for entry in listed)


def _unexpected(what: str, error: Refused) -> Unavailable:
    return Unavailable(Fault.REFUSED, f"GitHub, {what}: {error.status} {error.message}")
