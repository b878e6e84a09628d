"""Read and write commits, trees and blobs; every object name is computed by git."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.github.git_process import Git
from local.github.object_reader import GitObject, ObjectReader
from local.github.signature import Signature

SHA = re.compile(r"[0-9a-f]{40}")
ABSENT = "0" * 40


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

    async def commit(self, sha: str) -> Commit | None:
        """Read a commit by the name of its object; None when there is no such commit."""
        found = await self._reader.contents(sha) if SHA.fullmatch(sha) else None
        return Commit.parse(found) if found is not None and found.type == "commit" else None

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

    async def entries(self, tree: str, *, recursive: bool = False, trees: bool = True) -> list[TreeEntry]:
        """List a tree; recursively, `trees` tells whether the subtrees themselves are listed too."""
        flags = (["-r", "-t"] if trees else ["-r"]) if recursive else []
        listed = (await self._git.run("ls-tree", "-l", "-z", *flags, tree)).stdout.decode(errors="surrogateescape")
        return [parse_entry(line) for line in listed.split("\0") if line]

    async def write_commit(self, commit: Commit) -> str:
        """Store a commit and name it; what git itself would not accept raises GitError."""
        return await self._hash_object("commit", commit.body())

    async def write_blob(self, content: bytes) -> str:
        """Store a blob and name it."""
        return await self._hash_object("blob", content)

    async def write_blobs(self, contents: Sequence[bytes]) -> list[str]:
        """Store several blobs and name them, in order."""
        return list(await asyncio.gather(*(self.write_blob(content) for content in contents)))

    async def write_tree(self, base: str | None, entries: Iterable[TreeEntry]) -> str:
        """Store the tree that `base` becomes with these entries; those of the absent name are taken out."""
        changes = "".join(f"{entry.mode} {entry.sha}\t{entry.path}\0" for entry in entries)
        with tempfile.TemporaryDirectory(prefix="prodgate-index-") as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            await self._git.run("read-tree", *([base] if base else ["--empty"]), environment=index)
            content = changes.encode(errors="surrogateescape")
            await self._git.run("update-index", "-z", "--index-info", stdin=content, environment=index)
            return (await self._git.run("write-tree", environment=index)).stdout.decode().strip()

    async def _hash_object(self, kind: str, content: bytes) -> str:
        return (await self._git.run("hash-object", "-t", kind, "-w", "--stdin", stdin=content)).stdout.decode().strip()


def parse_entry(line: str) -> TreeEntry:
    """Read `mode type sha size<TAB>path`, as `git ls-tree -l` writes it."""
    attributes, _, path = line.partition("\t")
    mode, kind, sha, size = attributes.split()
    return TreeEntry(mode, kind, sha, path, int(size) if size.isdigit() else None)
