"""Compare commits: merge bases, distances, changed files and trial merges, all computed by git."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from local.github.git_process import Git

STATUS = {"A": "added", "C": "copied", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file that differs between two trees; additions and deletions count lines, 0 for binary files."""

    status: str
    path: str
    previous: str | None
    sha: str
    additions: int
    deletions: int


@dataclass(frozen=True, slots=True)
class Distance:
    """How many commits only the head has, and only the base."""

    ahead: int
    behind: int

    @property
    def status(self) -> str:
        """The word of the API: identical, ahead, behind or diverged."""
        words = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
        return words.get((self.ahead > 0, self.behind > 0), "diverged")


@dataclass(frozen=True, slots=True)
class TrialMerge:
    """The tree of a merge that was only tried; whether it was without conflict, and whether the head lacks the base."""

    tree: str
    clean: bool
    is_behind: bool


class History:
    """Questions about two commits of one bare repository."""

    def __init__(self, git: Git) -> None:
        self._git = git
        # Commits never change, so neither does this; without it a list of N pull requests would be N processes.
        self._ancestry: dict[tuple[str, str], bool] = {}

    async def merge_base(self, base: str, head: str) -> str | None:
        """Find the best common ancestor; None when there is none."""
        found = (await self._git.run("merge-base", base, head, expect=(0, 1))).stdout.decode().split()
        return found[0] if found else None

    async def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Tell whether a commit is contained in another's history."""
        pair = (ancestor, descendant)
        if ancestor != descendant and pair not in self._ancestry:
            finished = await self._git.run("merge-base", "--is-ancestor", *pair, expect=(0, 1))
            self._ancestry[pair] = finished.code == 0
        return self._ancestry.get(pair, True)

    async def distance(self, base: str, head: str) -> Distance:
        """Count the commits on either side."""
        counted = await self._git.run("rev-list", "--left-right", "--count", f"{base}...{head}")
        behind, ahead = (int(number) for number in counted.stdout.split())
        return Distance(ahead=ahead, behind=behind)

    async def log(self, head: str, *, without: str | None = None, path: str = "") -> list[str]:
        """List the commits of a history, newest first, without those of another."""
        excluded = [f"^{without}"] if without else []
        return await self._git.lines("rev-list", head, *excluded, "--", *([path] if path else []))

    async def changed_files(self, base: str, head: str) -> list[ChangedFile]:
        """List what differs between two trees, renames found as GitHub finds them."""
        flags = ["-r", "-M", "-z", "--raw", "--numstat", "--no-color"]
        output = (await self._git.run("diff-tree", *flags, base, head)).stdout.decode(errors="surrogateescape")
        fields = iter(output.split("\0")[:-1])
        return list(changed_files(fields))

    async def trial_merge(self, base: str, head: str) -> TrialMerge:
        """Merge two commits without touching any ref."""
        finished = await self._git.run("merge-tree", "--write-tree", base, head, expect=(0, 1))
        is_behind = not await self.is_ancestor(base, head)
        return TrialMerge(finished.stdout.decode().split("\n")[0], finished.code == 0, is_behind)

    async def differences(self, base: str, head: str) -> tuple[list[str], list[ChangedFile]]:
        """List the commits that only the head has, newest first, and the files that they change."""
        ancestor = await self.merge_base(base, head)
        return await asyncio.gather(self.log(head, without=base), self.changed_files(ancestor or EMPTY_TREE, head))


def changed_files(fields: Iterator[str]) -> Iterator[ChangedFile]:
    """Join the two halves of `git diff-tree --raw --numstat -z`: first every status, then every line count."""
    raw: list[tuple[str, str, str, str | None]] = []
    counts: list[tuple[int, int]] = []
    for field in fields:
        if field.startswith(":"):
            _, _, old, new, letter = field.split(" ")
            previous = next(fields) if letter[0] in "RC" else None
            status = STATUS[letter[0]]
            raw.append((status, old if status == "removed" else new, next(fields), previous))
            continue
        added, deleted, path = field.split("\t")
        if not path:
            # A rename: its two paths follow, which the status told already.
            next(fields), next(fields)
        counts.append((int(added) if added.isdigit() else 0, int(deleted) if deleted.isdigit() else 0))
    for (status, sha, path, previous), (additions, deletions) in zip(raw, counts, strict=True):
        yield ChangedFile(status, path, previous, sha, additions, deletions)
