"""Google's registries, asked as the function's own service account.

Source: Artifact Registry, "Configure authentication to Artifact Registry for Docker"; google-auth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

import google.auth
from google.auth import exceptions
from google.auth.credentials import Credentials
from google.auth.transport.requests import Request

from shared.clients import calls
from shared.domain.errors import Fault, Unavailable
from shared.domain.secret import SecretText

_SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)


def application_default() -> Credentials | None:
    """Find application default credentials; None where there are none, as on a laptop that nobody logged in on."""
    try:
        return google.auth.default(scopes=_SCOPES)[0]
    except exceptions.DefaultCredentialsError:
        return None


class GoogleAccess:
    """Access tokens of the credentials that `load` finds at first use; one refresh at a time, kept until they expire.

    google-auth blocks, so it runs on a thread.
    """

    username: Final = "oauth2accesstoken"
    at_once: Final = True

    def __init__(self, load: Callable[[], Credentials | None] = application_default) -> None:
        self._load = load
        self._lock = asyncio.Lock()
        self._loaded: Credentials | None = None

    async def password(self) -> SecretText | None:
        """Answer an access token that is valid for some minutes more.

        Raises:
            Unavailable: Google does not answer, or refuses the credentials.
        """
        async with self._lock:
            if self._loaded is None or not self._loaded.valid:
                await asyncio.to_thread(self._refresh)
            token = self._loaded.token if self._loaded else None
            return SecretText(token) if token else None

    def _refresh(self) -> None:
        try:
            self._loaded = self._loaded or self._load()
            if self._loaded is not None and not self._loaded.valid:
                request = partial(Request(), timeout=calls.GOOGLE_TOKEN_S)
                self._loaded.refresh(request)  # type: ignore[no-untyped-call] # google-auth types only its parts
        except exceptions.GoogleAuthError as error:
            away = error.retryable or isinstance(error, exceptions.TransportError)
            fault = Fault.UNREACHABLE if away else Fault.REFUSED
            raise Unavailable(fault, f"no Google access token for registries: {error}") from error
