"""What these tests share: our client over a session of its own, and a server that answers as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from aiohttp import web

from local.registry import RegistryStandIn, media_types
from local.registry.tokens import Tokens
from shared.clients import calls
from shared.clients.registry import CredentialSource, FoundManifest, HostCredentials, Registries, registry_session
from shared.domain.errors import Fault, Unavailable
from shared.domain.image import Digest, ImageName
from shared.domain.secret import SecretText
from tests.local.registry.running import HOST, NAME

IMAGE: Final = ImageName(HOST, NAME)
BODY: Final = b'{"schemaVersion":2}'
DIGEST: Final = "sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f"
OTHER: Final = f"sha256:{'0' * 64}"
Find = Callable[[str], Awaitable[FoundManifest | None]]


@dataclass(frozen=True, slots=True)
class KnownPassword:
    """Credentials that a test knows."""

    username: str
    text: str
    at_once: bool = False

    async def password(self) -> SecretText | None:
        """The text."""
        return SecretText(self.text)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one request to a scripted server was."""

    method: str
    target: str
    authorization: str | None
    accept: str | None


@dataclass(frozen=True, slots=True)
class Scripted:
    """A server that answers as a test wants, and what it was asked."""

    url: str
    seen: list[Seen] = field(default_factory=list)


Answering = Callable[[web.Request], Awaitable[web.StreamResponse] | web.StreamResponse]


@asynccontextmanager
async def scripted(answering: Answering, port: int = 0) -> AsyncIterator[Scripted]:
    """Serve every request by one function, on a free port unless a test has one."""

    async def serve(request: web.Request) -> web.StreamResponse:
        authorization, accept = request.headers.get("Authorization"), request.headers.get("Accept")
        server.seen.append(Seen(request.method, request.path_qs, authorization, accept))
        answer = answering(request)
        return answer if isinstance(answer, web.StreamResponse) else await answer

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    server = Scripted(f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asking(
    url: str, credentials: CredentialSource | None = None, *, patience_s: float = calls.REGISTRY_PATIENCE_S
) -> AsyncIterator[Find]:
    """Our client's question about the one image of these tests."""
    async with registry_session() as session:
        registries = Registries(session, {HOST: url}, credentials, patience_s=patience_s)
        yield lambda reference: registries.find(IMAGE, reference)


def given(username: str, password: str, *, at_once: bool = False) -> HostCredentials:
    """These credentials for the one host of these tests."""
    return HostCredentials({HOST: KnownPassword(username, password, at_once)})


def close(registry: RegistryStandIn, password: str | None = None) -> Tokens:
    """Have an open registry, to which a test has pushed, ask for tokens from now on."""
    registry.tokens = Tokens(HOST, password)
    return registry.tokens


def manifest(digest: str | None = None, *, body: bytes = BODY, content_type: str | None = None) -> web.Response:
    """Answer with a manifest, or what passes for one."""
    headers = {} if digest is None else {"Docker-Content-Digest": digest}
    return web.Response(body=body, headers={"Content-Type": content_type or media_types.OCI_MANIFEST, **headers})


def found(digest: str) -> FoundManifest:
    """What the client answers for an image."""
    return FoundManifest(Digest(digest), media_types.OCI_MANIFEST)


async def unavailable(work: Coroutine[Any, Any, Any] | Awaitable[Any]) -> tuple[Fault, str]:
    """Wait for a failure, and answer its name and its sentence."""
    with pytest.raises(Unavailable) as failed:
        await work
    return failed.value.fault, failed.value.detail


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a story, within a time that only a hanging one exceeds."""
    asyncio.run(asyncio.wait_for(story, 30))
