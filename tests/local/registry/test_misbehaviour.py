"""Events, faults, lies and tokens: what the stand-in adds so that others can be tested on it."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from local.faults import Faults
from local.registry import Lie, Pushed, artifact_registry_event, distribution_event, media_types, push_image
from local.registry.manifest import digest_of
from tests.local.registry.running import HOST, NAME, stand_in

ACCEPT = {"Accept": ", ".join(media_types.ALL)}


def test_every_stored_manifest_is_told_once_with_its_tag_if_it_has_one() -> None:
    """An index comes last, after its platform images, which have no tag."""
    told: list[Pushed] = []

    async def remember(pushed: Pushed) -> None:
        told.append(pushed)

    async def story() -> str:
        async with stand_in(on_push=remember) as registry:
            return await push_image(registry.url, NAME, "v1", content=b"x", index=True)

    digest = asyncio.run(story())
    assert [pushed.tag for pushed in told] == [None, None, "v1"]
    assert (told[-1].digest, told[-1].media_type) == (digest, media_types.OCI_INDEX)
    assert json.loads(artifact_registry_event(told[-1])) == {
        "action": "INSERT",
        "digest": f"{HOST}/{NAME}@{digest}",
        "tag": f"{HOST}/{NAME}:v1",
    }
    assert "tag" not in json.loads(artifact_registry_event(told[0]))
    event = json.loads(distribution_event(told[-1]))["events"][0]
    assert (event["action"], event["request"]["host"]) == ("push", HOST)
    assert (event["target"]["digest"], event["target"]["tag"]) == (digest, "v1")


@pytest.mark.parametrize(
    ("code", "status", "named"),
    [
        ("UNAVAILABLE", 503, "UNAVAILABLE"),
        ("RESOURCE_EXHAUSTED", 429, "TOOMANYREQUESTS"),
        ("NOT_FOUND", 404, "MANIFEST_UNKNOWN"),
        ("PERMISSION_DENIED", 403, "DENIED"),
    ],
)
def test_a_planned_refusal_is_answered_once_in_the_words_of_the_protocol(code: str, status: int, named: str) -> None:
    """The next request is served, and both were counted."""

    async def story() -> None:
        faults = Faults()
        async with stand_in(faults) as registry, aiohttp.ClientSession(registry.url, headers=ACCEPT) as session:
            await push_image(registry.url, NAME, "v1", content=b"x")
            faults.fail("registry.get-manifest", code=code)
            async with session.get(f"/v2/{NAME}/manifests/v1") as answer:
                assert (answer.status, (await answer.json())["errors"][0]["code"]) == (status, named)
                assert answer.headers.get("Retry-After") == ("1" if status == 429 else None)
            async with session.get(f"/v2/{NAME}/manifests/v1") as answer:
                assert answer.status == 200
        assert faults.calls("registry.get") == {"registry.get-manifest": 2}

    asyncio.run(story())


def test_a_lost_reply_leaves_the_work_done() -> None:
    """The push is answered 502, and the tag is there."""

    async def story() -> None:
        faults = Faults()
        async with stand_in(faults) as registry, aiohttp.ClientSession(registry.url, headers=ACCEPT) as session:
            faults.lose_reply("registry.put-manifest")
            with pytest.raises(aiohttp.ClientResponseError, match="502"):
                await push_image(registry.url, NAME, "v1", content=b"x")
            async with session.head(f"/v2/{NAME}/manifests/v1") as answer:
                assert answer.status == 200

    asyncio.run(story())


def test_lies_are_told_about_one_reference_until_it_tells_the_truth_again() -> None:
    """Each lie is wrong in exactly its own way."""

    async def story() -> None:
        async with stand_in() as registry, aiohttp.ClientSession(registry.url, headers=ACCEPT) as session:
            digest = await push_image(registry.url, NAME, "v1", content=b"x")

            async def told() -> tuple[str | None, bool]:
                async with session.get(f"/v2/{NAME}/manifests/v1") as answer:
                    return answer.headers.get("Docker-Content-Digest"), digest_of(await answer.read()) == digest

            registry.lie(NAME, "v1", Lie.WRONG_DIGEST_HEADER)
            header, right_body = await told()
            assert header not in (None, digest)
            assert right_body
            registry.lie(NAME, "v1", Lie.NO_DIGEST_HEADER)
            assert await told() == (None, True)
            registry.lie(NAME, "v1", Lie.WRONG_BODY)
            assert await told() == (digest, False)
            registry.tell_the_truth()
            assert await told() == (digest, True)

    asyncio.run(story())


def test_an_endless_body_goes_on_until_the_client_leaves() -> None:
    """More than a client may ever take arrives, and the registry still stops at once."""

    async def story() -> None:
        async with stand_in() as registry:
            await push_image(registry.url, NAME, "v1", content=b"x")
            registry.lie(NAME, "v1", Lie.ENDLESS_BODY)
            async with (
                aiohttp.ClientSession(registry.url, headers=ACCEPT) as session,
                session.get(f"/v2/{NAME}/manifests/v1") as answer,
            ):
                assert len(await answer.content.readexactly(8 * 1024 * 1024)) == 8 * 1024 * 1024

    asyncio.run(asyncio.wait_for(story(), 5))


def test_a_token_opens_only_the_repository_and_the_action_that_it_was_issued_for() -> None:
    """The challenge names realm, service and scope; an expired token is challenged again."""

    async def story() -> None:
        async with stand_in(token_auth=True, password="s3cret") as registry:
            url = f"/v2/{NAME}/tags/list"
            async with aiohttp.ClientSession(registry.url) as session:
                async with session.get(url) as answer:
                    assert answer.status == 401
                    assert answer.headers["WWW-Authenticate"] == (
                        f'Bearer realm="{registry.url}/token",service="{HOST}",scope="repository:{NAME}:pull"'
                    )
                query = {"service": HOST, "scope": f"repository:{NAME}:pull"}
                async with session.get("/token", params=query) as answer:
                    assert answer.status == 401
                login = {"Authorization": aiohttp.encode_basic_auth("oauth2accesstoken", "s3cret")}
                async with session.get("/token", params=query, headers=login) as answer:
                    bearer = {"Authorization": f"Bearer {(await answer.json())['token']}"}
                statuses = []
                for method, path in (
                    ("GET", url),
                    ("GET", "/v2/other/tags/list"),
                    ("POST", f"/v2/{NAME}/blobs/uploads/"),
                ):
                    async with session.request(method, path, headers=bearer) as answer:
                        statuses.append(answer.status)
                assert statuses == [404, 401, 401]
                assert registry.tokens is not None
                registry.tokens.expire()
                async with session.get(url, headers=bearer) as answer:
                    assert answer.status == 401

    asyncio.run(story())
