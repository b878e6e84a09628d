"""The corpus of what other systems send: tests/events/."""

from __future__ import annotations

from pathlib import Path
from typing import Final

EVENTS: Final = Path(__file__).parents[2] / "events"


def event(name: str) -> bytes:
    """The bytes of one file, named without its suffix."""
    return (EVENTS / f"{name}.json").read_bytes()


def events(*senders: str) -> set[str]:
    """The names of all files of some senders, or of all."""
    return {path.stem for path in EVENTS.glob("*.json") if path.stem.startswith(senders or "")}
