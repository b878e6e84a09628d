"""From the environment variable to the private registry: a password out of Secret Manager opens it."""

from __future__ import annotations

import json
import socket
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web

from local.faults import Faults
from local.registry import RegistryStandIn, push_image
from local.registry.tokens import Tokens
from local.world import founding
from local.world.names import APPS, GATE_PROJECT
from shared.runtime.wiring.resolve import resolve_function
from tests.clients.registry.asking import DIGEST, manifest, scripted
from tests.company import small_world
from tests.conftest import Logs

GHCR = "ghcr.io"
SECRET = f"projects/{GATE_PROJECT}/secrets/ghcr-password"
LOGIN = {"username": "mdo-bot", "password_secret": f"{SECRET}/versions/latest"}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def test_a_private_image_is_resolved_with_the_password_of_secret_manager(quiet_logging: None, logs: Logs) -> None:
    """Only its name is configured, it is read when it is used, and no log entry shows it."""
    port = _free_port()
    variables = {
        "PRODGATE_REGISTRIES": json.dumps([f"{GHCR}/mdo"]),
        "PRODGATE_REGISTRY_ENDPOINTS": json.dumps({GHCR: f"http://127.0.0.1:{port}"}),
        "PRODGATE_REGISTRY_CREDENTIALS": json.dumps({GHCR: LOGIN}),
    }
    registry = RegistryStandIn(GHCR, Faults())
    with small_world(variables=variables) as world:
        world.do(registry.start(port))
        digest = world.do(push_image(registry.url, "mdo/tools", "v1", content=b"tools"))
        registry.tokens = Tokens(GHCR, "pa55-of-ghcr")
        world.do(founding.store_secret(world.clients, SECRET, "pa55-of-ghcr"))

        world.announce(f"{GHCR}/mdo/tools:v1")
        world.settle()

        world.do(registry.stop())
        assert world.rejected == world.dead_letters == []
    entries = logs()
    assert f"{GHCR}/mdo/tools:v1 is {digest}" in {entry["message"] for entry in entries}
    assert "pa55-of-ghcr" not in json.dumps(entries)


@pytest.mark.parametrize(
    ("credentials", "problem"),
    [
        ({"ghcr.io": {**LOGIN, "password": "oops"}}, "the field 'password' is unknown"),
        ({"ghcr.io": {"username": "mdo-bot"}}, "password_secret is missing"),
        (
            {"ghcr.io": {**LOGIN, "password_secret": "hunter2"}},
            "password_secret is 'hunter2', which is not",
        ),
        ({"ghcr.io": {**LOGIN, "username": "mdo:bot"}}, "username is 'mdo:bot', which is not"),
        ({"index.docker.io": LOGIN}, "names 'index.docker.io'; it may name ghcr.io, us-docker.pkg.dev"),
        ({}, "is empty; empty means no"),
    ],
    ids=["a password", "no secret", "no version of one", "a colon", "another registry", "nobody"],
)
def test_credentials_that_could_not_work_stop_the_start(credentials: Any, problem: str) -> None:
    """A slip of the pen would otherwise be found out by anonymous questions, and a rate limit."""
    with pytest.raises(SystemExit) as stopped:
        resolve_function(
            {
                "PRODGATE_PROJECT": GATE_PROJECT,
                "PRODGATE_REGISTRIES": json.dumps([APPS, f"{GHCR}/mdo"]),
                "PRODGATE_REGISTRY_CREDENTIALS": json.dumps(credentials),
            }
        )

    assert problem in str(stopped.value)
    assert str(stopped.value).count("\n- ") == 1


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("PRODGATE_REGISTRY_TOKEN_ORIGINS", {GHCR: ["auth.example"]}, "ghcr.io holds 'auth.example', which is not"),
        ("PRODGATE_REGISTRY_TOKEN_ORIGINS", {GHCR: ["http://auth.example"]}, "holds 'http://auth.example', which"),
        ("PRODGATE_REGISTRY_TOKEN_ORIGINS", {GHCR: ["https://auth.example/token"]}, "token', which is not of the form"),
        ("PRODGATE_REGISTRY_TOKEN_ORIGINS", {GHCR: "https://auth.example"}, "ghcr.io must be"),
        ("PRODGATE_REGISTRY_TOKEN_ORIGINS", {"quay.io": ["https://auth.example"]}, "names 'quay.io'; it may name"),
        ("PRODGATE_REGISTRY_REDIRECTS", {GHCR: ["https://mirror.example"]}, "holds 'https://mirror.example', which"),
        ("PRODGATE_REGISTRY_REDIRECTS", {GHCR: ["*.example/team"]}, "holds '*.example/team', which is not"),
        ("PRODGATE_REGISTRY_REDIRECTS", {"quay.io": ["mirror.example"]}, "names 'quay.io'; it may name"),
    ],
)
def test_what_a_registry_may_name_beyond_itself_is_configured_whole(name: str, value: Any, problem: str) -> None:
    """Origins and prefixes, of registries that are asked; a pattern that lets more through than meant is none."""
    with pytest.raises(SystemExit) as stopped:
        resolve_function(
            {
                "PRODGATE_PROJECT": GATE_PROJECT,
                "PRODGATE_REGISTRIES": json.dumps([f"{GHCR}/mdo"]),
                name: json.dumps(value),
            }
        )

    assert problem in str(stopped.value)
    assert str(stopped.value).count("\n- ") == 1


def test_tokens_and_redirects_beyond_a_registry_are_configured(quiet_logging: None, logs: Logs) -> None:
    """docker_auth on another port, behind a registry that only points at its mirror."""
    to = "https://mirror.example/v2/team/tools/manifests/v1"

    def mirror(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") == "Bearer t0ken":
            return manifest(DIGEST)
        challenge = f'Bearer realm="http://127.0.0.1:{issuing}/auth",service="s"'
        return web.Response(status=401, headers={"WWW-Authenticate": challenge})

    answers = {
        "front": lambda _: web.Response(status=307, headers={"Location": to}),
        "mirror": mirror,
        "tokens": lambda _: web.json_response({"token": "t0ken"}),
    }
    pointing, mirroring, issuing = (_free_port() for _ in answers)
    variables = {
        "PRODGATE_REGISTRIES": json.dumps(["front.example/mdo", "mirror.example/team"]),
        "PRODGATE_REGISTRY_ENDPOINTS": json.dumps(
            {"front.example": f"http://127.0.0.1:{pointing}", "mirror.example": f"http://127.0.0.1:{mirroring}"}
        ),
        "PRODGATE_REGISTRY_TOKEN_ORIGINS": json.dumps({"mirror.example": [f"http://127.0.0.1:{issuing}"]}),
        "PRODGATE_REGISTRY_REDIRECTS": json.dumps({"front.example": ["mirror.example/team"]}),
    }
    with small_world(variables=variables) as world:
        opened = AsyncExitStack()
        for answering, port in zip(answers.values(), (pointing, mirroring, issuing), strict=True):
            world.do(opened.enter_async_context(scripted(answering, port)))

        world.announce("front.example/mdo/tools:v1")
        world.settle()

        world.do(opened.aclose())
        assert world.rejected == world.dead_letters == []
    assert f"front.example/mdo/tools:v1 is {DIGEST}" in {entry["message"] for entry in logs()}
