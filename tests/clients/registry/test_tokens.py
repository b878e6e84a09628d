"""The token flow: a 401, a token for this repository and nothing else, and how long it is kept."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from local.faults import Faults
from local.registry import push_image
from shared.clients.registry import Registries, registry_session
from shared.domain.errors import Fault
from shared.domain.image import ImageName
from tests.clients.registry.asking import (
    DIGEST,
    IMAGE,
    Scripted,
    asking,
    close,
    found,
    given,
    manifest,
    run,
    scripted,
    unavailable,
)
from tests.local.registry.running import HOST, NAME, stand_in

SECRET = "s3cret"


def test_anybody_may_pull_where_tokens_are_given_to_anybody() -> None:
    """As on Docker Hub: one 401, one token, and then none of either for a while."""

    async def story() -> None:
        faults = Faults()
        async with stand_in(faults) as registry, asking(registry.url) as find:
            pushed = await push_image(registry.url, NAME, "v1", content=b"posts")
            close(registry)

            assert [await find("v1"), await find(pushed)] == [found(pushed)] * 2
            assert await find("nothing") is None

        assert faults.calls("registry.get") == {"registry.get-token": 1, "registry.get-manifest": 1}  # for "nothing"
        assert faults.calls("registry.head") == {"registry.head-manifest": 4}

    run(story())


def test_a_private_repository_opens_to_its_password() -> None:
    """The credentials go to the token endpoint; the registry itself sees the token only."""

    async def story() -> None:
        async with stand_in() as registry:
            pushed = await push_image(registry.url, NAME, "v1", content=b"posts")
            close(registry, SECRET)
            async with asking(registry.url, given("mdo-bot", SECRET)) as find:
                assert await find("v1") == found(pushed)
            async with asking(registry.url, given("mdo-bot", "wrong")) as find:
                refused = await unavailable(find("v1"))
            async with asking(registry.url) as find:
                unknown = await unavailable(find("v1"))

        endpoint = f"the token endpoint of {HOST} answers 401 for {IMAGE}"
        assert refused == (Fault.REFUSED, f"{endpoint} to the configured credentials")
        assert unknown == (Fault.REFUSED, f"{endpoint} to no credentials, which is all there is")

    run(story())


def test_many_questions_that_are_refused_together_share_one_token() -> None:
    """Fifty tags of one repository need one token, not fifty."""

    async def story() -> None:
        faults = Faults()
        async with stand_in(faults) as registry, asking(registry.url, given("mdo-bot", SECRET)) as find:
            pushed = await push_image(registry.url, NAME, "v1", content=b"posts")
            close(registry, SECRET)

            answers = await asyncio.gather(*(find("v1") for _ in range(50)))

        assert set(answers) == {found(pushed)}
        assert faults.calls("registry.get") == {"registry.get-token": 1}

    run(story())


def test_a_token_that_is_refused_is_replaced_once() -> None:
    """Registries forget tokens when they restart; ours is dropped, and a fresh one got."""

    async def story() -> None:
        async with stand_in() as registry, asking(registry.url) as find:
            pushed = await push_image(registry.url, NAME, "v1", content=b"posts")
            tokens = close(registry)
            await find("v1")
            tokens.expire()

            assert await find("v1") == found(pushed)

    run(story())


def test_each_repository_has_its_own_token() -> None:
    """A token for one repository is shown to no other, of the same registry neither."""

    async def story() -> None:
        guard = _guarded(lambda: server, {"token": "t0ken"})
        async with scripted(guard) as server, registry_session() as session:
            registries = Registries(session, {HOST: server.url})
            for name in (NAME, "mdo/apps/mdo-users", NAME):
                assert await registries.find(ImageName(HOST, name), "v1") == found(DIGEST)

        shown = [seen.authorization for seen in server.seen if seen.method == "HEAD"]
        assert shown == [None, "Bearer t0ken", None, "Bearer t0ken", "Bearer t0ken"]

    run(story())


def _guarded(
    server: Callable[[], Scripted], answer: Mapping[str, Any] | bytes, scope: str = "registry:catalog:*"
) -> Any:
    """A registry whose challenge asks for more than pulling, and whose token endpoint answers as it is told to."""

    def guard(request: web.Request) -> web.Response:
        if request.path == "/token":
            return web.Response(body=answer if isinstance(answer, bytes) else json.dumps(answer).encode())
        if request.headers.get("Authorization") == "Bearer t0ken":
            return manifest(DIGEST)
        challenge = f'Bearer realm="{server().url}/token",service="a service",scope="registry:catalog:*"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    return guard


async def _asked(answer: Mapping[str, Any] | bytes, times: int = 1) -> tuple[list[Any], Scripted]:
    async with scripted(_guarded(lambda: server, answer)) as server, asking(server.url) as find:
        return [await find("v1") for _ in range(times)], server


def test_the_scope_is_ours_and_not_the_challenges() -> None:
    """A registry could otherwise have us fetch a token for somebody else's repository, and keep it."""

    async def story() -> None:
        answers, server = await _asked({"token": "t0ken"})

        assert answers == [found(DIGEST)]
        query = parse_qs(urlsplit(server.seen[1].target).query)
        assert query == {"service": ["a service"], "scope": [f"repository:{NAME}:pull"]}

    run(story())


