"""T13: a registry's name, a challenge or a redirect that leads our requests, or our credentials, somewhere else.

Events say which image; the configuration alone says what is connected to. Every case names a listening port of this
machine in some way that a careless reader would follow, and the port counts who comes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from socket import AF_INET
from typing import Final

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from grpc import aio

from local.world.names import APPS, GATE_PROJECT
from shared.clients.pubsub import Publisher
from shared.clients.registry import Beyond, Registries, registry_session
from shared.clients.registry.challenge import token_endpoint
from shared.domain.errors import Fault, Reason, Rejected
from shared.domain.image import ImageName
from shared.domain.pushes import Pushes
from shared.workflow.resolve import ResolveSettings, ResolvingCloud, resolve_pushes
from tests.clients.registry.asking import IMAGE, asking, given, run, scripted, unavailable
from tests.local.registry.running import HOST, NAME

KNOWN: Final = (APPS, "docker.io/library")
DIGEST: Final = f"sha256:{'d' * 64}"
HOSTILE: Final = {  # PORT is where the counting socket listens
    "loopback": "127.0.0.1:PORT/mdo/apps/x",
    "localhost": "localhost:PORT/mdo/apps/x",
    "decimal address": "2130706433:PORT/mdo/apps/x",
    "hexadecimal address": "0x7f000001:PORT/mdo/apps/x",
    "octal address": "0177.0.0.1:PORT/mdo/apps/x",
    "short address": "127.1:PORT/mdo/apps/x",
    "IPv6": "[::1]:PORT/mdo/apps/x",
    "IPv4 in IPv6": "[::ffff:127.0.0.1]:PORT/mdo/apps/x",
    "the metadata server": "metadata.google.internal/computeMetadata/v1",
    "the metadata server's address": "169.254.169.254/latest/meta-data",
    "another registry": "evil.example/mdo/apps/x",
    "a longer name": "us-docker.pkg.dev.evil.example/mdo/apps/x",
    "a name before it": "evil-us-docker.pkg.dev/mdo/apps/x",
    "user info": "us-docker.pkg.dev@127.0.0.1:PORT/mdo/apps/x",
    "user info and a password": "us-docker.pkg.dev:443@127.0.0.1:PORT/mdo/apps/x",
    "a backslash": "us-docker.pkg.dev\\@127.0.0.1:PORT/mdo/apps/x",
    "a fragment": "127.0.0.1:PORT#us-docker.pkg.dev/mdo/apps/x",
    "a scheme": "http://127.0.0.1:PORT/mdo/apps/x",
    "no scheme": "//127.0.0.1:PORT/mdo/apps/x",
    "upper case": "US-DOCKER.PKG.DEV/mdo/apps/x",
    "a trailing dot": "us-docker.pkg.dev./mdo/apps/x",
    "the default port": "us-docker.pkg.dev:443/mdo/apps/x",
    "another port": "us-docker.pkg.dev:PORT/mdo/apps/x",
    "an empty port": "us-docker.pkg.dev:/mdo/apps/x",
    "punycode": "xn--us-docker-9za.pkg.dev/mdo/apps/x",
    "a letter that looks like another": "us-d\u043ecker.pkg.dev/mdo/apps/x",
    "a wide full stop": "us-docker\uff0epkg.dev/mdo/apps/x",
    "a line end": "us-docker.pkg.dev\r\nHost: 127.0.0.1/mdo/apps/x",
    "a blank": "us-docker.pkg.dev 127.0.0.1:PORT/mdo/apps/x",
    "a zero byte": "us-docker.pkg.dev\u0000.evil.example/mdo/apps/x",
    "another project": "us-docker.pkg.dev/evil/apps/x",
    "a repository that begins alike": "us-docker.pkg.dev/mdo/apps-evil/x",
    "up and away": "us-docker.pkg.dev/mdo/apps/../../evil/x",
    "up and away, escaped": "us-docker.pkg.dev/mdo/apps/%2e%2e/evil/x",
    "the prefix itself": "us-docker.pkg.dev/mdo/apps",
    "another of Docker Hub's names": "registry-1.docker.io/library/mongo",
}


@dataclass(slots=True)
class _Counter:
    port: int
    connections: int = 0


@asynccontextmanager
async def _counting() -> AsyncIterator[_Counter]:
    """A port that counts who connects to it."""

    def count(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        counter.connections += 1
        writer.close()

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    counter = _Counter(server.sockets[0].getsockname()[1])
    async with server:
        yield counter


@asynccontextmanager
async def _cloud(port: int) -> AsyncIterator[ResolvingCloud]:
    """resolve_image's own clients; Pub/Sub too would be found on the counting port."""
    transport = PublisherGrpcAsyncIOTransport(channel=aio.insecure_channel(f"127.0.0.1:{port}"))
    async with registry_session() as session:
        publisher = Publisher(PublisherAsyncClient(transport=transport), GATE_PROJECT)
        yield ResolvingCloud(ResolveSettings(KNOWN), Registries(session, {}), publisher)
    await transport.close()


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_a_name_that_is_not_configured_connects_nowhere(name: str) -> None:
    """By tag from a person, by tag and digest from a registry: rejected before anything is looked up."""

    async def story() -> None:
        async with _counting() as counter, _cloud(counter.port) as cloud:
            image = name.replace("PORT", str(counter.port))
            by_hand = {"image": f"{image}:v1"}
            by_registry = {"action": "INSERT", "digest": f"{image}@{DIGEST}", "tag": f"{image}:v1"}
            for event in (by_hand, by_registry):
                with pytest.raises(Rejected) as rejected:
                    await resolve_pushes(Pushes.parse(json.dumps(event).encode()), cloud, settling=False)
                assert rejected.value.reason in {Reason.UNKNOWN_REGISTRY, Reason.MALFORMED_IMAGE, Reason.NOT_A_DIGEST}
            assert counter.connections == 0

    run(story())


