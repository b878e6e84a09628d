"""Manifests as a commit of a local clone has them, without checking it out."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from shared.domain.image_paths import ImagePaths
from shared.domain.manifests import MANIFEST_SUFFIXES, Manifest, read_manifest


def manifests_at(revision: str, paths: Sequence[Path], image_paths: ImagePaths) -> list[Manifest]:
    """Read every manifest below some paths of the clone around the working directory, as a revision has it.

    Raises:
        ValueError: there is no clone here, no such revision, or no manifest below the paths.
    """
    listed = _git("ls-tree", "-r", "-z", "--name-only", "--end-of-options", revision, "--", *map(str, paths))
    files = [file for file in listed.decode(errors="surrogateescape").split("\0") if file.endswith(MANIFEST_SUFFIXES)]
    if not files:
        raise ValueError(f"{revision} has no manifest below {', '.join(map(str, paths))}")
    return [
        read_manifest(file, _git("show", "--end-of-options", f"{revision}:./{file}"), image_paths=image_paths)
        for file in files
    ]


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace").strip())
    return done.stdout
