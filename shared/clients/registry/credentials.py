"""With which credentials a registry is asked, once it wants some."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from shared.domain.secret import SecretText

# Docker's user name where the secret is no password, but an OAuth refresh token.
IDENTITY_TOKEN: Final = "<token>"  # noqa: S105 - a name, no secret
_GOOGLES: Final = re.compile(r"(?:[a-z0-9-]+\.)?pkg\.dev|(?:[a-z0-9-]+\.)?gcr\.io", re.ASCII)


class Credentials(Protocol):
    """A user name, and a password that is fetched when it is used.

    `at_once` says that the password is an access token, which the registry takes as Bearer before it asks.
    """

    @property
    def username(self) -> str:
        """The name that goes before the password."""

    @property
    def at_once(self) -> bool:
        """Whether to show the password before being asked."""

    async def password(self) -> SecretText | None:
        """Fetch the password; None where this environment has none, and the registry is asked as nobody."""


class CredentialSource(Protocol):
    """Knows whose credentials a registry may see."""

    def for_host(self, host: str) -> Credentials | None:
        """Choose credentials by the host of an image's name, its port included."""


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """A user name of the configuration, and the Secret Manager version that holds its password."""

    username: str
    secret: str
    read: Callable[[str], Awaitable[SecretText]]

    @property
    def at_once(self) -> bool:
        """No registry takes a password as Bearer; GHCR refuses even its own."""
        return False

    async def password(self) -> SecretText | None:
        """Read the version.

        Raises:
            Unavailable: Secret Manager does not answer, or does not let us read it.
        """
        return await self.read(self.secret)


class HostCredentials:
    """What is configured for a host, else Google's for Google's registries, else none.

    Where `stand_ins` listen for a host, Google's are never shown to them.
    """

    def __init__(
        self, given: Mapping[str, Credentials], google: Credentials | None = None, *, stand_ins: Collection[str] = ()
    ) -> None:
        self._given = given
        self._google = google
        self._stand_ins = frozenset(stand_ins)

    def for_host(self, host: str) -> Credentials | None:
        """Choose by the very host: a suffix of a longer name, another case or a port is another registry."""
        if host in self._given:
            return self._given[host]
        return self._google if _GOOGLES.fullmatch(host) and host not in self._stand_ins else None


def basic(username: str, password: SecretText) -> SecretText:
    """Write the Authorization header of RFC 7617."""
    pair = base64.b64encode(f"{username}:{password.reveal()}".encode()).decode()
    return SecretText(f"Basic {pair}")


def bearer(token: SecretText) -> SecretText:
    """Write the Authorization header of RFC 6750."""
    return SecretText(f"Bearer {token.reveal()}")
