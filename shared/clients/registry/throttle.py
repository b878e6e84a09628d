"""One host's rate limit, as far as its answers tell of it.

A limit is the host's and not a request's: where each request backs off alone, the others use up what the limit leaves,
and none learns. So whatever is sent to a host waits here for its turn:
* After a 429, or a Retry-After, nobody is sent before the pause is over; without a Retry-After, pauses double.
* After it, requests start apart from each other: twice as far after each limit, closer again with each answer.
"""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass
from typing import Final

from shared.clients import calls
from shared.domain.errors import Unavailable

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_GUESS_S: Final = 8.0  # of a pause that the host did not ask for
_FIRST_APART_S: Final = 1 / 128  # half as fast as everything at once; Artifact Registry's ceiling is 83 a second
_MOST_APART_S: Final = 1.0
_CLOSER: Final = 0.98  # for each answer: half the distance after 34 of them
_TOGETHER_S: Final = 0.001  # closer than this is at once


@dataclass(frozen=True, slots=True)
class Limit:
    """An answer that wants the host left alone: how it is told, and for how many seconds; 0 where it does not say."""

    failure: Unavailable
    after_s: float


class Throttle:
    """Gives the requests to one host their turns."""

    def __init__(self) -> None:
        self._next_s = 0.0
        self._apart_s = 0.0
        self._resume_s = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._noticed_s = -math.inf
        self._limit: Limit | None = None

    async def turn(self, host: str, until_s: float) -> float:
        """Wait until a request may start; answer when it does (monotonic clock, seconds).

        Raises:
            Unavailable: that would be after `until_s`.
        """
        while True:
            start_s = max(time.monotonic(), self._next_s, self._resume_s)
            if start_s > until_s and self._limit is not None:
                raise self._left_alone(host, self._limit, start_s)
            self._next_s = start_s + self._apart_s
            if (wait_s := start_s - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            if self._resume_s <= time.monotonic():  # else somebody met the limit while this one slept
                return start_s

    def limited(self, limit: Limit, began_s: float) -> None:
        """Leave the host alone after an answer to what began then."""
        now_s = time.monotonic()
        self._limit = limit
        if began_s >= self._noticed_s:  # what was under way already met the same limit, not another one
            self._noticed_s = now_s
            self._apart_s = min(max(2 * self._apart_s, _FIRST_APART_S), _MOST_APART_S)
            if not limit.after_s:
                self._resume_s = max(self._resume_s, now_s + self._pause_s)
                self._pause_s = min(2 * self._pause_s, _LONGEST_GUESS_S)
        self._resume_s = max(self._resume_s, now_s + min(limit.after_s, calls.REGISTRY_LONGEST_PAUSE_S))

    def answered(self) -> None:
        """Take an answer as a sign that the host can take a little more."""
        self._pause_s = _FIRST_PAUSE_S
        self._apart_s *= _CLOSER
        if self._apart_s < _TOGETHER_S:
            self._apart_s = 0.0

    def _left_alone(self, host: str, limit: Limit, start_s: float) -> Unavailable:
        what = f"{host} is not asked for {start_s - time.monotonic():.0f} s more, since it limits how often it may be"
        return Unavailable(limit.failure.fault, what)
