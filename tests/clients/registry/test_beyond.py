"""Where else a registry may have us ask: for the manifest, once, as nobody; and for its tokens, as its login."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

import pytest
from aiohttp import web

from local.registry import push_image
from shared.clients.registry import Beyond, CredentialSource, HostCredentials, Registries, registry_session
from shared.domain.errors import Fault
from shared.domain.image import ImageName
from tests.clients.registry.asking import (
    DIGEST,
    IMAGE,
    Answering,
    KnownPassword,
    Scripted,
    close,
    found,
    given,
    manifest,
    run,
    scripted,
    unavailable,
)
from tests.local.registry.running import HOST, stand_in

PAUSE: Final = ImageName("registry.k8s.io", "pause")
REGIONAL: Final = "europe-west1-docker.pkg.dev"
BASIC: Final = f"Basic {base64.b64encode(b'mdo-bot:s3cret').decode()}"


def redirecting(location: str, status: int = 307) -> Callable[[web.Request], web.Response]:
    """A registry that sends every question elsewhere."""
    return lambda _: web.Response(status=status, headers={"Location": location})


@asynccontextmanager
async def asking_at(
    endpoints: Mapping[str, str], credentials: CredentialSource | None = None, **beyond: Any
) -> AsyncIterator[Registries]:
    """Our client, with registries at these URLs."""
    async with registry_session() as session:
        yield Registries(session, endpoints, credentials, beyond=Beyond(**beyond))


@asynccontextmanager
async def redirected(front: Answering, regional: Answering) -> AsyncIterator[tuple[Registries, Scripted, Scripted]]:
    """registry.k8s.io and the registry behind it, answering so."""
    async with AsyncExitStack() as opened:
        first, second = [await opened.enter_async_context(scripted(answering)) for answering in (front, regional)]
        registries = await opened.enter_async_context(asking_at({PAUSE.host: first.url, REGIONAL: second.url}))
        yield registries, first, second


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_registry_k8s_io_is_asked_where_its_images_are(status: int) -> None:
    """As of 2026 it redirects every manifest to a regional Artifact Registry, with an id for its logs."""
    location = f"https://{REGIONAL}/v2/k8s-artifacts-prod/images/pause/manifests/3.9?rid=0123456789abcdef"

    async def story() -> None:
        async with redirected(redirecting(location, status), lambda _: manifest(DIGEST)) as (
            registries,
            front,
            regional,
        ):
            assert await registries.find(PAUSE, "3.9") == found(DIGEST)

        asked = [(seen.method, seen.target) for seen in (*front.seen, *regional.seen)]
        assert asked == [
            ("HEAD", "/v2/pause/manifests/3.9"),
            ("HEAD", "/v2/k8s-artifacts-prod/images/pause/manifests/3.9"),
        ]

    run(story())


def test_what_is_redirected_to_is_asked_as_nobody() -> None:
    """A redirect is a registry's word: neither its credentials go with it, nor those of the host that it names."""
    logins = {HOST: KnownPassword("mdo-bot", "s3cret"), "mirror.example": KnownPassword("mdo-bot", "other")}
    to = redirecting("https://mirror.example/v2/team/posts/manifests/v1")

    def guard(request: web.Request) -> web.Response:
        basic = web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="r"'})
        return to(request) if request.headers.get("Authorization") == BASIC else basic

    async def story() -> None:
        async with stand_in() as mirror, scripted(guard) as front:
            pushed = await push_image(mirror.url, "team/posts", "v1", content=b"posts")
            endpoints = {HOST: front.url, "mirror.example": mirror.url}
            for password in (None, "other"):
                close(mirror, password)
                allowed = {HOST: ("mirror.example/team",)}
                async with asking_at(endpoints, HostCredentials(logins), redirects=allowed) as registries:
                    asked = registries.find(IMAGE, "v1")
                    if password is None:
                        assert await asked == found(pushed)
                    else:
                        fault, detail = await unavailable(asked)

        assert fault is Fault.REFUSED
        assert detail.startswith("the token endpoint of mirror.example answers 401 ")
        assert detail.endswith("to no credentials, which is all there is")

    run(story())


def test_a_second_redirect_is_not_followed() -> None:
    """One is what registries use; a chain is how a loop begins, or a walk through what is allowed singly."""
    again = f"https://{REGIONAL}/v2/k8s-artifacts-prod/images/pause/manifests/3.9"

    async def story() -> None:
        async with redirected(redirecting(again), redirecting(again)) as (registries, front, regional):
            fault, detail = await unavailable(registries.find(PAUSE, "3.9"))

        assert fault is Fault.WRONG_ANSWER
        end = "(307), and registry.k8s.io to it; no second redirect is followed"
        assert detail == f"{REGIONAL} redirects to '{again}' {end}"
        assert len(front.seen) == len(regional.seen) == 1

    run(story())


def test_what_a_redirect_leads_to_must_hash_to_the_digest_that_was_asked_for() -> None:
    """Whoever answers in the end is believed no more than the registry itself."""
    digest = f"sha256:{'e' * 64}"
    location = f"https://{REGIONAL}/v2/k8s-artifacts-prod/images/pause/manifests/{digest}"

    async def story() -> None:
        async with redirected(redirecting(location), lambda _: manifest(DIGEST)) as (registries, _, _):
            fault, detail = await unavailable(registries.find(PAUSE, digest))

        assert (fault, DIGEST in detail) == (Fault.WRONG_ANSWER, True)

    run(story())


def test_tokens_come_from_another_origin_where_that_is_configured() -> None:
    """docker_auth's and a self-hosted GitLab's do; the realm is held against whole origins all the same."""
    login, token = given("mdo-bot", "s3cret"), {"token": "t0ken"}

    def guard(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") == "Bearer t0ken":
            return manifest(DIGEST)
        challenge = f'Bearer realm="{tokens.url}/auth",service="{HOST}"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    async def story() -> None:
        nonlocal tokens
        async with scripted(lambda _: web.json_response(token)) as tokens, scripted(guard) as server:
            async with asking_at({HOST: server.url}, login, token_origins={HOST: (tokens.url,)}) as registries:
                assert await registries.find(IMAGE, "v1") == found(DIGEST)
            async with asking_at({HOST: server.url}, login) as registries:
                fault, detail = await unavailable(registries.find(IMAGE, "v1"))

        assert fault is Fault.WRONG_ANSWER
        assert "is on no host that may give its tokens" in detail
        assert [seen.authorization for seen in tokens.seen] == [BASIC]

    tokens = Scripted("")
    run(story())
