"""GitHub Apps: the JWT that an App signs for itself, and the tokens that its installation gets for it.

Refusals as in octokit/auth-app.js #698 and github3.py #1050 ("'Expiration time' claim …"), backstage #12887 ("A JSON
web token could not be decoded"), vault-plugin-secrets-github #101 ("The permissions requested are not granted to this
installation."); the others as docs.github.com/rest/apps has them.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

import jwt

from local.github.auth import App, token_of
from local.github.call import Answer, Call, Operation, created
from local.github.refusal import Refusal, not_found, unprocessable

TOKEN_LASTS_S: Final = 3600
_JWT_LONGEST_S: Final = 600
_JWT_SKEW_S: Final = 30  # how far GitHub lets a clock be ahead; it names no figure
_LEVELS: Final = ("read", "write", "admin")


def unreadable() -> Refusal:
    """Refuse what is no JWT of any App."""
    return Refusal(HTTPStatus.UNAUTHORIZED, "A JSON web token could not be decoded")


def authenticate(authorization: str, apps: Mapping[str, App], now: float) -> App:
    """Find the App that signed the JWT of an `Authorization` header.

    Raises:
        Refusal: 401, when its signature, its issuer or its times are not what GitHub takes.
    """
    token = token_of(authorization)
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        app = apps[str(issuer)]
        claims = jwt.decode(
            token, app.public_key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
        )
    except (jwt.PyJWTError, KeyError):
        raise unreadable() from None
    _require_times(claims, now)
    return app


def _require_times(claims: Mapping[str, Any], now: float) -> None:
    issued, ends = claims.get("iat"), claims.get("exp")
    if not isinstance(ends, int) or ends <= now:
        text = (
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
            "assertion expires"
        )
        raise Refusal(HTTPStatus.UNAUTHORIZED, text)
    if ends > now + _JWT_LONGEST_S:
        raise Refusal(HTTPStatus.UNAUTHORIZED, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int) or issued > now + _JWT_SKEW_S:
        text = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        raise Refusal(HTTPStatus.UNAUTHORIZED, text)


async def create_installation_token(call: Call) -> Answer:
    """Mint a token, narrowed to the repositories and permissions that were asked for."""
    app = authenticate(call.authorization, call.accounts.apps, time.time())
    if str(app.installed.id) != call.path["installation_id"]:
        raise not_found()
    if app.installed.suspended:
        raise Refusal(HTTPStatus.FORBIDDEN, "This installation has been suspended")
    permissions = _granted(app, call)
    repositories = _narrowed(app, call)
    token, ends = f"ghs_{secrets.token_urlsafe(24)}", int(time.time()) + TOKEN_LASTS_S
    call.accounts.proofs.append(token_of(call.authorization))
    call.accounts.lend(token, replace(app.account, permissions=permissions, repositories=repositories), ends)
    body = {
        "token": token,
        "expires_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends)),
        "permissions": permissions,
        "repository_selection": "selected",
        "repositories": [call.show.repository(call.repositories[name]) for name in sorted(repositories)],
    }
    return created(body)


def _granted(app: App, call: Call) -> dict[str, str]:
    wanted = call.mapping("permissions") or app.installed.permissions
    for resource, access in wanted.items():
        if access not in _LEVELS or not _covers(app.installed.permissions.get(resource), access):
            raise unprocessable("The permissions requested are not granted to this installation.")
    return {"metadata": "read", **wanted}


def _covers(granted: str | None, access: str) -> bool:
    return granted in _LEVELS and _LEVELS.index(granted) >= _LEVELS.index(access)


def _narrowed(app: App, call: Call) -> frozenset[str]:
    installed = set(app.installed.repositories)
    owned = {found.name: found.full_name for found in call.repositories.values() if installed & set(found.names)}
    wanted = call.texts("repositories") or list(owned)
    if not set(wanted) <= owned.keys():
        raise unprocessable(
            "There is at least one repository that does not exist or is not accessible to the parent installation."
        )
    return frozenset(owned[name] for name in wanted)


OPERATIONS = (
    Operation(
        "apps/create-installation-access-token",
        "POST",
        "/app/installations/{installation_id}/access_tokens",
        create_installation_token,
        resource="app",
    ),
)
