"""Who calls: Apps with installation tokens, and people, whose tokens may be narrowed to permissions as well."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from local.github.refusal import bad_credentials

Access = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Account:
    """An authenticated caller; `permissions` and `repositories` are what the token is good for, None is everything.

    `app` is the id of the GitHub App whose bot this is.
    """

    id: int
    login: str
    permissions: Mapping[str, str] | None = None
    repositories: frozenset[str] | None = None
    app: int | None = None

    @property
    def is_app(self) -> bool:
        """Whether this is the bot account of a GitHub App."""
        return self.login.endswith("[bot]")

    def sees(self, full_name: str) -> bool:
        """Tell whether a repository exists for this caller."""
        return self.repositories is None or full_name in self.repositories

    @property
    def email(self) -> str:
        """The address under which GitHub records commits that this account makes through the API."""
        return f"{self.id}+{self.login}@users.noreply.github.com"

    def may(self, resource: str, access: Access) -> bool:
        """Tell whether the account has `read` or `write` access to a resource, for example `contents`."""
        # Every App may read metadata: GitHub gives no installation without it.
        if self.permissions is None or (resource, access) == ("metadata", "read"):
            return True
        return self.permissions.get(resource) in (
            ("write", "admin") if access == "write" else ("read", "write", "admin")
        )


@dataclass(frozen=True, slots=True)
class Installation:
    """Where an App is installed, and what it was granted there: permissions, and repositories by full name."""

    id: int
    permissions: Mapping[str, str]
    repositories: tuple[str, ...]
    suspended: bool = False

    @property
    def app(self) -> int:
        """The id of the App itself, by which rules pin a check to it: a number of its own, as on GitHub."""
        return 100_000 + self.id


@dataclass(frozen=True, slots=True)
class App:
    """A GitHub App: its bot account, its public key (PEM), its one installation."""

    account: Account
    public_key: str
    installed: Installation


class Accounts:
    """The accounts of the stand-in, found by their token, and the Apps, by their client id."""

    def __init__(self) -> None:
        self.apps: dict[str, App] = {}
        self.proofs: list[str] = []  # every JWT that bought a token
        self._lent: dict[str, tuple[Account, float]] = {}

    def add(self, account: Account, token: str) -> None:
        """Let a token stand for an account for ever."""
        self._lent[token] = (account, float("inf"))

    def lend(self, token: str, account: Account, ends: float) -> None:
        """Let a token stand for an account until some time, in seconds since the epoch."""
        self._lent[token] = (account, ends)

    def revoke(self, login: str) -> None:
        """Let no token of an account count any more."""
        self._lent = {token: lent for token, lent in self._lent.items() if lent[0].login != login}

    def tokens(self, login: str) -> list[str]:
        """Give every token that stands for an account, oldest first."""
        return [token for token, (account, _) in self._lent.items() if account.login == login]

    def identify(self, authorization: str) -> Account:
        """Find the account of an `Authorization` header: `token X`, `Bearer X` or `Basic` with X as password.

        Raises:
            Refusal: 401, when the header is empty, or its token unknown or at its end.
        """
        account, ends = self._lent.get(token_of(authorization), (None, 0.0))
        if account is None or ends <= time.time():
            raise bad_credentials()
        return account


def token_of(authorization: str) -> str:
    """Take the token out of an `Authorization` header; empty when there is none."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() in {"token", "bearer"}:
        return credentials.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
