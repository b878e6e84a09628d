"""Where prodgate's part of a body begins and ends: what people write around it is theirs, and is kept.

The end marker carries the fingerprint of what the part says, what was cut off too. It is a help for people who compare:
whoever may edit the body could leave it and rewrite what it stands for, so the text itself is compared.
"""

from __future__ import annotations

import re
from typing import Final

from shared.domain.waking import LINE

_BEGIN: Final = "<!-- prodgate:begin -->"
_END: Final = re.compile(r"<!-- prodgate:v1 commit=([0-9a-f]{40}) fingerprint=([0-9a-f]{64}) -->", re.ASCII)
_ASKED: Final = "<!-- prodgate:asked -->"
_MOST: Final = 65_536  # characters of a body that GitHub takes
_CUT: Final = "\n\n…the rest is cut: GitHub bounds a body's length.\n\n"


def bounded(text: str, commit: str, fingerprint: str) -> str:
    """Put markers around what prodgate says."""
    return f"{_BEGIN}\n{text}\n\n<!-- prodgate:v1 commit={commit} fingerprint={fingerprint} -->"


def has_part(body: str, part: str) -> bool:
    """Whether prodgate's part stands in a body exactly as it is to be, but for the line about the event.

    GitHub's editor writes other line ends.
    """
    return _part_of(_steady(body)) == _steady(part)


def was_asked(body: str) -> bool:
    """Whether a body remembers that people were asked for their review, or assigned."""
    return _ASKED in body


def remembering(body: str) -> str:
    """Have a body remember that people were asked: whoever took themselves off is not asked again."""
    return body if was_asked(body) else f"{body}\n{_ASKED}"


def marked_commit(body: str) -> str | None:
    """Read which tested commit a body is about."""
    return found.group(1) if (found := _last_end(body)) else None


def rewritten(body: str, part: str) -> str:
    """Replace prodgate's part of a body; where its markers are gone, it comes after what people wrote.

    The last end counts: a name in a list may look like one, and the real one comes after every list.
    """
    end = _last_end(body)
    begin = body.find(_BEGIN)
    if end is None or not 0 <= begin < end.start():
        before, after = f"{body.strip()}\n\n" if body.strip() else "", ""
    else:
        before, after = body[:begin], body[end.end() :]
    room = _MOST - len(part) - len(_CUT)
    if len(before) + len(after) > room:
        before, after = before[: max(0, room)] + _CUT, ""
    return before + part + after


def _part_of(body: str) -> str | None:
    """Cut out what stands between the markers, and them."""
    end, begin = _last_end(body), body.find(_BEGIN)
    return None if end is None or not 0 <= begin < end.start() else body[begin : end.end()]


def _steady(text: str) -> str:
    return LINE.sub("", text.replace("\r\n", "\n"))


def _last_end(body: str) -> re.Match[str] | None:
    return max(_END.finditer(body), key=re.Match.start, default=None)
