"""The manifests below the paths that a person names, as files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.domain.image_paths import NO_PATHS, ImagePaths
from shared.domain.manifests import MANIFEST_SUFFIXES, Manifest, read_manifest


@dataclass(frozen=True, slots=True)
class LocalManifest:
    """A file and what it says."""

    file: Path
    manifest: Manifest


def manifests_below(paths: list[Path], image_paths: ImagePaths = NO_PATHS) -> list[LocalManifest]:
    """Read every manifest below some paths, each once, in order; custom resources by their configured paths.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    files = dict.fromkeys(file for path in paths for file in _files(path))
    return [LocalManifest(file, read_manifest(str(file), file.read_bytes(), image_paths=image_paths)) for file in files]


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        below = (file for file in path.rglob("*") if file.is_file() and file.suffix in MANIFEST_SUFFIXES)
        yield from sorted(file for file in below if _is_shown(file, path))
    elif path.is_file():
        yield path
    else:
        raise FileNotFoundError(path)


def _is_shown(file: Path, below: Path) -> bool:
    """Leave out .git, .github and their like, which deploy nothing."""
    return not any(part.startswith(".") for part in file.relative_to(below).parts)
