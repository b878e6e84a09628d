"""From the environment variable to the private registry: a password out of Secret Manager opens it."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from local.faults import Faults
from local.registry import RegistryStandIn, push_image
from local.registry.tokens import Tokens
from local.world import founding
from local.world.names import APPS, GATE_PROJECT
from shared.runtime.wiring.resolve import resolve_function
from tests.company import small_world
from tests.conftest import Logs

GHCR = "ghcr.io"
SECRET = f"projects/{GATE_PROJECT}/secrets/ghcr-password"
LOGIN = {"username": "mdo-bot", "password_secret": f"{SECRET}/versions/latest"}


def test_a_private_image_is_resolved_with_the_password_of_secret_manager(quiet_logging: None, logs: Logs) -> None:
    """Only its name is configured, it is read when it is used, and no log entry shows it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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
