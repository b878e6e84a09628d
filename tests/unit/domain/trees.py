"""Whole trees of manifests, as tests write them: text by path."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from shared.domain.image import Digest, parse_name
from shared.domain.image_paths import read_image_paths
from shared.domain.kustomize import effective
from shared.domain.manifests import Manifest, read_manifest
from shared.domain.pinning import PinnedFile, pin
from tests.unit.domain.material import pod

Files = Mapping[str, str]


def deployed(files: Files, folders: Collection[str] = ("apps",), paths: Iterable[str] = ()) -> tuple[Manifest, ...]:
    """Read every file, and apply the kustomizations among them."""
    image_paths = read_image_paths(paths)
    read = (read_manifest(path, text.encode(), frozenset(), image_paths) for path, text in files.items())
    return effective(read, folders, image_paths)


def images(files: Files, folders: Collection[str] = ("apps",)) -> list[tuple[str, str]]:
    """Every effective image, with its place."""
    return [
        (image.place, image.reference.written) for manifest in deployed(files, folders) for image in manifest.images
    ]


def sentences(files: Files, folders: Collection[str] = ("apps",), paths: Iterable[str] = ()) -> list[str]:
    """Every problem's sentence."""
    return [problem.detail for manifest in deployed(files, folders, paths) for problem in manifest.problems]


def pinned(files: Files, digests: Mapping[str, Digest]) -> dict[str, PinnedFile]:
    """Pin what these images by tag name now, such as `nginx:1`."""
    parts = {image.rpartition(":"): digest for image, digest in digests.items()}
    now = {(parse_name(name), tag): digest for (name, _, tag), digest in parts.items()}
    return {manifest.path: pin(manifest, now) for manifest in deployed(files)}


def kustomized(kustomization: str, resource: str = pod("nginx:1")) -> dict[str, str]:
    """One folder of a kustomization and one resource, which it lists before the text given."""
    return {"apps/kustomization.yaml": f"resources: [a.yaml]\n{kustomization}", "apps/a.yaml": resource}
