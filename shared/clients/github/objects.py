"""What is known of a repository's objects: whatever was read once, for ids are hashes, and what they say stays true."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.clients.github.kept import Kept
from shared.domain.ancestry import only_in
from shared.domain.release import TreeEntry

_ID: Final = re.compile(r"[0-9a-f]{40}", re.ASCII)
_MIB: Final = 1024 * 1024
# Manifests are some KiB each, a message some hundred bytes; a function's memory is some hundred MiB.
_BLOBS: Final = 64 * _MIB
_TREES: Final = 16 * _MIB
_COMMITS: Final = 4 * _MIB
_COMPARISONS: Final = 4 * _MIB
_OBJECT: Final = 500  # bytes that Python spends on the ids, the time and the objects around a text


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its id, its tree's id, its parents' ids, its message."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    message: str
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a head relates to a base.

    `is_ahead`: the head's history holds the base. `merge_tree` is the tree of the commit that both come from; `commits`
    are the newest of those that only the head has, oldest first, and `total` is how many those are.
    """

    is_ahead: bool
    merge_tree: str
    commits: tuple[Commit, ...]
    total: int


class Objects:
    """Commits, trees, blobs and comparisons that were read before, up to so many bytes of each."""

    def __init__(self) -> None:
        self.blobs: Final[Kept[str, bytes]] = Kept(_BLOBS, len)
        self.trees: Final[Kept[str, tuple[TreeEntry, ...]]] = Kept(_TREES, _weight_of_tree)
        self._commits: Final[Kept[str, Commit]] = Kept(_COMMITS, _weight_of_commit)
        self._comparisons: Final[Kept[tuple[str, str], Comparison]] = Kept(_COMPARISONS, _weight_of_comparison)

    def commit(self, sha: str) -> Commit | None:
        """A commit that is known."""
        return self._commits.get(sha)

    def learn(self, commits: Iterable[Commit]) -> None:
        """Keep commits."""
        for commit in commits:
            self._commits.put(commit.sha, commit)

    def comparison(self, base: str, head: str) -> Comparison | None:
        """How two commits relate, where that was read before or follows from the commits that are known."""
        return self._comparisons.get((base, head)) or self._followed(base, head)

    def compared(self, base: str, head: str, comparison: Comparison) -> None:
        """Keep a comparison, unless it was by a branch's name, which moves."""
        if _ID.fullmatch(base) and _ID.fullmatch(head):
            self._comparisons.put((base, head), comparison)

    def _followed(self, base: str, head: str) -> Comparison | None:
        start = self.commit(base)
        shas = only_in(head, base, self._parents) if start else None
        commits = [commit for sha in shas or () if (commit := self.commit(sha)) is not None]
        if start is None or shas is None or len(commits) < len(shas):
            return None
        return Comparison(True, start.tree, tuple(commits), len(commits))

    def _parents(self, sha: str) -> tuple[str, ...] | None:
        commit = self.commit(sha)
        return None if commit is None else commit.parents


def _weight_of_commit(commit: Commit) -> int:
    return _OBJECT + len(commit.message)


def _weight_of_tree(entries: tuple[TreeEntry, ...]) -> int:
    return sum(_OBJECT + len(entry.path) for entry in entries)


def _weight_of_comparison(comparison: Comparison) -> int:
    return _OBJECT + sum(map(_weight_of_commit, comparison.commits))
