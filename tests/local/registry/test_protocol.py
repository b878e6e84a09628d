"""The protocol of the stand-in registry, over the wire."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from local.registry import media_types, push_image, retag
from local.registry.manifest import digest_of
from tests.local.registry.running import NAME, stand_in

ACCEPT = {"Accept": ", ".join(media_types.ALL)}


async def _refused(session: aiohttp.ClientSession, method: str, url: str, **options: object) -> tuple[int, str]:
    async with session.request(method, url, **options) as answer:  # type: ignore[arg-type]
        return answer.status, (await answer.json())["errors"][0]["code"]


@pytest.mark.parametrize("index", [False, True])
def test_what_was_pushed_is_read_back_by_tag_and_by_digest(index: bool) -> None:
    """The bytes hash to the digest that the push returned, and HEAD tells the same as GET."""

    async def story() -> None:
        async with stand_in() as registry, aiohttp.ClientSession(headers=ACCEPT) as session:
            digest = await push_image(registry.url, NAME, "v1", content=b"posts", index=index)
            for reference in ("v1", digest):
                url = f"{registry.url}/v2/{NAME}/manifests/{reference}"
                async with session.get(url) as got, session.head(url) as headed:
                    body = await got.read()
                    assert digest_of(body) == digest
                    for answer in (got, headed):
                        assert answer.headers["Docker-Content-Digest"] == digest
                        assert answer.headers["Content-Type"] == json.loads(body)["mediaType"]
                        assert answer.headers["Content-Length"] == str(len(body))

    asyncio.run(story())


def test_the_same_content_has_the_same_digest_on_every_machine() -> None:
    """Nothing of the clock, the platform or a compressor gets into the image."""

    async def story() -> None:
        async with stand_in() as registry:
            image = await push_image(registry.url, NAME, "v1", content=b"x")
            index = await push_image(registry.url, NAME, "v1", content=b"x", index=True)
            assert image == "sha256:626e396fd07b1f28c3520a75ce4c3474eff6ac4604541c912dc2f53125002b30"
            assert index == "sha256:6fb58a3fd7b13f22febe21770ce3d6d5ed73d16a91b46f56daae912c8648919b"
            assert await push_image(registry.url, NAME, "v2", content=b"y") != image

    asyncio.run(story())


def test_a_tag_moves_and_the_old_digest_stays() -> None:
    """A retag changes what the tag names, and nothing else."""

    async def story() -> None:
        async with stand_in() as registry, aiohttp.ClientSession(headers=ACCEPT) as session:
            old = await push_image(registry.url, NAME, "v1", content=b"old")
            new = await push_image(registry.url, NAME, "v2", content=b"new")
            assert await retag(registry.url, NAME, "v2", "v1") == new
            async with session.head(f"{registry.url}/v2/{NAME}/manifests/v1") as answer:
                assert answer.headers["Docker-Content-Digest"] == new
            async with session.head(f"{registry.url}/v2/{NAME}/manifests/{old}") as answer:
                assert answer.status == 200

    asyncio.run(story())


def test_a_blob_arrives_in_chunks_that_must_follow_each_other() -> None:
    """A chunk that leaves a gap is 416, and the upload goes on from where it was."""

    async def story() -> None:
        async with stand_in() as registry, aiohttp.ClientSession(registry.url) as session:
            async with session.post(f"/v2/{NAME}/blobs/uploads/") as started:
                upload = started.headers["Location"]
            async with session.patch(upload, data=b"hel", headers={"Content-Range": "0-2"}) as answer:
                assert (answer.status, answer.headers["Range"]) == (202, "0-2")
            gap = {"Content-Range": "9-10"}
            assert await _refused(session, "PATCH", upload, data=b"lo", headers=gap) == (416, "BLOB_UPLOAD_INVALID")
            async with session.get(upload) as answer:
                assert (answer.status, answer.headers["Range"]) == (204, "0-2")
            digest = digest_of(b"hello")
            async with session.put(upload, params={"digest": digest}, data=b"lo") as answer:
                assert (answer.status, answer.headers["Docker-Content-Digest"]) == (201, digest)
            async with session.get(f"/v2/{NAME}/blobs/{digest}") as answer:
                assert await answer.read() == b"hello"

    asyncio.run(story())


def test_a_blob_with_another_digest_than_promised_is_refused_and_the_upload_is_gone() -> None:
    """DIGEST_INVALID, then BLOB_UPLOAD_UNKNOWN."""

    async def story() -> None:
        async with stand_in() as registry, aiohttp.ClientSession(registry.url) as session:
            async with session.post(f"/v2/{NAME}/blobs/uploads/") as started:
                upload = started.headers["Location"]
            wrong = {"params": {"digest": digest_of(b"other")}, "data": b"hello"}
            assert await _refused(session, "PUT", upload, **wrong) == (400, "DIGEST_INVALID")
            assert await _refused(session, "PUT", upload, **wrong) == (404, "BLOB_UPLOAD_UNKNOWN")

    asyncio.run(story())


def test_names_outside_the_grammar_are_invalid() -> None:
    """Upper case, doubled separators and more than 255 characters get NAME_INVALID on every endpoint."""

    async def story() -> None:
        async with stand_in() as registry, aiohttp.ClientSession(registry.url) as session:
            for name in ("Mdo/posts", "mdo/po..sts", "mdo/-posts", "a" * 256):
                for path in ("tags/list", "manifests/v1", f"blobs/{digest_of(b'')}"):
                    assert await _refused(session, "GET", f"/v2/{name}/{path}") == (400, "NAME_INVALID")

    asyncio.run(story())


def test_a_deleted_tag_is_gone_and_its_manifest_stays_until_it_is_deleted_by_digest() -> None:
    """Deletion by digest takes every tag of it along."""

    async def story() -> None:
        async with stand_in() as registry, aiohttp.ClientSession(registry.url, headers=ACCEPT) as session:
            digest = await push_image(registry.url, NAME, "v1", content=b"x")
            await retag(registry.url, NAME, "v1", "v2")
            manifests = f"/v2/{NAME}/manifests"
            async with session.delete(f"{manifests}/v1") as answer:
                assert answer.status == 202
            assert await _refused(session, "GET", f"{manifests}/v1") == (404, "MANIFEST_UNKNOWN")
            async with session.head(f"{manifests}/{digest}") as answer:
                assert answer.status == 200
            async with session.delete(f"{manifests}/{digest}") as answer:
                assert answer.status == 202
            assert await _refused(session, "GET", f"{manifests}/v2") == (404, "MANIFEST_UNKNOWN")

    asyncio.run(story())


def test_tags_are_listed_in_pages() -> None:
    """Each page links to the next, and the last to none."""

    async def story() -> None:
        async with stand_in() as registry, aiohttp.ClientSession(registry.url) as session:
            for tag in ("v2", "v1", "v3"):
                await push_image(registry.url, NAME, tag, content=b"x")
            seen, page = [], f"/v2/{NAME}/tags/list?n=2"
            while page:
                async with session.get(page) as answer:
                    seen.append((await answer.json())["tags"])
                    page = str(answer.links["next"]["url"]) if "next" in answer.links else ""
            assert seen == [["v1", "v2"], ["v3"]]
            assert await _refused(session, "GET", f"/v2/{NAME}/tags/list?n=x") == (400, "PAGINATION_NUMBER_INVALID")

    asyncio.run(story())


def test_a_docker_manifest_list_becomes_its_amd64_image_for_an_old_client_that_asks_by_tag() -> None:
    """By digest it stays the list, whatever the client accepts."""

    async def story() -> None:
        async with stand_in() as registry, aiohttp.ClientSession(registry.url) as session:
            await push_image(registry.url, NAME, "both", content=b"x", index=True)
            async with session.get(f"/v2/{NAME}/manifests/both", headers=ACCEPT) as answer:
                index = await answer.json(content_type=None)
            amd64 = index["manifests"][0]["digest"]
            listing = json.dumps(index | {"mediaType": media_types.DOCKER_LIST}).encode()
            typed = {"Content-Type": media_types.DOCKER_LIST}
            async with session.put(f"/v2/{NAME}/manifests/list", data=listing, headers=typed) as answer:
                assert answer.status == 201
            old = {"Accept": media_types.DOCKER_MANIFEST}
            async with session.get(f"/v2/{NAME}/manifests/list", headers=old) as answer:
                assert answer.headers["Docker-Content-Digest"] == amd64
            async with session.get(f"/v2/{NAME}/manifests/{digest_of(listing)}", headers=old) as answer:
                assert answer.headers["Content-Type"] == media_types.DOCKER_LIST

    asyncio.run(story())
