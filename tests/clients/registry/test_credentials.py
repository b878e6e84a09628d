"""Whose credentials a registry sees: the configured ones, Google's for Google's own, and nobody's for the rest."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from google.auth.credentials import AnonymousCredentials
from google.oauth2.credentials import Credentials

from local.registry import push_image
from shared.clients.registry import GoogleAccess, HostCredentials
from shared.clients.registry.credentials import basic
from shared.clients.registry.google_access import application_default
from shared.domain.errors import Fault
from shared.domain.secret import SecretText
from tests.clients.registry.asking import (
    KnownPassword,
    asking,
    close,
    found,
    run,
    scripted,
    unavailable,
)
from tests.local.registry.running import NAME, stand_in


@pytest.mark.parametrize("host", ["us-docker.pkg.dev", "europe-west1-docker.pkg.dev", "pkg.dev", "gcr.io", "eu.gcr.io"])
def test_googles_registries_are_asked_with_googles_credentials(host: str) -> None:
    """Unless others are configured for the host, or a stand-in listens for it."""
    google, own = GoogleAccess(), KnownPassword("_json_key_base64", "e30=")

    assert HostCredentials({}, google).for_host(host) is google
    assert HostCredentials({host: own}, google).for_host(host) is own
    assert HostCredentials({}, google, stand_ins=[host]).for_host(host) is None


@pytest.mark.parametrize(
    "host",
    [
        "us-docker.pkg.dev.evil.example",
        "evilpkg.dev",
        "evilgcr.io",
        "gcr.io.evil.example",
        "a.b.pkg.dev",
        "gcr.io:8443",
        "us-docker.pkg.dev:80",
        "us-docker.pkg.dev.",
        "US-DOCKER.pkg.dev",
        "us-docker.pkg.dev\n",
        "docker.io",
        "ghcr.io",
    ],
)
def test_nobody_else_is_shown_googles_credentials(host: str) -> None:
    """An access token of the function's service account opens more than a registry."""
    assert HostCredentials({}, GoogleAccess()).for_host(host) is None


def test_an_access_token_opens_a_private_repository() -> None:
    """google-auth's own credentials, through the exchange that Artifact Registry documents."""

    async def story() -> None:
        async with stand_in() as registry:
            pushed = await push_image(registry.url, NAME, "v1", content=b"posts")
            close(registry, "ya29.valid")
            google = GoogleAccess(lambda: Credentials("ya29.valid"))  # type: ignore[no-untyped-call] # google-auth's
            async with asking(registry.url, HostCredentials({}, google)) as find:
                assert await find("v1") == found(pushed)
            stale = GoogleAccess(lambda: Credentials("ya29.stale"))  # type: ignore[no-untyped-call] # google-auth's
            async with asking(registry.url, HostCredentials({}, stale)) as find:
                fault, _ = await unavailable(find("v1"))

        assert fault is Fault.REFUSED

    run(story())


def _refreshing(token_uri: str, expiry: datetime | None = None) -> Any:
    return Credentials(  # type: ignore[no-untyped-call] # google-auth types only its parts
        None if expiry is None else "ya29.old",
        refresh_token="refresh",
        token_uri=token_uri,
        client_id="client",
        client_secret="s3cret",
        expiry=expiry,
    )


def test_a_refresh_happens_once_off_the_event_loop_and_is_kept() -> None:
    """The token endpoint lives in this very event loop: a refresh that blocked it would wait for itself for ever."""

    async def story() -> None:
        answer = {"access_token": "ya29.new", "expires_in": 3600, "token_type": "Bearer"}
        async with scripted(lambda _: web.json_response(answer)) as google:
            access = GoogleAccess(lambda: _refreshing(google.url))

            tokens = await asyncio.gather(*(access.password() for _ in range(20)))

            assert {token.reveal() for token in tokens if token} == {"ya29.new"}
            assert len(tokens) == 20
            assert len(google.seen) == 1

    run(story())


@pytest.mark.parametrize(("left_s", "expected"), [(3600, "ya29.old"), (30, "ya29.new"), (-30, "ya29.new")])
def test_a_token_is_renewed_before_it_expires(left_s: int, expected: str) -> None:
    """What expires within minutes would expire on the way."""

    async def story() -> None:
        async with scripted(lambda _: web.json_response({"access_token": "ya29.new", "expires_in": 3600})) as google:
            expiry = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=left_s)

            token = await GoogleAccess(lambda: _refreshing(google.url, expiry)).password()

            assert token is not None
            assert token.reveal() == expected

    run(story())


def test_a_refresh_that_google_refuses_is_a_refusal_and_one_that_fails_is_not() -> None:
    """The one needs a person, the other mends itself."""

    async def story() -> None:
        async with scripted(lambda _: web.json_response({"error": "invalid_grant"}, status=400)) as google:
            refused = await unavailable(GoogleAccess(lambda: _refreshing(google.url)).password())
        gone = await unavailable(GoogleAccess(lambda: _refreshing(google.url)).password())

        assert (refused[0], gone[0]) == (Fault.REFUSED, Fault.UNREACHABLE)
        assert "invalid_grant" in refused[1]
        assert "s3cret" not in refused[1] + gone[1]

    run(story())


@pytest.mark.parametrize("load", [AnonymousCredentials, lambda: None], ids=["anonymous", "none"])
def test_without_credentials_a_registry_is_asked_as_nobody(load: Any) -> None:
    """Public images of Google's can be read by anybody, on a laptop that nobody logged in on too."""

    async def story() -> None:
        async with stand_in() as registry:
            pushed = await push_image(registry.url, NAME, "v1", content=b"posts")
            close(registry)
            async with asking(registry.url, HostCredentials({}, GoogleAccess(load))) as find:
                assert await find("v1") == found(pushed)

    run(story())


def test_application_default_credentials_are_looked_for_where_google_documents_it(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that GOOGLE_APPLICATION_CREDENTIALS names is one place."""
    user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    (tmp_path / "adc.json").write_text(json.dumps(user))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "adc.json"))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "mdo-gate")

    assert isinstance(application_default(), Credentials)
    (tmp_path / "adc.json").write_text("{}")
    assert application_default() is None


def test_a_login_prints_as_nothing() -> None:
    """The header is a secret as much as the password is."""
    login = basic("mdo-bot", SecretText("s3cret"))

    assert f"{login} {login!r}" == "*** ***"
    assert login.reveal() == "Basic bWRvLWJvdDpzM2NyZXQ="
