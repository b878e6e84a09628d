"""Misbehaviour on demand: which call fails, loses its reply or is slow, and how often each was made.

Every server of the stand-in cloud asks `Faults.meet` once per call, before it does anything. What it then does is
its own dialect: a gRPC status, an HTTP status, a closed connection. Methods are named `<service>.<call>`, for example
`kms.AsymmetricSign`, `github.pulls/create` (GitHub's own operation ids) and `registry.head-manifest`.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

_PATIENCE_S: Final = 10.0
_LOOK_S: Final = 0.002


class Mischief(Enum):
    """What happens to one call."""

    REFUSE = "refuse"  # nothing is done, an error is answered
    LOSE_REPLY = "lose_reply"  # the work is done, the answer is an error
    HIDE = "hide"  # a list leaves out what it does not know of yet, as one that lags does


@dataclass(frozen=True, slots=True)
class Fault:
    """One planned misbehaviour: `code` is a gRPC status name, which HTTP servers map to their own.

    A list that lags leaves out every item in which `hidden` stands.
    """

    mischief: Mischief
    code: str = "UNAVAILABLE"
    hidden: str = ""


class Held:
    """A call that is held before it does anything: entering waits until it has arrived, leaving lets it go."""

    def __init__(self, after: int) -> None:
        self.after = after
        self._arrived = threading.Event()
        self._let_go = threading.Event()

    def __enter__(self) -> None:
        if not self._arrived.wait(_PATIENCE_S):
            raise TimeoutError(f"the call that was to be held did not come within {_PATIENCE_S:g} s")

    def __exit__(self, *_: object) -> None:
        self._let_go.set()

    async def wait(self) -> None:
        """Hold the call."""
        self._arrived.set()
        while not self._let_go.is_set():  # noqa: ASYNC110 - it is let go by another thread
            await asyncio.sleep(_LOOK_S)


class Faults:
    """The plan of misbehaviour and the count of calls; safe to use from any thread.

    Planned faults (`fail`, `lose_reply`) are consumed in order. Random ones (`sometimes`) are decided by
    SHA-256(seed, method, nth call of that method), so that a run can be repeated however the calls interleave.
    """

    def __init__(self, *, seed: str = "", latency_s: float = 0.0) -> None:
        self.latency_s = latency_s
        self._seed = seed
        self._rate = 0.0
        self._planned: defaultdict[str, deque[Fault | None]] = defaultdict(deque)
        self._held: dict[str, Held] = {}
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def fail(self, method: str, *, times: int = 1, code: str = "UNAVAILABLE", after: int = 0) -> None:
        """Let `after` calls of a method pass, then refuse `times` calls with a gRPC status name."""
        self._plan(method, after, [Fault(Mischief.REFUSE, code)] * times)

    def lose_reply(self, method: str, *, times: int = 1, after: int = 0) -> None:
        """Let `after` calls of a method pass, then do the work of `times` calls and answer UNAVAILABLE."""
        self._plan(method, after, [Fault(Mischief.LOSE_REPLY)] * times)

    def hide(self, method: str, text: str, *, times: int = 1, after: int = 0) -> None:
        """Let `after` calls of a list pass, then leave out of `times` answers every item in which a text stands."""
        self._plan(method, after, [Fault(Mischief.HIDE, hidden=text)] * times)

    def hold(self, method: str, *, after: int = 0) -> Held:
        """Let `after` calls of a method pass, then hold one until the block that is entered with the answer ended."""
        return self._held.setdefault(method, Held(after))

    def sometimes(self, rate: float) -> None:
        """Refuse each call with this probability (0 to 1), repeatably by seed."""
        self._rate = rate

    def clear(self) -> None:
        """Forget every planned and random fault; the counts stay."""
        with self._lock:
            self._planned.clear()
            self._rate = 0.0

    async def meet(self, method: str) -> Fault | None:
        """Count one call of a method, wait its latency, and say what is to go wrong with it."""
        fault = self._next(method)
        held = self._held.get(method)
        if held is not None:
            held.after -= 1
            if held.after < 0:
                await self._held.pop(method).wait()
        if self.latency_s:
            await asyncio.sleep(self.latency_s)
        return fault

    def calls(self, prefix: str = "") -> dict[str, int]:
        """How often each method was called, those that begin with `prefix`."""
        with self._lock:
            return {method: count for method, count in sorted(self._calls.items()) if method.startswith(prefix)}

    def _plan(self, method: str, after: int, faults: list[Fault]) -> None:
        with self._lock:
            self._planned[method].extend([*[None] * after, *faults])

    def _next(self, method: str) -> Fault | None:
        with self._lock:
            self._calls[method] += 1
            if self._planned[method]:
                return self._planned[method].popleft()
            return Fault(Mischief.REFUSE) if self._unlucky(method, self._calls[method]) else None

    def _unlucky(self, method: str, nth: int) -> bool:
        if not self._rate:
            return False
        drawn = hashlib.sha256(f"{self._seed}\0{method}\0{nth}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") < self._rate * 2**64
