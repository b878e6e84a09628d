"""Time as the stand-in lives it: a day of backoff need not take a day."""

import asyncio
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Service time in seconds, which runs `time_scale` times as fast as the wall's."""

    time_scale: float = 1.0

    def __post_init__(self) -> None:
        if self.time_scale <= 0:
            raise ValueError(f"time_scale is {self.time_scale}, it must be greater than zero")

    def now(self) -> float:
        """Give the service time, in seconds since an arbitrary moment."""
        return time.monotonic() * self.time_scale

    def real(self, seconds: float) -> float:
        """Say how many seconds on the wall a stretch of service time takes."""
        return seconds / self.time_scale

    async def until(self, moment: float) -> None:
        """Sleep until a moment of service time."""
        await asyncio.sleep(max(0.0, self.real(moment - self.now())))
