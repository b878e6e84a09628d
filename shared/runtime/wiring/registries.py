"""The registries that may be asked, and the client that asks them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from shared.clients.registry import Registries
from shared.runtime.config import REGISTRY_PREFIX, Environment


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """`known` are `host/path` prefixes; `endpoints` are loopback stand-ins by registry host."""

    known: tuple[str, ...]
    endpoints: Mapping[str, str]

    @classmethod
    def read(cls, environment: Environment) -> RegistrySettings:
        """Read which registries may be asked."""
        return cls(
            environment.texts("PRODGATE_REGISTRIES", REGISTRY_PREFIX),
            environment.registry_endpoints("PRODGATE_REGISTRY_ENDPOINTS"),
        )


async def open_registries(settings: RegistrySettings, opened: AsyncExitStack) -> Registries:
    """Open the session that asks registries."""
    return Registries(await opened.enter_async_context(aiohttp.ClientSession()), settings.endpoints)
