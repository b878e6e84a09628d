"""The line in a body about the event for which it was written last: who sent it, and by which ids the log knows it.

It is not compared, so a replay that says nothing else is no edit; and nobody is let write anything else in its place.
An attribute can be set by whoever may publish, so the line is a help for people and decides nothing.
"""

from __future__ import annotations

import re
from typing import Final

from shared.domain.events import ReleaseCheck, ReportedCompletion, event_type

_KINDS: Final = (
    "an event of attest_images",
    "an event that somebody published by hand",
    "a look at what was left waiting",
    "a rollback that a person asked for",
)
_OURS, _BY_HAND, _CHECK, _ROLLBACK = _KINDS
_MESSAGE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
LINE: Final = re.compile(
    rf"^- written last for (?:{'|'.join(_KINDS)}): event `[0-9a-f]{{64}}`(?:, message `{_MESSAGE.pattern}`)?\n",
    re.ASCII | re.MULTILINE,
)


def waking_line(event: ReportedCompletion | ReleaseCheck, kind: str, *, event_id: str, message_id: str) -> str:
    """Write the line; `kind` is the attribute `event_type` as it came, `event_id` is computed and of 64 digits."""
    message = f", message `{message_id}`" if _MESSAGE.fullmatch(message_id) else ""
    return f"- written last for {_who(event, kind)}: event `{event_id}`{message}"


def _who(event: ReportedCompletion | ReleaseCheck, kind: str) -> str:
    if isinstance(event, ReleaseCheck):
        return _CHECK
    if event.rollback is not None:
        return _ROLLBACK
    return _OURS if kind == event_type(ReportedCompletion.topic) else _BY_HAND
