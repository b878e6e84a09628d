"""The stand-in registry judged by CNCF Distribution: the same requests to both, the same answers expected."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest

from local.registry import media_types, push_image
from local.registry.manifest import digest_of
from tests.local.registry.running import NAME, docker_registry, needs_docker_registry, stand_in

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.judge

_NOWHERE = "sha256:" + 64 * "0"
_ANY = ", ".join(media_types.ALL)
_COMPARED = ("Content-Type", "Content-Length", "Docker-Content-Digest", "ETag", "Docker-Distribution-Api-Version")
_LACKING = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "config": {"mediaType": media_types.OCI_CONFIG, "size": 2, "digest": _NOWHERE},
        "layers": [],
    }
)
_CHILDLESS = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_INDEX,
        "manifests": [
            {
                "mediaType": media_types.OCI_MANIFEST,
                "size": 2,
                "digest": _NOWHERE,
                "platform": {"os": "linux", "architecture": "amd64"},
            }
        ],
    }
)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    accept: str | None = None
    content_type: str | None = None
    body: str | None = None


def _reads(image: str, index: str) -> list[_Request]:
    references = ("v1", "both", image, index, "nothing", _NOWHERE)
    accepts = (None, "*/*", _ANY, media_types.OCI_INDEX, media_types.OCI_MANIFEST, media_types.DOCKER_MANIFEST)
    return [
        _Request(method, f"{NAME}/manifests/{reference}", accept)
        for method in ("GET", "HEAD")
        for reference in references
        for accept in accepts
    ] + [_Request(method, f"{NAME}/blobs/{_NOWHERE}") for method in ("GET", "HEAD")]


def _docker_reads(listing: str) -> list[_Request]:
    # Clients that know neither lists nor schema 2 are left out: Distribution makes a schema 1 manifest up for them.
    accepts = (_ANY, media_types.DOCKER_LIST, f"{media_types.DOCKER_MANIFEST};q=0.9, application/json")
    return [
        _Request(method, f"{NAME}/manifests/{reference}", accept)
        for method in ("GET", "HEAD")
        for reference in ("list", listing)
        for accept in accepts
    ]


async def _push_docker_list(url: str) -> str:
    """Push what Docker pushed before OCI: the image of v1 in Docker's own media types, and a list of it."""
    async with aiohttp.ClientSession(f"{url}/") as session:
        async with session.get(f"v2/{NAME}/manifests/v1", headers={"Accept": media_types.OCI_MANIFEST}) as answer:
            image = (await answer.text()).replace(media_types.OCI_MANIFEST, media_types.DOCKER_MANIFEST)
        image = image.replace(media_types.OCI_CONFIG, "application/vnd.docker.container.image.v1+json")
        image = image.replace(media_types.OCI_LAYER_GZIP, "application/vnd.docker.image.rootfs.diff.tar.gzip")
        child = {"mediaType": media_types.DOCKER_MANIFEST, "size": len(image), "digest": digest_of(image.encode())}
        platform = {"platform": {"os": "linux", "architecture": "amd64"}}
        document = {"schemaVersion": 2, "mediaType": media_types.DOCKER_LIST, "manifests": [child | platform]}
        listing = json.dumps(document)
        pushes = ((child["digest"], media_types.DOCKER_MANIFEST, image), ("list", media_types.DOCKER_LIST, listing))
        for reference, media_type, body in pushes:
            typed = {"Content-Type": media_type}
            async with session.put(f"v2/{NAME}/manifests/{reference}", data=body, headers=typed) as answer:
                assert answer.status == 201, await answer.text()
        return digest_of(listing.encode())


def _writes(image: str) -> list[_Request]:
    oci, index = media_types.OCI_MANIFEST, media_types.OCI_INDEX
    manifests = f"{NAME}/manifests"
    return [
        _Request("PUT", f"{manifests}/v9", content_type=oci, body=_LACKING),
        _Request("PUT", f"{manifests}/v9", content_type=index, body=_CHILDLESS),
        _Request("PUT", f"{manifests}/v9", content_type=oci, body="no JSON"),
        _Request("PUT", f"{manifests}/v9", content_type=index, body=_LACKING),
        _Request("PUT", f"{manifests}/v9", content_type="text/plain", body="{}"),
        _Request("GET", "nobody/pushed/tags/list"),
        _Request("GET", f"{NAME}/tags/list"),
        _Request("GET", f"{NAME}/blobs/sha256:abc"),
        _Request("POST", f"{NAME}/tags/list"),
        _Request("DELETE", f"{manifests}/{_NOWHERE}"),
        _Request("DELETE", f"{manifests}/{image}"),
        _Request("GET", f"{manifests}/v1", accept=_ANY),
        _Request("DELETE", f"{manifests}/{image}"),
        _Request("GET", f"{NAME}/tags/list"),
    ]


async def _answer(session: aiohttp.ClientSession, request: _Request) -> dict[str, object]:
    headers = {"Accept": request.accept, "Content-Type": request.content_type}
    given = {name: value for name, value in headers.items() if value is not None}
    async with session.request(request.method, f"v2/{request.path}", headers=given, data=request.body) as answer:
        body = await answer.read()
        if answer.status == 405:  # the reason is plain text of the HTTP library
            return {"status": 405, "allow": answer.headers["Allow"].replace(",HEAD", "")}
        if answer.status >= 400:  # `detail` is free, and with it the length
            error = json.loads(body)["errors"][0] if body else {}
            return {"status": answer.status, "code": error.get("code"), "message": error.get("message")}
        compared = {name: answer.headers.get(name) for name in _COMPARED}
        if answer.content_type == "application/json":
            listed = json.loads(
                body
            )  # Distribution 2.8 lists tags in no order, the specification wants the lexical one
            return {"status": answer.status, "name": listed["name"], "tags": sorted(listed["tags"] or [])}
        return {"status": answer.status, "digest": digest_of(body)} | compared


async def _table(url: str) -> list[tuple[_Request, dict[str, object]]]:
    image = await push_image(url, NAME, "v1", content=b"posts")
    index = await push_image(url, NAME, "both", content=b"both", index=True)
    listing = await _push_docker_list(url)
    requests = _reads(image, index) + _docker_reads(listing) + _writes(image)
    # No Accept header at all unless the request has one: aiohttp would add */*.
    async with aiohttp.ClientSession(f"{url}/", skip_auto_headers=["Accept", "Content-Type"]) as session:
        return [(request, await _answer(session, request)) for request in requests]


@needs_docker_registry
def test_the_stand_in_answers_as_distribution_does(tmp_path: Path) -> None:
    """Status, code, message, content and headers are equal for every request of the table."""

    async def story() -> None:
        async with docker_registry(tmp_path) as real, stand_in() as ours:
            expected, actual = await _table(real), await _table(ours.url)
        assert len(expected) == len(actual) == 100
        for (request, theirs), (_, mine) in zip(expected, actual, strict=True):
            assert mine == theirs, request

    asyncio.run(story())
