"""Indexes: which of their children run, and which only hang there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.domain import limits
from shared.domain.errors import Reason, Rejected
from shared.domain.image import PinnedImage
from shared.domain.image_index import Index, read_index
from tests.unit.domain.material import NAME, PINNED, A, B, reason_of

OCI = "application/vnd.oci.image.manifest.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
C = "sha256:" + "c" * 64


def child(digest: str, media_type: str = OCI, **more: Any) -> dict[str, Any]:
    """One row of an index."""
    return {"mediaType": media_type, "digest": digest, "size": 7, **more}


def platform(os: str, architecture: str) -> dict[str, Any]:
    """What a row says it runs on."""
    return {"platform": {"os": os, "architecture": architecture, "os.version": "1"}}


def read_whole(*manifests: Any, **more: Any) -> Index:
    """Read an index of these rows."""
    return read_index(PINNED, json.dumps({"schemaVersion": 2, "manifests": manifests, **more}).encode())


def read(*manifests: Any, **more: Any) -> tuple[PinnedImage, ...]:
    """Read what an index of these rows can run."""
    return read_whole(*manifests, **more).runnable


def test_each_image_of_an_index_runs_somewhere() -> None:
    """In its order and once, whoever wrote it, with a platform or without."""
    found = read(child(B, **platform("linux", "amd64")), child(C, DOCKER), child(B, annotations={}, platform={}))

    assert found == (PinnedImage.parse(f"{NAME}@{B}"), PinnedImage.parse(f"{NAME}@{C}"))


@pytest.mark.parametrize(
    "attached",
    [
        child(C, annotations={"vnd.docker.reference.type": "attestation-manifest"}, **platform("linux", "amd64")),
        child(C, "application/vnd.in-toto+json", **platform("unknown", "unknown")),
    ],
    ids=["by annotation", "by platform"],
)
def test_what_buildkit_attaches_is_no_image(attached: dict[str, Any]) -> None:
    """Nothing runs it, so nothing about it was tested, and it is not attested."""
    assert read(child(B), attached) == (PinnedImage.parse(f"{NAME}@{B}"),)


def test_a_platform_that_is_unknown_by_half_still_runs() -> None:
    """What might run is attested; left out is only what nothing can run."""
    assert len(read(child(A, **platform("unknown", "amd64")), child(B, **platform("linux", "unknown")))) == 2


def test_an_index_of_nothing_adds_nothing() -> None:
    """It is attested itself; there is nothing in it that could run."""
    assert read_whole() == Index()


@pytest.mark.parametrize(
    ("rows", "scanned"),
    [
        ([child(A, **platform("linux", "arm64")), child(B, **platform("linux", "amd64"))], B),
        ([child(B, **platform("linux", "amd64")), child(C, **platform("linux", "amd64"))], B),
        ([child(A, **platform("windows", "amd64")), child(B, **platform("linux", "arm64")), child(C)], None),
    ],
    ids=["behind another", "the first", "none"],
)
def test_the_first_child_for_linux_on_amd64_is_the_one_that_is_scanned(
    rows: list[dict[str, Any]], scanned: str | None
) -> None:
    """Artifact Analysis says so; what else is in the index is looked at by nobody."""
    assert read_whole(*rows).scanned == (None if scanned is None else PinnedImage.parse(f"{NAME}@{scanned}"))


@pytest.mark.parametrize(
    ("data", "reason", "sentence"),
    [
        (
            json.dumps({"manifests": [child(B, "application/vnd.oci.image.index.v1+json")]}),
            Reason.NOT_UNDERSTOOD,
            "index in",
        ),
        (
            json.dumps({"manifests": [child(B, "application/wasm")]}),
            Reason.NOT_UNDERSTOOD,
            "'application/wasm', which is",
        ),
        (json.dumps({"manifests": [{"mediaType": OCI, "digest": "v1"}]}), Reason.NOT_A_DIGEST, "digest"),
        (json.dumps({"manifests": [{"digest": B}]}), Reason.UNKNOWN_IMAGE, "mediaType is missing"),
        (json.dumps({"manifests": [child(B)] * (limits.INDEX_CHILDREN + 1)}), Reason.UNKNOWN_IMAGE, "1 to 100 items"),
        ("{}", Reason.UNKNOWN_IMAGE, "manifests is missing"),
        ("<html>", Reason.UNKNOWN_IMAGE, "is not strict JSON"),
    ],
    ids=["nested", "another type", "no digest", "no type", "too many", "no list", "no JSON"],
)
def test_an_index_that_is_not_understood_stops_the_release(data: str, reason: Reason, sentence: str) -> None:
    """A child that nobody sees would run unattested, and be refused where it hurts."""
    with pytest.raises(Rejected) as caught:
        read_index(PINNED, data.encode())

    found, detail = reason_of(caught)
    assert found is reason
    assert sentence in detail
