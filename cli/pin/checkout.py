"""The manifests below the paths that a person names, as files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.domain.image_paths import NO_PATHS, ImagePaths
from shared.domain.kustomization import KUSTOMIZATION_NAMES
from shared.domain.kustomize import effective
from shared.domain.manifests import MANIFEST_SUFFIXES, Manifest, read_manifest


@dataclass(frozen=True, slots=True)
class LocalManifest:
    """A file and what it says."""

    file: Path
    manifest: Manifest


def manifests_below(
    paths: list[Path], image_paths: ImagePaths = NO_PATHS, exempt_kinds: frozenset[str] = frozenset()
) -> list[LocalManifest]:
    """Read every manifest below some paths, each once, in order; custom resources by their configured paths.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    read = (read_manifest(str(file), file.read_bytes(), exempt_kinds, image_paths) for file in files)
    manifests = effective(read, [str(path) for path in paths], image_paths)
    return [LocalManifest(file, manifest) for file, manifest in zip(files, manifests, strict=True)]


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        below = (file for file in path.rglob("*") if file.is_file() and _is_manifest(file))
        yield from sorted(file for file in below if _is_shown(file, path))
    elif path.is_file():
        yield path
    else:
        raise FileNotFoundError(f"{path}: there is no such file or folder")


def _is_manifest(file: Path) -> bool:
    return file.suffix in MANIFEST_SUFFIXES or file.name in KUSTOMIZATION_NAMES


def _is_shown(file: Path, below: Path) -> bool:
    """Leave out .git, .github and their like, which deploy nothing."""
    return not any(part.startswith(".") for part in file.relative_to(below).parts)
