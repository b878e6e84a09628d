"""As whom GitHub is used, as configuration says it."""

from __future__ import annotations

import json

import pytest

from local.world.names import PIN, Endpoints, variables_of
from shared.clients.github import AppInstallation
from shared.clients.secrets import Secrets
from shared.runtime.config import Environment
from shared.runtime.telemetry import Redactor
from shared.runtime.wiring.github import open_vault, read_github

NOWHERE = Endpoints("127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:1", {})


def variables(**app: object) -> dict[str, str]:
    """Configure pin_manifests, with more said of its App."""
    configured = variables_of(PIN, NOWHERE, 0)
    return configured | {
        "PRODGATE_GITHUB_APP": json.dumps(json.loads(configured["PRODGATE_GITHUB_APP"]) | app),
    }


@pytest.mark.parametrize(("more", "kept"), [({}, False), ({"tokens": "kept"}, True), ({"tokens": "per-event"}, False)])
def test_an_app_keeps_no_token_unless_it_is_told_to(more: dict[str, object], kept: bool) -> None:
    """With one for each event, the secret decides at each event; keeping one saves a request and a look at the key."""
    credentials = read_github(Environment(variables(**more))).credentials

    assert isinstance(credentials, AppInstallation)
    assert credentials.keeps_tokens is kept


def test_any_other_word_does_not_start() -> None:
    """A word that is misspelt must not quietly mean the other thing."""
    environment = Environment(variables(tokens="per_event"))
    read_github(environment)

    with pytest.raises(SystemExit, match="tokens is 'per_event'; it must be kept or per-event"):
        environment.finish()


def test_the_tokens_of_events_crowd_no_stored_secret_out_of_what_logs_hide() -> None:
    """A registry's password is read once in minutes, in which thousands of tokens may be minted."""
    redactor = Redactor()
    vault = open_vault(Secrets.__new__(Secrets), redactor)  # connected to nothing, since nothing is read
    redactor.learn("hunter2")

    for nth in range(2_000):
        vault.hide(f"token-{nth:04}")

    assert redactor.clean("hunter2 token-1999") == "*** ***"
