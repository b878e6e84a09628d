"""Runbooks as people use them: sections found by anchor, and the shell lines in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FENCE: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of Markdown."""

    path: Path

    @property
    def text(self) -> str:
        """The page."""
        return self.path.read_text()

    def anchors(self) -> set[str]:
        """The anchors of its headings, as GitHub makes them."""
        return {anchor(heading) for heading in _HEADING.findall(_FENCE.sub("", self.text))}

    def lines(self, section: str | None = None) -> list[str]:
        """The shell blocks of the page, or of one section of it."""
        return _FENCE.findall(self.text if section is None else self._section(section))

    def _section(self, wanted: str) -> str:
        [found] = [
            part
            for part in re.split(r"^(?=#+ )", self.text, flags=re.MULTILINE)
            if part[:1] == "#" and anchor(part.splitlines()[0].lstrip("# ")) == wanted
        ]
        return found


def anchor(heading: str) -> str:
    """Name a heading's anchor: lower case, blanks to hyphens, without punctuation and marks."""
    return re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-")
