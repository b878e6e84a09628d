"""Manifests are read once, and as if they were read anew."""

from __future__ import annotations

import hashlib

from shared.domain.manifests import read_manifest
from shared.domain.release import REGULAR, TreeEntry
from shared.workflow.reading import ManifestReader

POD = b"""apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: a, image: docker.io/library/nginx:1.27}]}
"""
WIDGET = b"apiVersion: acme.example/v1\nkind: Widget\nspec: {image: nginx}\n"


def blob(path: str, data: bytes) -> tuple[TreeEntry, bytes]:
    """A file of a tree; its id stands for what it holds."""
    return TreeEntry(path, REGULAR, hashlib.sha1(data, usedforsecurity=False).hexdigest()), data


def test_what_a_blob_holds_is_read_once() -> None:
    """Every event reads all of a commit's manifests, of which hardly any has changed since the last one."""
    reader = ManifestReader()

    [first], [again] = reader.read([blob("a.yaml", POD)]), reader.read([blob("a.yaml", POD)])

    assert again is first
    assert first == read_manifest("a.yaml", POD)


def test_the_same_blob_at_another_path_is_another_manifest() -> None:
    """Its images stand elsewhere, and it may be a kustomization there."""
    reader = ManifestReader()

    read = reader.read([blob("a.yaml", POD), blob("b.yaml", POD), blob("kustomization.yaml", POD)])

    assert [manifest.path for manifest in read] == ["a.yaml", "b.yaml", "kustomization.yaml"]
    assert [image.place for manifest in read[:2] for image in manifest.images] == ["a.yaml line 4", "b.yaml line 4"]
    assert read[2].kustomization is not None


def test_another_blob_at_the_same_path_is_read() -> None:
    """That is what a commit changes."""
    reader = ManifestReader()

    [before], [after] = reader.read([blob("a.yaml", POD)]), reader.read([blob("a.yaml", POD.replace(b"27", b"28"))])

    assert [str(image.reference.written) for image in before.images] == ["docker.io/library/nginx:1.27"]
    assert [str(image.reference.written) for image in after.images] == ["docker.io/library/nginx:1.28"]


def test_what_is_wrong_is_wrong_each_time() -> None:
    """A release that was refused is refused again, and with the same words."""
    reader = ManifestReader()

    details = [[problem.detail for problem in reader.read([blob("w.yaml", WIDGET)])[0].problems] for _ in range(2)]

    assert details[0]
    assert details[1] == details[0]


def test_a_reader_goes_by_its_own_configuration() -> None:
    """One that exempts a kind sees nothing wrong with it."""
    exempting = ManifestReader(frozenset({"acme.example/v1 Widget"}))

    [manifest] = exempting.read([blob("w.yaml", WIDGET)])

    assert not manifest.problems


def test_only_so_much_is_kept() -> None:
    """A function's memory does not grow with every commit that it has seen."""
    reader = ManifestReader(kept_bytes=5000)
    [first] = reader.read([blob("a.yaml", POD)])

    reader.read([blob("b.yaml", POD), blob("c.yaml", POD)])

    [again] = reader.read([blob("a.yaml", POD)])
    assert again is not first
    assert again == first
