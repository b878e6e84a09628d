"""Enforcing prod's branch rules: what could never hold does not start."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from local.world.names import PROMOTE, Endpoints, variables_of
from shared.runtime.wiring.promote import promote_function

NOWHERE = Endpoints("127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:1", {})
ENFORCE = {"PRODGATE_PROTECTION": "enforce"}
APP_ID = {"PRODGATE_GITHUB_APP_ID": "123456"}


def start(more: Mapping[str, str], *, token: bool = False) -> None:
    """Start open_prod_pr with other variables, as an App or with a person's token."""
    variables = variables_of(PROMOTE, NOWHERE, 0) | more
    if token:
        del variables["PRODGATE_GITHUB_APP"]
        variables["PRODGATE_GITHUB_TOKEN_SECRET"] = "projects/p/secrets/s/versions/latest"
    promote_function(variables)


def test_an_app_that_knows_its_id_may_enforce(quiet_logging: None) -> None:
    """Its check can be told from a stranger's."""
    start(ENFORCE | APP_ID)


def test_a_token_may_warn(quiet_logging: None) -> None:
    """People read what cannot be pinned."""
    start(APP_ID, token=True)


def test_enforcing_without_an_id_does_not_start() -> None:
    """Any pinned App would pass for ours."""
    with pytest.raises(SystemExit, match="PRODGATE_GITHUB_APP_ID is not set, and PRODGATE_PROTECTION is enforce"):
        start(ENFORCE)


def test_enforcing_with_a_token_does_not_start() -> None:
    """No ruleset could ever be good enough, so every release would be kept back."""
    with pytest.raises(SystemExit, match="PRODGATE_PROTECTION is enforce, which needs a GitHub App"):
        start(ENFORCE | APP_ID, token=True)