@pytest.mark.parametrize(
    ("answer", "requests"),
    [
        ({"token": "t0ken"}, 4),
        ({"access_token": "t0ken", "expires_in": 300, "issued_at": "2026-11-22T10:00:00Z"}, 4),
        ({"token": "t0ken", "expires_in": 10}, 6),
        ({"token": "t0ken", "expires_in": 0}, 6),
    ],
    ids=["unsaid, so a minute", "five minutes", "shorter than the way", "none"],
)
def test_a_token_is_kept_until_shortly_before_it_expires(answer: Mapping[str, Any], requests: int) -> None:
    """Two questions: refused, token, answered, answered; or the first three twice."""

    async def story() -> None:
        answers, server = await _asked(answer, times=2)

        assert answers == [found(DIGEST)] * 2
        assert len(server.seen) == requests

    run(story())


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b'["t0ken"]',
        b'{"token":"t0ken","token":"other"}',
        {},
        {"token": ""},
        {"token": 7},
        {"token": None, "access_token": "t0ken"},
        {"token": "t0ken", "expires_in": "300"},
        {"token": "t0ken", "expires_in": -1},
        {"token": "t0ken", "expires_in": True},
        {"token": "t0ken\r\nX-Evil: yes"},
        {"token": "t0k n"},
        {"token": "t0ken" * 10_000},
        b"[" * 60_000,
    ],
    ids=lambda answer: str(answer)[:40],
)
def test_what_is_no_token_is_named_and_not_quoted(answer: Mapping[str, Any] | bytes) -> None:
    """A sentence that quotes a broken answer may quote a good secret."""

    async def story() -> None:
        async with scripted(_guarded(lambda: server, answer)) as server, asking(server.url) as find:
            fault, detail = await unavailable(find("v1"))

        assert fault is Fault.WRONG_ANSWER
        assert detail.startswith(f"the token endpoint of {HOST}: it sends ")
        assert "t0k" not in detail

    run(story())


def test_an_endless_token_is_left_at_its_limit() -> None:
    """The token endpoint is a stranger's as much as the registry."""

    async def story() -> None:
        async with scripted(_guarded(lambda: server, b" " * 65_537)) as server, asking(server.url) as find:
            fault, detail = await unavailable(find("v1"))

        assert fault is Fault.WRONG_ANSWER
        assert detail.startswith(f"the token endpoint of {HOST} sends over 65,536 bytes")

    run(story())


def test_a_fresh_token_that_is_refused_ends_it() -> None:
    """No loop: Docker Hub says so of repositories that do not exist, and of those that are not ours."""

    async def story() -> None:
        async with scripted(_guarded(lambda: server, {"token": "other"})) as server, asking(server.url) as find:
            assert await unavailable(find("v1")) == (
                Fault.REFUSED,
                f"{HOST} answers 401 for {IMAGE} even to a fresh login: it is not ours to read, or does not exist",
            )

        assert [seen.authorization for seen in server.seen] == [None, None, "Bearer other"]

    run(story())


def test_basic_is_answered_with_the_password_and_remembered() -> None:
    """Harbor and plain htpasswd registries; the second question shows the password without being asked."""
    expected = f"Basic {base64.b64encode(b'mdo-bot:s3cret').decode()}"

    def guard(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") == expected:
            return manifest(DIGEST)
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="Registry Realm"'})

    async def story() -> None:
        async with scripted(guard) as server, asking(server.url, given("mdo-bot", SECRET)) as find:
            assert [await find("v1"), await find("v1")] == [found(DIGEST)] * 2
            assert [seen.authorization for seen in server.seen] == [None, expected, expected]
        async with scripted(guard) as server, asking(server.url) as find:
            assert await unavailable(find("v1")) == (
                Fault.REFUSED,
                f"{HOST} wants a password for {IMAGE}; none is configured",
            )
            assert len(server.seen) == 1

    run(story())


def test_an_access_token_is_shown_at_once_and_exchanged_only_where_it_is_refused() -> None:
    """Artifact Registry takes it as Bearer, so the first question is the only one; else it is a password."""
    source = given("oauth2accesstoken", "t0ken", at_once=True)

    async def story() -> None:
        async with scripted(_guarded(lambda: server, b"")) as server, asking(server.url, source) as find:
            assert await find("v1") == found(DIGEST)
            assert [seen.authorization for seen in server.seen] == ["Bearer t0ken"]
        faults = Faults()
        async with stand_in(faults) as registry, asking(registry.url, source) as find:
            pushed = await push_image(registry.url, NAME, "v1", content=b"posts")
            close(registry, "t0ken")
            assert await find("v1") == found(pushed)
        assert faults.calls("registry.get") == {"registry.get-token": 1}

    run(story())
