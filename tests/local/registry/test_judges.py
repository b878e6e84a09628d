"""The stand-in registry judged by tools that nobody here wrote: skopeo, and CNCF Distribution itself."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest

from local.registry import media_types, push_image
from local.registry.manifest import digest_of
from tests.local.registry.running import NAME, docker_registry, needs_docker_registry, needs_skopeo, stand_in

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
    requests = _reads(image, index) + _writes(image)
    # No Accept header at all unless the request has one: aiohttp would add */*.
    async with aiohttp.ClientSession(f"{url}/", skip_auto_headers=["Accept", "Content-Type"]) as session:
        return [(request, await _answer(session, request)) for request in requests]


@needs_docker_registry
def test_the_stand_in_answers_as_distribution_does(tmp_path: Path) -> None:
    """Status, code, message, content and headers are equal for every request of the table."""

    async def story() -> None:
        async with docker_registry(tmp_path) as real, stand_in() as ours:
            expected, actual = await _table(real), await _table(ours.url)
        assert len(expected) == len(actual) > 80
        for (request, theirs), (_, mine) in zip(expected, actual, strict=True):
            assert mine == theirs, request

    asyncio.run(story())


@needs_skopeo
@pytest.mark.parametrize("index", [False, True])
def test_skopeo_copies_an_image_away_and_back_with_the_digest_unchanged(index: bool, tmp_path: Path) -> None:
    """Its bytes survive the way through a directory; skopeo inspects what came back."""

    async def story() -> None:
        async with stand_in() as registry:
            digest = await push_image(registry.url, NAME, "v1", content=b"posts", index=index)
            remote, folder = f"docker://{registry.url.removeprefix('http://')}", f"dir:{tmp_path}/image"
            await _skopeo("copy", "--all", "--src-tls-verify=false", f"{remote}/{NAME}:v1", folder)
            await _skopeo("copy", "--all", "--dest-tls-verify=false", folder, f"{remote}/elsewhere/posts:v2")
            inspected = json.loads(await _skopeo("inspect", "--tls-verify=false", f"{remote}/elsewhere/posts:v2"))
            assert (inspected["Digest"], inspected["RepoTags"]) == (digest, ["v2"])
            assert inspected["Architecture"] == "amd64"

    asyncio.run(story())


@needs_skopeo
def test_skopeo_finds_its_way_through_the_token_flow(tmp_path: Path) -> None:
    """With the password it pushes and reads; without, it is refused."""

    async def story() -> None:
        async with stand_in() as open_registry, stand_in(token_auth=True, password="s3cret") as registry:
            await push_image(open_registry.url, NAME, "v1", content=b"posts")
            source = f"docker://{open_registry.url.removeprefix('http://')}/{NAME}:v1"
            target = f"docker://{registry.url.removeprefix('http://')}/{NAME}:v1"
            tls = ("--src-tls-verify=false", "--dest-tls-verify=false")
            await _skopeo("copy", *tls, "--dest-creds", "oauth2accesstoken:s3cret", source, target)
            await _skopeo("inspect", "--tls-verify=false", "--creds", "oauth2accesstoken:s3cret", target)
            with pytest.raises(AssertionError, match="unauthorized"):
                await _skopeo("inspect", "--tls-verify=false", "--no-creds", target)

    asyncio.run(story())


async def _skopeo(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "skopeo",
        "--insecure-policy",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return out.decode()
