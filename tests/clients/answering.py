"""A Google service that answers whatever it was given: what a client makes of answers that no stand-in would give."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from local.google.refusal import Refusal


class Answering:
    """A service that answers one RPC with what it was given, one after the other, the last one for ever."""

    def __init__(self, rpc: str, *answers: Any) -> None:
        self.asked = 0
        self._rpc = rpc
        self._answers = answers

    def handlers(self) -> Mapping[str, Callable[[Any], Awaitable[Any]]]:
        """The one RPC."""
        return {self._rpc: self._respond}

    async def _respond(self, request: Any) -> Any:
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        if isinstance(answer, Refusal):
            raise answer
        return answer
