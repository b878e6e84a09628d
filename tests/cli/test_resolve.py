"""`./prodgate resolve`: what an image names now."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import pytest
from aiohttp import web

from cli.__main__ import main
from tests.cli.registry import RunningRegistry, running_registry
from tests.clients.registry.asking import DIGEST, manifest, scripted


@pytest.fixture
def registry() -> Iterator[RunningRegistry]:
    """A registry that serves docker.io."""
    with running_registry() as running:
        yield running


def test_each_image_is_printed_by_its_digest(registry: RunningRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per image, in the form that manifests and attestations use."""
    mongo, web = registry.push("library/mongo", "7"), registry.push("mdo/web", "latest")

    status = main(["resolve", "mongo:7", "mdo/web", registry.option])

    assert capsys.readouterr().out.splitlines() == [f"docker.io/library/mongo@{mongo}", f"docker.io/mdo/web@{web}"]
    assert status == 0


def test_an_image_that_does_not_exist_is_an_error_and_stops_no_other(
    registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script must notice, and a person wants the others all the same."""
    mongo = registry.push("library/mongo", "7")

    status = main(["resolve", "mongo:7", "mongo:8", registry.option])

    printed = capsys.readouterr()
    assert printed.out.splitlines() == [f"docker.io/library/mongo@{mongo}"]
    assert printed.err.splitlines() == ["error: docker.io/library/mongo:8 does not exist"]
    assert status == 2


def test_a_registry_that_is_down_is_named(registry: RunningRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """The sentence must lead to the registry, not to a traceback."""
    registry.faults.fail("registry.head-manifest", times=10)

    status = main(["resolve", "mongo:7", registry.option])

    assert capsys.readouterr().err.startswith("error: docker.io/library/mongo:7: docker.io answers 503")
    assert status == 2


def test_machines_read_json(registry: RunningRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts should not cut strings at the at sign."""
    digest = registry.push("library/mongo", "7")

    main(["resolve", "--json", "mongo:7", registry.option])

    expected = {"image": "mongo:7", "pinned": f"docker.io/library/mongo@{digest}", "digest": digest}
    assert json.loads(capsys.readouterr().out) == {"images": [expected], "failures": []}


def test_a_failure_carries_its_image(registry: RunningRegistry, capsys: pytest.CaptureFixture[str]) -> None:
    """A script that asked for fifty must know which of them to ask for again."""
    status = main(["resolve", "--json", "mongo:8", "Not An Image", registry.option])

    failures = json.loads(capsys.readouterr().out)["failures"]
    assert [(failure["image"], failure["detail"].partition(":")[0]) for failure in failures] == [
        ("Not An Image", "'Not An Image' is no image reference"),
        ("mongo:8", "docker.io/library/mongo"),
    ]
    assert status == 2


def test_a_malformed_reference_is_refused_by_name_and_stops_no_other(
    registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is asked of any registry about something that is no image."""
    mongo = registry.push("library/mongo", "7")

    status = main(["resolve", "Not An Image", "mongo:7", registry.option])

    printed = capsys.readouterr()
    assert status == 2
    assert "no image reference" in printed.err
    assert printed.out == f"docker.io/library/mongo@{mongo}\n"


@pytest.mark.parametrize("host", [f"{'a' * 70}.com", f"{'a.' * 130}com", f"{'a' * 64}.com:5000"])
def test_a_host_that_cannot_be_one_harms_no_other(
    host: str, registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """The grammar of references knows no longest label; what looks names up ends with an error of its own."""
    mongo = registry.push("library/mongo", "7")

    status = main(["resolve", f"{host}/x:1", "mongo:7", registry.option])

    printed = capsys.readouterr()
    assert status == 2
    assert "is no host: a host has at most 253 characters, and 63 between its dots" in printed.err
    assert printed.out == f"docker.io/library/mongo@{mongo}\n"


PRIVATE = {
    "loopback": "127.0.0.1:PORT",
    "another loopback": "127.8.9.1:PORT",
    "localhost": "localhost:PORT",
    "IPv6": "[::1]:PORT",
    "IPv4 in IPv6": "[::ffff:7f00:1]:PORT",
    "6to4": "[2002:7f00:1::]:PORT",
    "unique local": "[fd00::1]:PORT",
    "link-local": "[fe80::1]:PORT",
    "decimal": "2130706433:PORT",
    "short": "127.1:PORT",
    "private": "10.0.0.1:PORT",
    "carrier": "100.64.0.1:PORT",
    "the metadata server": "169.254.169.254",
    "multicast": "224.0.0.1:PORT",
    "all": "0.0.0.0:PORT",
}


@pytest.mark.parametrize("host", PRIVATE.values(), ids=PRIVATE)
def test_a_manifest_of_a_stranger_calls_nobody_on_this_network(
    host: str, registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """CI pins what a pull request wrote: whom it connects to must not be the stranger's choice."""
    port = registry.registry.url.rpartition(":")[2]

    status = main(["resolve", f"{host.replace('PORT', port)}/library/mongo:7"])

    said = capsys.readouterr().err
    assert status == 2
    assert "not public" in said or "is not a canonical IPv4 address" in said
    assert registry.faults.calls("registry.") == {}


def test_a_registry_on_this_network_is_asked_where_it_is_named(
    registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """By --registries, or by the endpoint that it is asked at; its own name is then as good as any."""
    registry.push("library/mongo", "7")
    url = registry.registry.url.replace("127.0.0.1", "localhost")

    assert main(["resolve", "localhost:5000/library/mongo:7", f"--registry-endpoint=localhost:5000={url}"]) == 0
    named = ["--registries", "127.0.0.1:1/team", "localhost:1"]
    for image in ("127.0.0.1:1/team/x:1", "localhost:1/x:1"):
        assert main(["resolve", image, *named]) == 2
        assert "does not answer: ClientConnector" in capsys.readouterr().err


def test_only_the_registries_that_are_named_are_asked(
    registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prefixes, part by part, as the functions know them; the others are refused before anything connects."""
    web = registry.push("mdo/web", "v1")

    status = main(
        ["resolve", "mdo/web:v1", "mongo:7", "mdo-evil/web:v1", registry.option, "--registries", "docker.io/mdo"]
    )

    printed = capsys.readouterr()
    assert status == 2
    assert printed.out == f"docker.io/mdo/web@{web}\n"
    assert printed.err.splitlines() == [
        f"error: docker.io/{image}:{tag}: docker.io/{image} is in no configured registry; those are docker.io/mdo"
        for image, tag in (("library/mongo", "7"), ("mdo-evil/web", "v1"))
    ]
    assert registry.faults.calls("registry.head") == {"registry.head-manifest": 1}


@pytest.mark.parametrize(
    "option",
    [
        "--registries=https://docker.io",
        "--token-origin=docker.io=auth",
        "--token-origin=docker.io=http://evil.example",
        "--registry-redirect=docker.io=https://x",
        "--registry-endpoint=docker.io=http://evil.example",
    ],
)
def test_an_option_of_another_form_is_refused_by_name(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the pen must not look like a registry's refusal."""
    assert main(["resolve", "mongo:7", option]) == 2
    assert option.partition("=")[0] in capsys.readouterr().err


def test_tokens_and_redirects_beyond_a_registry_are_options(capsys: pytest.CaptureFixture[str]) -> None:
    """docker_auth on another port, and a registry that only points at its mirror."""

    def mirror(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") == "Bearer t0ken":
            return manifest(DIGEST)
        challenge = f'Bearer realm="{tokens}/auth",service="s"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    async def story() -> int:
        nonlocal tokens
        to = "https://mirror.example/v2/team/web/manifests/v1"
        front = scripted(lambda _: web.Response(status=307, headers={"Location": to}))
        issuing = scripted(lambda _: web.json_response({"token": "t0ken"}))
        async with front as first, scripted(mirror) as second, issuing as third:
            tokens = third.url
            options = [
                f"--registry-endpoint=front.example={first.url}",
                f"--registry-endpoint=mirror.example={second.url}",
                "--registry-redirect=front.example=mirror.example/team",
                f"--token-origin=mirror.example={tokens}",
            ]
            return await asyncio.to_thread(main, ["resolve", "front.example/web:v1", *options])

    tokens = ""
    assert asyncio.run(story()) == 0
    assert capsys.readouterr().out == f"front.example/web@{DIGEST}\n"


def test_a_registry_that_limits_its_rate_holds_up_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    """A manifest of a hundred images of Docker Hub and one of the company's own: the latter is not in their queue."""
    answered: list[str] = []
    until_s = time.monotonic() + 1.5

    def limited(_: web.Request) -> web.Response:
        if time.monotonic() < until_s:
            return web.Response(status=429, headers={"Retry-After": "1"})
        answered.append("slow")
        return manifest(DIGEST)

    def quick(_: web.Request) -> web.Response:
        answered.append("quick")
        return manifest(DIGEST)

    async def story() -> int:
        async with scripted(limited) as first, scripted(quick) as second:
            options = [
                f"--registry-endpoint=slow.example={first.url}",
                f"--registry-endpoint=quick.example={second.url}",
            ]
            images = [*(f"slow.example/x:{nth}" for nth in range(100)), "quick.example/x:1"]
            return await asyncio.to_thread(main, ["resolve", *images, *options])

    assert asyncio.run(story()) == 0
    assert answered[0] == "quick"
    assert len(capsys.readouterr().out.splitlines()) == 101
