"""The token flow of registries: a challenge on 401, a token endpoint, bearer tokens bound to scopes.

Source: CNCF Distribution, "Token Authentication Specification". Two houses are imitated: with no password anyone may
pull, as on Docker Hub, and any Basic credentials may push; with one, pulling needs it too, as in a private repository
of Artifact Registry, whose user name is `oauth2accesstoken`.
"""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Final

from local.registry.refusal import RegistryRefusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import web

_LIFETIME_S: Final = 300


class Tokens:
    """Issues tokens and checks them; `service` is what the challenge calls this registry."""

    def __init__(self, service: str, password: str | None) -> None:
        self._service = service
        self._password = password
        self._granted: dict[str, frozenset[str]] = {}

    def issue(self, request: web.Request) -> dict[str, object]:
        """Answer the token endpoint: a fresh token for those of the asked scopes that the caller may have.

        Raises:
            RegistryRefusal: UNAUTHORIZED where credentials are needed or wrong.
        """
        may_push = self._check_password(request.headers.get("Authorization"))
        token = secrets.token_urlsafe(24)
        scopes = (scope for value in request.query.getall("scope", []) for scope in value.split())
        self._granted[token] = frozenset(_grants(scopes, may_push=may_push))
        return {"token": token, "access_token": token, "expires_in": _LIFETIME_S}

    def check(self, request: web.Request, *, name: str | None) -> None:
        """Let a request pass whose bearer token covers what it does.

        Raises:
            RegistryRefusal: UNAUTHORIZED, with the challenge that tells the client where to get a token.
        """
        action = "pull" if request.method in {"GET", "HEAD"} else "push"
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        needed = f"{name}:{action}"
        if token in self._granted and (name is None or needed in self._granted[token]):
            return
        raise RegistryRefusal("UNAUTHORIZED", headers={"WWW-Authenticate": self._challenge(request, name, action)})

    def expire(self) -> None:
        """Make every token issued so far worthless."""
        self._granted.clear()

    def _check_password(self, authorization: str | None) -> bool:
        if authorization is None:
            if self._password is not None:
                raise RegistryRefusal("UNAUTHORIZED")
            return False
        if self._password not in {None, _basic_password(authorization)}:
            raise RegistryRefusal("UNAUTHORIZED")
        return True

    def _challenge(self, request: web.Request, name: str | None, action: str) -> str:
        challenge = f'Bearer realm="http://{request.host}/token",service="{self._service}"'
        if name is None:
            return challenge
        return f'{challenge},scope="repository:{name}:{"pull" if action == "pull" else "pull,push"}"'


def _basic_password(authorization: str) -> str:
    try:
        given = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode()
    except ValueError as malformed:
        raise RegistryRefusal("UNAUTHORIZED") from malformed
    return given.partition(":")[2]


def _grants(scopes: Iterable[str], *, may_push: bool) -> list[str]:
    grants = []
    for scope in scopes:
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        grants += [
            f"{name}:{action}"
            for action in actions.split(",")
            if kind == "repository" and (action == "pull" or may_push)
        ]
    return grants
