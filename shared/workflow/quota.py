"""A quota that is spent while a release is signed."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from shared.domain.errors import Fault, Unavailable

_T = TypeVar("_T")


class Quota:
    """Remembers that a service said so, after all the patience of one call: what comes after it would hear the same."""

    def __init__(self) -> None:
        self._spent: Unavailable | None = None

    async def spend(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do what needs a quota, unless one is spent.

        Raises:
            Unavailable: it is, or the work is unavailable by itself.
        """
        if self._spent is not None:
            work.close()
            raise Unavailable(self._spent.fault, self._spent.detail)
        return await self.watch(work)

    async def watch(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do what must be done in any case, such as storing what is signed.

        Raises:
            Unavailable: the work is.
        """
        try:
            return await work
        except Unavailable as error:
            if error.fault is Fault.RATE_LIMITED:
                self._spent = error
            raise
