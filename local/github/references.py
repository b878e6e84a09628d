"""Branches and tags: look them up and move them, atomically."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from local.github.git_process import Git, GitError
from local.github.object_reader import ObjectReader
from local.github.objects import ABSENT, SHA

FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[./]|[./]$|\.lock(/|$)")
ABBREVIATED = re.compile(r"[0-9a-f]{7,39}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A ref by its full name, and the object that it points to."""

    name: str
    sha: str
    type: str = "commit"

    @property
    def short(self) -> str:
        """The name without `refs/heads/`."""
        return self.name.removeprefix("refs/heads/")


@dataclass(frozen=True, slots=True)
class Movement:
    """A ref by its full name, and the object that it is to name instead of another; the absent name is none."""

    name: str
    new: str
    old: str


class ReferenceMoved(Exception):  # noqa: N818 - an outcome of the compare-and-swap, no programming error
    """The ref no longer has the value that the update expected."""


class References:
    """The refs of one bare repository."""

    def __init__(self, git: Git, reader: ObjectReader) -> None:
        self._git = git
        self._reader = reader

    async def get(self, name: str) -> Reference | None:
        """Look up a ref by its full name, `refs/…`; None when there is none."""
        if not is_ref_name(name):
            return None
        found = await self._reader.info(name)
        return Reference(name, found.sha, found.type) if found is not None else None

    async def branch(self, name: str) -> Reference | None:
        """Look up a branch; None when there is none."""
        return await self.get(f"refs/heads/{name}")

    async def matching(self, prefix: str) -> list[Reference]:
        """List the refs whose full names begin with a prefix, sorted by name."""
        listed = await self._git.lines("for-each-ref", "--format=%(objectname) %(objecttype) %(refname)", "refs/")
        rows = [line.split(" ", 2) for line in listed]
        return [Reference(name, sha, kind) for sha, kind, name in rows if name.startswith(prefix)]

    async def commit_sha(self, committish: str) -> str | None:
        """Resolve what the API calls a ref: a SHA (also abbreviated), a branch, a tag or `heads/…`."""
        if SHA.fullmatch(committish):
            return await self._peel(committish)
        if not is_ref_name(f"refs/heads/{committish}"):
            return None
        for name in (f"refs/heads/{committish}", f"refs/tags/{committish}", f"refs/{committish}", committish):
            known = name.startswith("refs/") or ABBREVIATED.fullmatch(name) or name == "HEAD"
            sha = await self._peel(name) if known else None
            if sha is not None:
                return sha
        return None

    async def move(self, name: str, *, new: str, old: str = ABSENT) -> None:
        """Let a ref point to `new`, provided that it still points to `old`; the absent name creates or deletes.

        Raises:
            ReferenceMoved: another update came first.
        """
        command = ("-d", name, old) if new == ABSENT else (name, new, old)
        try:
            await self._git.run("update-ref", *command)
        except GitError as error:
            raise ReferenceMoved(str(error)) from error

    async def move_together(self, movements: Sequence[Movement]) -> None:
        """Let several refs point elsewhere in one transaction, each provided that it is where it was.

        Raises:
            ReferenceMoved: another update of one of them came first, and none was moved.
        """
        commands = "".join(f"update {each.name} {each.new} {each.old}\n" for each in movements)
        try:
            await self._git.run("update-ref", "--stdin", stdin=commands.encode())
        except GitError as error:
            raise ReferenceMoved(str(error)) from error

    async def _peel(self, name: str) -> str | None:
        found = await self._reader.info(f"{name}^{{commit}}")
        return found.sha if found is not None else None


def is_ref_name(name: str) -> bool:
    """Tell whether git would take this as the full name of a ref (`git check-ref-format`)."""
    return name.startswith("refs/") and FORBIDDEN.search(name) is None
