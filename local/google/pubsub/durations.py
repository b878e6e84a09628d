"""Durations in settings: proto-plus takes and gives `timedelta`, while its annotations speak of protobuf's Duration."""

from __future__ import annotations

from datetime import timedelta
from typing import Any


def duration(settings: Any, field: str) -> timedelta | None:
    """Read a duration, None where it is not set."""
    value = getattr(settings, field) if field in settings else None
    return value if isinstance(value, timedelta) else None


def duration_or(settings: Any, field: str, default: timedelta) -> timedelta:
    """Read a duration, and set it to the default where it is not set."""
    if field not in settings:
        setattr(settings, field, default)
    return duration(settings, field) or timedelta()
