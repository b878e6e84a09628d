"""Looking up the hosts of registries, none of which may turn out to be at a private address unless somebody named it.

A name of the public Internet can lead to 169.254.169.254 or into the company's network: its owner decides that, and can
decide otherwise each time he is asked (DNS rebinding). What is looked up here is what is connected to.
"""

from __future__ import annotations

import socket
from collections.abc import Collection

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from shared.domain.addresses import is_public
from shared.domain.errors import Fault, Unavailable


class PublicResolver(AbstractResolver):
    """Looks up as the system does; only `named` hosts may be at addresses that are not public."""

    def __init__(self, named: Collection[str]) -> None:
        self._named = frozenset(named)
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look a host up.

        Raises:
            OSError: it has no address.
            Unavailable: one of its addresses is not public, and nobody named it.
        """
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            if host not in self._named and not is_public(result["host"]):
                what = f"{host} is at {result['host']}, which is not public; such a host is asked only if it is named"
                raise Unavailable(Fault.REFUSED, what)
        return found

    async def close(self) -> None:
        """Nothing is kept open."""
        await self._resolver.close()
