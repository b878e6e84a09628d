"""Connections to Google's services: TLS and application default credentials, or a stand-in on this machine."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from grpc import aio

CLOUD_PLATFORM: Final = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True, slots=True)
class GoogleEndpoints:
    """Where stand-ins for Google's services listen (`127.0.0.1:PORT`); None is Google itself."""

    services: str | None
    pubsub: str | None


class Channels:
    """Makes the transports of one function's clients, and closes them with it."""

    def __init__(self, endpoints: GoogleEndpoints, opened: AsyncExitStack) -> None:
        self._endpoints = endpoints
        self._opened = opened

    def transport(self, kind: type[Any], host: str) -> Any:
        """Connect one client's transport to a host, or to the stand-in that is configured instead."""
        pubsub = host.startswith("pubsub.") and self._endpoints.pubsub is not None
        endpoint = self._endpoints.pubsub if pubsub else self._endpoints.services
        if endpoint is None:
            transport = kind(host=host, scopes=(CLOUD_PLATFORM,))
        else:
            transport = kind(channel=aio.insecure_channel(endpoint))
        self._opened.push_async_callback(transport.close)
        return transport
