"""Secrets kept for a short time, for the one function that strangers can call as often as they like."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.domain import limits
from shared.domain.errors import Unavailable
from shared.domain.secret import SecretText


@dataclass(frozen=True, slots=True)
class _Kept:
    found: SecretText | Unavailable
    until: float


class KeptSecrets:
    """Reads a secret version at most once a minute, and one that cannot be read at most every five seconds.

    Without it every unauthenticated call would be one to Secret Manager, whose quota the other functions share.
    """

    def __init__(
        self, read: Callable[[str], Awaitable[SecretText]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._reading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def read(self, name: str) -> SecretText:
        """Read a version, `projects/P/secrets/S/versions/V`.

        Raises:
            Unavailable: it cannot be read, or could not a moment ago.
        """
        async with self._reading[name]:
            found = await self._fresh(name)
        if isinstance(found, Unavailable):
            raise Unavailable(found.fault, found.detail)
        return found

    async def _fresh(self, name: str) -> SecretText | Unavailable:
        kept = self._kept.get(name)
        if kept is None or self._clock() >= kept.until:
            kept = self._kept[name] = await self._look(name)
        return kept.found

    async def _look(self, name: str) -> _Kept:
        try:
            found = await self._read(name)
        except Unavailable as error:
            return _Kept(error, self._clock() + limits.SECRET_FAILURE_KEPT_S)
        return _Kept(found, self._clock() + limits.SECRET_KEPT_S)