def test_the_counting_port_does_count() -> None:
    """The proof above is worth something: the same client, sent to the port by configuration, is counted."""

    async def story() -> None:
        async with _counting() as counter, asking(f"http://127.0.0.1:{counter.port}") as find:
            fault, _ = await unavailable(find("v1"))

            assert fault is Fault.UNREACHABLE
            assert counter.connections > 0

    run(story())


REALMS: Final = {
    "another port": "http://127.0.0.1:PORT/token",
    "another host": "http://localhost:PORT/token",
    "the metadata server": "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
    "the metadata server's address": "http://169.254.169.254/token",
    "user info": "http://127.0.0.1:OWN@127.0.0.1:PORT/token",
    "a backslash": "http://127.0.0.1:PORT\\@127.0.0.1:OWN/token",
    "a fragment": "http://127.0.0.1:PORT#@127.0.0.1:OWN/token",
    "a query": "http://127.0.0.1:OWN/token?account=root",
    "a longer port": "http://127.0.0.1:OWN0/token",
    "a file": "file:///etc/passwd",
    "another scheme": "https://127.0.0.1:OWN/token",
    "no scheme": "//127.0.0.1:PORT/token",
    "a path": "/token",
    "nothing": "",
    "a line end": "http://127.0.0.1:OWN/token\\\n@127.0.0.1:PORT",
}


