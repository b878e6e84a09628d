"""Manifests as a commit of a local clone has them, without checking it out."""

from __future__ import annotations

import os
import posixpath
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from cli.tree.reading import Listing
from shared.domain.release import TreeEntry


def committed_files(revision: str, paths: Sequence[Path]) -> Listing:
    """List what a revision of the clone around the working directory has below some paths.

    Raises:
        ValueError: there is no clone here, no such revision, or nothing below one of the paths.
    """
    named = tuple(_from_root(path) for path in paths)
    # Listed from the first part on, so that a link above a path is seen.
    tops = sorted({name.partition("/")[0] for name in named} - {"."})
    entries = tuple(_entries(revision, () if "." in named else tops))
    for name in named:
        if not any(_concerns(entry, name) for entry in entries):
            raise ValueError(f"{revision} has nothing at {name}")
    concerned = (entry for entry in entries if any(_concerns(entry, name) for name in named))
    return Listing(tuple(concerned), named, _blobs, lambda path: path)


def _concerns(entry: TreeEntry, name: str) -> bool:
    """Whether an entry is at or below a path, or is a link or submodule in place of a folder above it."""
    instead = not entry.is_regular and name.startswith(f"{entry.path}/")
    return instead or name in {".", entry.path} or entry.path.startswith(f"{name}/")


def _from_root(path: Path) -> str:
    """Spell a path from the root of the clone."""
    if path.is_absolute():
        top = os.fsdecode(_git("rev-parse", "--show-toplevel")).rstrip("\n")
        return posixpath.normpath(os.path.relpath(path, top))
    prefix = os.fsdecode(_git("rev-parse", "--show-prefix")).rstrip("\n")
    return posixpath.normpath(posixpath.join(prefix, path.as_posix()))


def _entries(revision: str, tops: Sequence[str]) -> Iterator[TreeEntry]:
    listed = _git("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", revision, *tops)
    for row in os.fsdecode(listed).split("\0"):
        if row:
            properties, _, path = row.partition("\t")
            mode, _, sha = properties.split(" ")
            yield TreeEntry(path, mode, sha)


def _blobs(chosen: Sequence[TreeEntry]) -> list[bytes]:
    """Read them all in one run of git."""
    found = _git("cat-file", "--batch", asked="".join(f"{entry.sha}\n" for entry in chosen).encode())
    blobs, start = [], 0
    for _ in chosen:
        head = found.index(b"\n", start)
        end = head + 1 + int(found[start:head].split(b" ")[2])
        blobs.append(found[head + 1 : end])
        start = end + 1
    return blobs


def _git(*arguments: str, asked: bytes = b"") -> bytes:
    done = subprocess.run(["git", *arguments], input=asked, capture_output=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace").strip())
    return done.stdout
