"""Reading manifests, each only once: what a blob holds never changes, and to read it is most of an event's own work.

Measured on the Blog App's release, of a core's time for a replay: attest_images 22 of 38 ms, open_prod_pr 27 of 47.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from shared.clients.github.kept import Kept
from shared.domain.image_paths import NO_PATHS, ImagePaths
from shared.domain.manifests import Manifest, read_manifest
from shared.domain.release import TreeEntry

_KEPT_BYTES: Final = 8 * 1024 * 1024  # of manifests as read, by `_weight`
_FOUND_BYTES: Final = 1024  # that Python spends on one image, mention or problem


class ManifestReader:
    """Reads manifests as one configuration has it, and keeps what it has read; the least recently used goes first."""

    def __init__(
        self,
        exempt_kinds: frozenset[str] = frozenset(),
        image_paths: ImagePaths = NO_PATHS,
        *,
        kept_bytes: int = _KEPT_BYTES,
    ) -> None:
        self._exempt_kinds = exempt_kinds
        self._image_paths = image_paths
        self._kept: Kept[tuple[str, str], Manifest] = Kept(kept_bytes, _weight)

    def read(self, files: Iterable[tuple[TreeEntry, bytes]]) -> list[Manifest]:
        """Read files; what is wrong with one is in its problems."""
        return [self._read(entry, data) for entry, data in files]

    def _read(self, entry: TreeEntry, data: bytes) -> Manifest:
        name = entry.path, entry.sha  # the path as well: it is part of every place, and kustomizations go by it
        manifest = self._kept.get(name)
        if manifest is None:
            manifest = read_manifest(entry.path, data, self._exempt_kinds, self._image_paths)
            self._kept.put(name, manifest)
        return manifest


def _weight(manifest: Manifest) -> int:
    found = len(manifest.images) + len(manifest.mentions) + len(manifest.problems)
    return len(manifest.text) + _FOUND_BYTES * (found + 1)