@pytest.mark.parametrize("realm", REALMS.values(), ids=REALMS)
def test_a_realm_elsewhere_is_not_asked(realm: str) -> None:
    """Neither is it connected to, nor do our credentials leave: a hostile registry gets a question and no more."""

    async def story() -> None:
        def hostile(request: web.Request) -> web.Response:
            named = realm.replace("PORT", str(counter.port)).replace("OWN", str(request.url.port)).replace("\n", " ")
            return web.Response(status=401, headers={"WWW-Authenticate": f'Bearer realm="{named}",service="s"'})

        async with _counting() as counter, scripted(hostile) as server:
            async with asking(server.url, given("mdo-bot", "s3cret")) as find:
                fault, detail = await unavailable(find("v1"))

            assert fault is Fault.WRONG_ANSWER
            assert detail.startswith(f"{HOST} answers 401, but its realm ")
            assert counter.connections == 0
            assert [(seen.method, seen.authorization) for seen in server.seen] == [("HEAD", None)]

    run(story())


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.docker.io/token",
        "https://auth.docker.io.evil.example/token",
        "https://auth.docker.io./token",
        "https://auth.docker.io:8443/token",
        "https://auth.docker.io@evil.example/token",
        "https://evil.example/auth.docker.io/token",
        "https://auth.docker.io/token#",
        "https://auth.docker.io/%2e%2e/token",
        "https://auth.docker.io\t/token",
        "https://auth.docker.io/token\n",
        "ftp://auth.docker.io/token",
        "https:auth.docker.io/token",
        "https://\u24d0uth.docker.io/token",
    ],
)
def test_a_realm_is_held_against_the_whole_origin(realm: str) -> None:
    """Docker Hub's tokens come from another host than its images: from that one, by https, on its port."""
    assert token_endpoint("https://auth.docker.io/token", ["https://auth.docker.io"])
    with pytest.raises(ValueError, match="on no host that may give its tokens"):
        token_endpoint(realm, ["https://auth.docker.io"])


ALLOWED: Final = ("mirror.example/team", "10.0.0.7:5000/team", "*-docker.pkg.dev/k8s-artifacts-prod/images")
REDIRECTS: Final = {
    "this machine": "http://127.0.0.1:PORT/v2/team/x/manifests/v1",
    "this machine by https": "https://127.0.0.1:PORT/v2/team/x/manifests/v1",
    "localhost": "https://localhost:PORT/v2/team/x/manifests/v1",
    "IPv6": "https://[::1]:PORT/v2/team/x/manifests/v1",
    "IPv4 in IPv6": "https://[::ffff:127.0.0.1]:PORT/v2/team/x/manifests/v1",
    "decimal address": "https://2130706433:PORT/v2/team/x/manifests/v1",
    "the metadata server": "http://metadata.google.internal/computeMetadata/v1/",
    "the metadata server as a registry": "https://169.254.169.254/v2/team/x/manifests/v1",
    "another private address": "https://10.0.0.8:5000/v2/team/x/manifests/v1",
    "another port": "https://mirror.example:8443/v2/team/x/manifests/v1",
    "the default port": "https://mirror.example:443/v2/team/x/manifests/v1",
    "no https": "http://mirror.example/v2/team/x/manifests/v1",
    "another scheme": "ftp://mirror.example/v2/team/x/manifests/v1",
    "no scheme": "//mirror.example/v2/team/x/manifests/v1",
    "a path": "/v2/team/x/manifests/v1",
    "a longer name": "https://mirror.example.evil.example/v2/team/x/manifests/v1",
    "a name before it": "https://evil-mirror.example/v2/team/x/manifests/v1",
    "user info": "https://mirror.example@evil.example/v2/team/x/manifests/v1",
    "user info of its own": "https://root:pw@mirror.example/v2/team/x/manifests/v1",
    "a backslash": "https://evil.example\\@mirror.example/v2/team/x/manifests/v1",
    "a fragment": "https://evil.example#mirror.example/v2/team/x/manifests/v1",
    "a trailing dot": "https://mirror.example./v2/team/x/manifests/v1",
    "upper case": "https://MIRROR.example/v2/team/x/manifests/v1",
    "punycode": "https://xn--mirror-9za.example/v2/team/x/manifests/v1",
    "another team": "https://mirror.example/v2/evil/x/manifests/v1",
    "a team that begins alike": "https://mirror.example/v2/team-evil/x/manifests/v1",
    "the team itself": "https://mirror.example/v2/team/manifests/v1",
    "up and away": "https://mirror.example/v2/team/../evil/x/manifests/v1",
    "up and away, escaped": "https://mirror.example/v2/team/%2e%2e/evil/x/manifests/v1",
    "another tag": "https://mirror.example/v2/team/x/manifests/v2",
    "another digest": f"https://mirror.example/v2/team/x/manifests/{DIGEST}",
    "a blob": "https://mirror.example/v2/team/x/blobs/v1",
    "another endpoint": "https://mirror.example/admin?/v2/team/x/manifests/v1",
    "two parts for one": "https://evil.example.x-docker.pkg.dev/v2/k8s-artifacts-prod/images/x/manifests/v1",
    "no part": "https://-docker.pkg.dev/v2/k8s-artifacts-prod/images/x/manifests/v1",
    "another project there": "https://us-west1-docker.pkg.dev/v2/evil/images/x/manifests/v1",
    "a line end": "https://mirror.example/v2/team/x/manifests/v1\n",
    "nothing": "",
}


