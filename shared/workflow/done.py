"""The outcome of an event whose work is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in one sentence, and whether anything is different now; a replay changes nothing."""

    summary: str
    changed: bool
