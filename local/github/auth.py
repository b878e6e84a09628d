"""Who calls: Apps with an installation token and a set of permissions, and people with push access."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from local.github.refusal import bad_credentials

Access = Literal["read", "write"]


@dataclass(frozen=True, slots=True)
class Account:
    """An authenticated caller; `permissions` is None for a person, who may do everything."""

    id: int
    login: str
    permissions: Mapping[str, str] | None = None

    @property
    def is_app(self) -> bool:
        """Whether this is the bot account of a GitHub App."""
        return self.permissions is not None

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


class Accounts:
    """The accounts of the stand-in, found by their token."""

    def __init__(self) -> None:
        self._by_token: dict[str, Account] = {}

    def add(self, account: Account, token: str) -> None:
        """Let a token stand for an account."""
        self._by_token[token] = account

    def identify(self, authorization: str) -> Account:
        """Find the account of an `Authorization` header: `token X`, `Bearer X` or `Basic` with X as password.

        Raises:
            Refusal: 401, when the header is empty or its token unknown.
        """
        account = self._by_token.get(token_of(authorization))
        if account is None:
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
