"""Read and write commits, trees and blobs; every object name is computed by git."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from local.github.git_process import Git
from local.github.object_reader import GitObject, ObjectReader
from local.github.signature import Signature

SHA = re.compile(r"[0-9a-f]{40}")
ABSENT = "0" * 40
SHA_BYTES = 20
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # known to git in every repository
# An index of its own, begun with a tree, changed, and written as a tree; one process to wait for instead of three.
REWRITE = 'git read-tree "$BASE" && git update-index -z --index-info && git write-tree'
TYPES = {"040000": "tree", "160000": "commit"}


@dataclass(frozen=True, slots=True)
class Commit:
    """A parsed commit object."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str

    @classmethod
    def parse(cls, found: GitObject) -> Commit:
        """Parse the content of a commit object."""
        head, _, message = found.data.decode(errors="replace").partition("\n\n")
        headers = [line.partition(" ")[::2] for line in head.split("\n")]
        first = dict(reversed(headers))
        return cls(
            sha=found.sha,
            tree=first["tree"],
            parents=tuple(value for name, value in headers if name == "parent"),
            author=Signature.parse(first["author"]),
            committer=Signature.parse(first["committer"]),
            message=message,
        )

    def body(self) -> bytes:
        """Write the content of the commit object, the message exactly as given."""
        parents = "".join(f"parent {parent}\n" for parent in self.parents)
        people = f"author {self.author.line()}\ncommitter {self.committer.line()}\n"
        return f"tree {self.tree}\n{parents}{people}\n{self.message}".encode()


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One entry of a tree, its path relative to that tree; `size` in bytes, for blobs only."""

    mode: str
    type: str
    sha: str
    path: str
    size: int | None = None


class Objects:
    """The object database of one bare repository."""

    def __init__(self, git: Git, reader: ObjectReader) -> None:
        self._git = git
        self._reader = reader
        self._commits: dict[str, Commit] = {}  # they never change

    async def commit(self, sha: str) -> Commit | None:
        """Read a commit by the name of its object; None when there is no such commit."""
        if sha not in self._commits:
            found = await self._reader.contents(sha) if SHA.fullmatch(sha) else None
            if found is None or found.type != "commit":
                return None
            self._commits[sha] = Commit.parse(found)
        return self._commits[sha]

    async def commits(self, shas: Iterable[str]) -> list[Commit]:
        """Read several commits that are known to exist, in order."""
        found = [await self.commit(sha) for sha in shas]
        return [commit for commit in found if commit is not None]

    async def blob(self, sha: str) -> bytes | None:
        """Read the content of a blob; None when there is no such blob."""
        found = await self._reader.contents(sha) if SHA.fullmatch(sha) else None
        return found.data if found is not None and found.type == "blob" else None

    async def kind(self, sha: str) -> str:
        """Tell the type of an object: blob, tree, commit or tag; empty when there is none."""
        found = await self._reader.info(sha) if SHA.fullmatch(sha) else None
        return found.type if found is not None else ""

    async def entries(self, tree: str, *, recursive: bool = False) -> list[TreeEntry]:
        """List a tree, with all that lies below it if `recursive`."""
        listed = await self._listed(tree, "", recursive=recursive)
        blobs = await self._reader.infos([entry.sha for entry in listed if entry.type == "blob"])
        sizes = {blob.sha: blob.size for blob in blobs if blob is not None}
        return [replace(entry, size=sizes.get(entry.sha)) for entry in listed]

    async def _listed(self, tree: str, prefix: str, *, recursive: bool) -> list[TreeEntry]:
        found = await self._reader.contents(tree)
        listed: list[TreeEntry] = []
        for entry in parsed_tree(found.data if found is not None else b"", prefix):
            listed.append(entry)
            if recursive and entry.type == "tree":
                listed += await self._listed(entry.sha, f"{entry.path}/", recursive=True)
        return listed

    async def write_commit(self, commit: Commit) -> str:
        """Store a commit and name it; what git itself would not accept raises GitError."""
        return await self._hash_object("commit", commit.body())

    async def write_blob(self, content: bytes) -> str:
        """Store a blob and name it."""
        return await self._hash_object("blob", content)

    async def write_blobs(self, contents: Sequence[bytes]) -> list[str]:
        """Store several blobs and name them, in order."""
        if not contents:
            return []
        with tempfile.TemporaryDirectory(prefix="prodgate-blobs-") as scratch:
            paths = [Path(scratch) / str(number) for number in range(len(contents))]
            for path, content in zip(paths, contents, strict=True):
                path.write_bytes(content)
            listed = "".join(f"{path}\n" for path in paths).encode()
            written = await self._git.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listed)
        return written.stdout.decode().split()

    async def write_tree(self, base: str | None, entries: Iterable[TreeEntry]) -> str:
        """Store the tree that `base` becomes with these entries; those of the absent name are taken out."""
        changes = "".join(f"{entry.mode} {entry.sha}\t{entry.path}\0" for entry in entries)
        with tempfile.TemporaryDirectory(prefix="prodgate-index-") as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index"), "BASE": base or EMPTY_TREE}
            content = changes.encode(errors="surrogateescape")
            written = await self._git.run(
                "-c", f"alias.rewrite=!{REWRITE}", "rewrite", stdin=content, environment=index
            )
            return written.stdout.decode().strip()

    async def _hash_object(self, kind: str, content: bytes) -> str:
        return (await self._git.run("hash-object", "-t", kind, "-w", "--stdin", stdin=content)).stdout.decode().strip()


def parsed_tree(data: bytes, prefix: str) -> Iterator[TreeEntry]:
    """Read the content of a tree object: `mode name NUL` and twenty bytes of SHA for each entry."""
    start = 0
    while start < len(data):
        end = data.index(b"\0", start)
        mode, _, name = data[start:end].decode(errors="surrogateescape").partition(" ")
        start = end + 1 + SHA_BYTES
        padded = mode.zfill(6)
        yield TreeEntry(padded, TYPES.get(padded, "blob"), data[end + 1 : start].hex(), prefix + name)
