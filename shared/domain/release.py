"""What a release is: a commit of the environments repository, the images that its manifests run, and what they need.

Rules:
* Every image that the prod policy does not exempt must be named by digest; one tag rejects the whole release.
* Whatever cannot be judged (see manifests.py) rejects it too: links out of the tree, programs that make manifests.
* Exempt paths (see exempt_paths.py) are not looked at, so what they run is neither judged nor attested.
* A release without an image to attest is none: empty means no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected
from shared.domain.exempt_paths import NO_EXEMPT_PATHS, ExemptPaths
from shared.domain.image import PinnedImage
from shared.domain.image_fields import PodPlace
from shared.domain.kustomization import KUSTOMIZATION_NAMES
from shared.domain.manifests import MANIFEST_SUFFIXES, ImageField, Manifest
from shared.domain.policy import Policy

REGULAR: Final = "100644"
LINK: Final = "120000"
SUBMODULE: Final = "160000"
_REGULAR_MODES: Final = frozenset({REGULAR, "100755"})
_PROGRAM_SUFFIXES: Final = (".jsonnet", ".libsonnet")
# Helm takes a chart's templates from files of any suffix, and reads its Chart.yaml whatever `kind` stands in there;
# Argo CD overrides images out of `.argocd-source.yaml` and `.argocd-source-<application>.yaml`.
_PROGRAM_NAMES: Final = ("Chart.yaml", ".argocd-source")
_SHOWN_PROBLEMS: Final = 5


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One blob, link or submodule of a Git tree; `mode` is Git's, `sha` the object's id."""

    path: str
    mode: str
    sha: str

    @property
    def is_regular(self) -> bool:
        """Whether it is a file; neither a link nor a submodule."""
        return self.mode in _REGULAR_MODES


@dataclass(frozen=True, slots=True)
class Release:
    """What a commit would run in prod: every image as written, those to attest, and those that the policy exempts."""

    fields: tuple[ImageField, ...]
    to_attest: tuple[PinnedImage, ...]
    exempt: tuple[str, ...]

    @property
    def written(self) -> tuple[str, ...]:
        """Every image string once, in the order of the manifests."""
        return tuple(dict.fromkeys(field.reference.written for field in self.fields))

    @property
    def pods(self) -> dict[str, tuple[PodPlace, ...]]:
        """Every place in which each image string runs."""
        found: dict[str, dict[PodPlace, None]] = {}
        for field in self.fields:
            found.setdefault(field.reference.written, {}).update(dict.fromkeys(field.pods))
        return {written: tuple(pods) for written, pods in found.items()}


def manifest_entries(
    entries: Iterable[TreeEntry], folders: tuple[str, ...], exempt: ExemptPaths = NO_EXEMPT_PATHS
) -> tuple[TreeEntry, ...]:
    """Choose the manifests of a tree that prod deploys: regular files in the configured folders, none of them exempt.

    Raises:
        Rejected: they are too many.
    """
    regular = (entry for entry in entries if entry.is_regular)
    inside = (entry for entry in regular if _is_inside(entry.path, folders) and is_manifest(entry.path))
    chosen = tuple(entry for entry in inside if not exempt.hold(entry.path))
    if len(chosen) > limits.MANIFEST_FILES:
        raise Rejected(Reason.MALFORMED_MANIFEST, f"{len(chosen):,} manifests; at most {limits.MANIFEST_FILES:,}")
    return chosen


def exempt_entries(
    entries: Iterable[TreeEntry], folders: tuple[str, ...], exempt: ExemptPaths
) -> tuple[TreeEntry, ...]:
    """Choose what prod deploys and nobody judges: whatever it runs is not attested here."""
    return tuple(entry for entry in entries if _matters(entry, folders) and exempt.hold(entry.path))


def unreadable(
    entries: Iterable[TreeEntry], folders: tuple[str, ...], exempt: ExemptPaths = NO_EXEMPT_PATHS
) -> tuple[Rejected, ...]:
    """Say what a tree deploys that cannot be read as files: a link, a submodule or a program."""
    judged = (entry for entry in entries if _matters(entry, folders) and not exempt.hold(entry.path))
    return tuple(_unreadable(judged))