@pytest.mark.parametrize("location", REDIRECTS.values(), ids=REDIRECTS)
def test_a_redirect_elsewhere_is_named_and_not_followed(location: str) -> None:
    """A registry may redirect to the manifest of the same reference below what is allowed for it, and nowhere else."""
    beyond = Beyond(redirects={HOST: ALLOWED})
    assert beyond.redirected(IMAGE, "v1", "https://mirror.example/v2/team/x/manifests/v1")
    with pytest.raises(ValueError, match="which is no"):
        beyond.redirected(IMAGE, "v1", location)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_named_and_connected_to_by_nobody(status: int) -> None:
    """Where this one points is for a person to read; no credentials leave with it."""

    async def story() -> None:
        async with _counting() as counter:
            where = f"https://127.0.0.1:{counter.port}/v2/{NAME}/manifests/v1"
            hostile = scripted(lambda _: web.Response(status=status, headers={"Location": where}))
            async with hostile as server, asking(server.url, given("mdo-bot", "s3cret")) as find:
                fault, detail = await unavailable(find("v1"))

            assert fault is Fault.WRONG_ANSWER
            assert detail == f"{HOST} redirects to '{where}' ({status}), which is nothing that {HOST} may redirect to"
            assert counter.connections == 0
            assert len(server.seen) == 1

    run(story())


@pytest.mark.parametrize("host", ["registry.k8s.io", "lscr.io"])
def test_what_is_allowed_without_configuration_may_be_at_no_private_address(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever answers our DNS could otherwise put the metadata server behind a name that the table has."""
    to = {
        "registry.k8s.io": "us-west1-docker.pkg.dev/v2/k8s-artifacts-prod/images/x",
        "lscr.io": "ghcr.io/v2/linuxserver/x",
    }

    async def story() -> None:
        monkeypatch.setattr(ThreadedResolver, "resolve", _private)
        location = f"https://{to[host]}/manifests/v1"
        redirecting = scripted(lambda _: web.Response(status=307, headers={"Location": location}))
        async with redirecting as server, registry_session(named=[host]) as session:
            registries = Registries(session, {host: server.url})
            fault, detail = await unavailable(registries.find(ImageName(host, "x"), "v1"))

        assert fault is Fault.REFUSED
        assert "is at 169.254.169.254, which is not public" in detail

    run(story())


async def _private(_: ThreadedResolver, host: str, port: int = 0, __: int = 0) -> list[ResolveResult]:
    return [ResolveResult(hostname=host, host="169.254.169.254", port=port, family=AF_INET, proto=0, flags=0)]


def test_a_token_endpoint_that_redirects_does_not_pass_our_password_on() -> None:
    """It is asked with credentials, so following it would hand them over."""

    async def story() -> None:
        def hostile(request: web.Request) -> web.Response:
            if request.path == "/token":
                return web.Response(status=307, headers={"Location": f"http://127.0.0.1:{counter.port}/token"})
            realm = f"http://127.0.0.1:{request.url.port}/token"
            return web.Response(status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}"'})

        async with _counting() as counter, scripted(hostile) as server:
            async with asking(server.url, given("mdo-bot", "s3cret")) as find:
                fault, detail = await unavailable(find("v1"))

            assert fault is Fault.WRONG_ANSWER
            assert detail.startswith(f"the token endpoint of {HOST} redirects to ")
            assert counter.connections == 0

    run(story())
