"""Drift: what prod holds that no release brought there, and that a snapshot would undo.

A snapshot has the tested tree. Where prod's head has the tree of the last release, or of the commit that both branches
come from, nothing of prod's own is lost. Where a file differs, somebody changed prod by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from shared.domain.release import TreeEntry

_NAMED: Final = 10  # files in the sentence; the rest is counted

Blob = tuple[str, str]
"""A file's id and mode."""
Files = Mapping[str, Blob]


def files_of(entries: Iterable[TreeEntry]) -> dict[str, Blob]:
    """The files of a tree, by their paths."""
    return {entry.path: (entry.sha, entry.mode) for entry in entries}


def changed_by_hand(prod: Files, baseline: Files, tested: Files) -> tuple[str, ...]:
    """Files of prod that are neither as the last release left them nor as the tested tree has them."""
    paths = sorted(prod.keys() | baseline.keys())
    return tuple(path for path in paths if prod.get(path) != baseline.get(path) and prod.get(path) != tested.get(path))


def brought_back(prod: Files, released: Files, tested: Files) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of the files that prod has otherwise than the last release: those that a tree brings back, and the new ones.

    The new ones are neither as the last release had them nor as prod has them now.
    """
    paths = sorted(path for path in prod.keys() | released.keys() if prod.get(path) != released.get(path))
    back = tuple(path for path in paths if tested.get(path) == released.get(path))
    new = tuple(path for path in paths if tested.get(path) not in (released.get(path), prod.get(path)))
    return back, new


def explained(path: str, prod: Files, history: Iterable[Files]) -> bool:
    """Whether dev's history once had a file as prod has it; then dev has moved on since, and nothing is lost."""
    return any(files.get(path) == prod.get(path) for files in history)


def drift_sentence(paths: tuple[str, ...], prod: str, dev: str) -> str:
    """Name the files, and the two ways out."""
    return (
        f"{prod} holds changes that this release would undo, in {named(paths)}; bring them to {dev} and test them, "
        f"or revert them on {prod}"
    )


def taken_back_sentence(paths: tuple[str, ...], prod: str, dev: str) -> str:
    """Name the files that prod took back, and the two ways out."""
    return (
        f"{prod} took back {named(paths)}, which this release would bring back unchanged; change or revert that on "
        f"{dev}, or replay with rollback.reason to bring it back"
    )


def named(paths: tuple[str, ...], write: Callable[[str], str] = str) -> str:
    """List some files, and count the others."""
    listed = ", ".join(map(write, paths[:_NAMED]))
    return f"{listed} and {len(paths) - _NAMED} more" if len(paths) > _NAMED else listed
