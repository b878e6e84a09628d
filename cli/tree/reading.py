"""Reading a tree as attest_images does: its manifests with their effective images, and all that cannot be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.domain.errors import Rejected
from shared.domain.exempt_paths import NO_EXEMPT_PATHS, ExemptPaths
from shared.domain.image_paths import NO_PATHS, ImagePaths
from shared.domain.kustomize import effective
from shared.domain.manifests import Manifest, read_manifest
from shared.domain.release import TreeEntry, manifest_entries, unreadable


@dataclass(frozen=True, slots=True)
class Rules:
    """What is exempt, and where custom resources keep their images, as the functions are configured."""

    exempt_kinds: frozenset[str] = frozenset()
    exempt_paths: ExemptPaths = NO_EXEMPT_PATHS
    image_paths: ImagePaths = field(default_factory=lambda: NO_PATHS)


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries of a tree below some paths, how their bytes are read, and their paths from the repository's root.

    `paths` are spelled as those of the entries are; a file that is named itself is read whatever it is called.
    """

    entries: tuple[TreeEntry, ...]
    paths: tuple[str, ...]
    read: Callable[[Sequence[TreeEntry]], Sequence[bytes]]
    from_root: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Tree:
    """What was read, every problem in it, and the paths that were exempt and so not looked at."""

    manifests: tuple[Manifest, ...]
    problems: tuple[Rejected, ...]
    exempt: tuple[str, ...]


def read_tree(listing: Listing, rules: Rules) -> Tree:
    """Read every manifest, and say what cannot be read as one.

    Raises:
        Rejected: they are too many.
        OSError: a file cannot be read.
    """
    exempt = {entry.path for entry in listing.entries if rules.exempt_paths.hold(listing.from_root(entry.path))}
    judged = [entry for entry in listing.entries if entry.path not in exempt]
    named = [entry for entry in judged if entry.path in listing.paths and entry.is_regular]
    chosen = tuple(dict.fromkeys((*named, *manifest_entries(judged, listing.paths))))
    manifests = effective(
        [
            read_manifest(entry.path, data, rules.exempt_kinds, rules.image_paths)
            for entry, data in zip(chosen, listing.read(chosen), strict=True)
        ],
        listing.paths,
        rules.image_paths,
    )
    problems = (p for manifest in manifests for p in manifest.problems)
    return Tree(manifests, (*unreadable(judged, listing.paths), *problems), tuple(sorted(exempt)))