def require_readable(
    entries: Iterable[TreeEntry], folders: tuple[str, ...], exempt: ExemptPaths = NO_EXEMPT_PATHS
) -> None:
    """Make sure that what a tree deploys can be read as files.

    Raises:
        Rejected: in the folders is a link, a submodule or a program, whose images cannot be known.
    """
    _raise_all(unreadable(entries, folders, exempt))


def is_manifest(path: str) -> bool:
    """Whether Argo CD and kustomize read a file as a manifest, by its name."""
    return path.endswith(MANIFEST_SUFFIXES) or path.rpartition("/")[2] in KUSTOMIZATION_NAMES


def read_release(manifests: Iterable[Manifest], policy: Policy, system: tuple[str, ...] = ()) -> Release:
    """Decide what a commit's manifests would run in prod, and which of it must be attested.

    Raises:
        Rejected: a manifest is not understood, an image is named by tag, or there is nothing to attest.
    """
    read = tuple(manifests)
    _raise_all(problem for manifest in read for problem in manifest.problems)
    fields = tuple(field for manifest in read for field in manifest.images)
    needed = tuple(field for field in fields if not policy.exempts(field.reference.written, system))
    _raise_all(_tags(needed))
    if not needed:
        raise Rejected(Reason.NOTHING_TO_ATTEST, "the manifests run no image that needs an attestation; empty means no")
    return Release(
        fields,
        tuple(sorted({field.reference.pinned() for field in needed})),
        tuple(dict.fromkeys(f.reference.written for f in fields if policy.exempts(f.reference.written, system))),
    )


def require_same_images(claimed: tuple[PinnedImage, ...] | None, release: Release) -> None:
    """Hold the images that CI says it tested against those that the manifests run.

    Raises:
        Rejected: they differ; the sentence names one image that does.
    """
    if claimed is None:
        return
    for image in sorted(set(claimed) ^ set(release.to_attest)):
        where = "was tested, but no manifest runs it" if image in claimed else "is in the manifests, but was not tested"
        raise Rejected(Reason.IMAGES_DIFFER, f"images: {image} {where}")


def _is_inside(path: str, folders: tuple[str, ...]) -> bool:
    return any(folder in {".", path} or path.startswith(f"{folder}/") for folder in folders)


def _matters(entry: TreeEntry, folders: tuple[str, ...]) -> bool:
    """Whether an entry is inside of a folder, or instead of it: a link there would deploy another folder."""
    instead = not entry.is_regular and any(f"{folder}/".startswith(f"{entry.path}/") for folder in folders)
    return instead or _is_inside(entry.path, folders)


def _unreadable(entries: Iterable[TreeEntry]) -> Iterator[Rejected]:
    for entry in entries:
        if not entry.is_regular:
            yield Rejected(Reason.NOT_UNDERSTOOD, f"{entry.path}: a link or submodule; its images cannot be seen here")
        elif entry.path.endswith(_PROGRAM_SUFFIXES) or entry.path.rpartition("/")[2].startswith(_PROGRAM_NAMES):
            yield Rejected(Reason.NOT_UNDERSTOOD, f"{entry.path}: a program; the images it makes cannot be seen here")


def _tags(fields: Iterable[ImageField]) -> Iterator[Rejected]:
    for field in fields:
        try:
            field.reference.pinned()
        except Rejected as error:
            yield Rejected(error.reason, f"{field.place}: {error.detail}")


def _raise_all(problems: Iterable[Rejected]) -> None:
    """Reject with the first reason, and with as many sentences as a person wants to read at once."""
    found = list(problems)
    if not found:
        return
    sentences = [problem.detail for problem in found[:_SHOWN_PROBLEMS]]
    if len(found) > _SHOWN_PROBLEMS:
        sentences.append(f"and {len(found) - _SHOWN_PROBLEMS} more")
    raise Rejected(found[0].reason, "; ".join(sentences))
