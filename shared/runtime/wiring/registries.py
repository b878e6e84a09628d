"""The registries that may be asked, as whom, and the client that asks them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from shared.clients.registry import (
    Beyond,
    GoogleAccess,
    HostCredentials,
    Registries,
    StoredPassword,
    registry_session,
)
from shared.clients.secrets import Secrets
from shared.domain.strict_json import Fields
from shared.runtime.config import REGISTRY_PREFIX, SECRET_VERSION, TOKEN_ORIGIN, Environment

_NAME_CHARACTERS: Final = 1024
_USERNAME: Final = re.compile(r"[!-9;-~]+")  # printable, and no colon, which is where Basic ends the name


@dataclass(frozen=True, slots=True)
class RegistryLogin:
    """A user name, and the Secret Manager version that holds its password."""

    username: str
    password_secret: str


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """`known` are `host/path` prefixes; by registry host: `endpoints` are loopback stand-ins, `logins` credentials.

    `beyond` says where else registries may send us.
    """

    known: tuple[str, ...]
    endpoints: Mapping[str, str]
    logins: Mapping[str, RegistryLogin]
    beyond: Beyond

    @classmethod
    def read(cls, environment: Environment) -> RegistrySettings:
        """Read which registries may be asked, and as whom; credentials for any other would be a slip of the pen."""
        known = environment.texts("PRODGATE_REGISTRIES", REGISTRY_PREFIX)
        hosts = frozenset(prefix.partition("/")[0] for prefix in known)
        return cls(
            known,
            environment.registry_endpoints("PRODGATE_REGISTRY_ENDPOINTS"),
            environment.optional_table("PRODGATE_REGISTRY_CREDENTIALS", _login, names=hosts),
            Beyond(
                environment.optional_lists("PRODGATE_REGISTRY_TOKEN_ORIGINS", TOKEN_ORIGIN, names=hosts),
                environment.optional_lists("PRODGATE_REGISTRY_REDIRECTS", REGISTRY_PREFIX, names=hosts),
            ),
        )


async def open_registries(settings: RegistrySettings, secrets: Secrets, opened: AsyncExitStack) -> Registries:
    """Open the session that asks registries; Google's own are asked as this function's service account."""
    given = {
        host: StoredPassword(login.username, login.password_secret, secrets.read)
        for host, login in settings.logins.items()
    }
    credentials = HostCredentials(given, GoogleAccess(), stand_ins=settings.endpoints)
    named = settings.beyond.named(settings.known, settings.endpoints)
    session = await opened.enter_async_context(registry_session(named))
    return Registries(session, settings.endpoints, credentials, beyond=settings.beyond)


def _login(fields: Fields) -> RegistryLogin:
    return RegistryLogin(
        fields.text("username", most=_NAME_CHARACTERS, matching=_USERNAME),
        fields.text("password_secret", most=_NAME_CHARACTERS, matching=SECRET_VERSION),
    )
