"""What is well formed, and asks for nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to do; `why` is half a sentence for the log."""

    why: str
