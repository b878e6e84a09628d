"""What a run of `./prodgate pin` found and did, for a person and as JSON."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Any, Final

from shared.domain.errors import Reason
from shared.domain.image_fields import ImageField
from shared.domain.manifests import Manifest, Mention
from shared.domain.pinning import Move, PinnedFile

PINNED: Final = 0
UNPINNED: Final = 1
UNKNOWN: Final = 2
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")  # as patch and git count them
_NO_LINE_END: Final = "\n\\ No newline at end of file\n"


@dataclass(frozen=True, slots=True)
class Unpinned:
    """An image that stays named by its tag, or by a digest that its tag left, and why."""

    field: ImageField
    why: str

    def __str__(self) -> str:
        return f"{self.field.path}:{self.field.line}: {self.field.reference.written} {self.why}"


@dataclass(slots=True)
class Outcome:
    """`unpinned` are images that are not as they should be; `failures` say what could not be resolved or written.

    `mentions` are values that look like images where nothing is known to run them: reported, never edited. `exempt`
    are the paths that nobody looked at.
    """

    moved: list[tuple[Manifest, PinnedFile]] = field(default_factory=list)
    unpinned: list[Unpinned] = field(default_factory=list)
    problems: list[tuple[Reason, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    frozen: list[Move] = field(default_factory=list)
    exempt: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """The exit status: what was not understood may run an image that is not pinned, and that is never ok."""
        if self.failures:
            return UNKNOWN
        if self.unpinned:
            return UNPINNED
        return UNKNOWN if self.problems else PINNED

    def lines(self) -> list[str]:
        """Every finding with file and line, as editors and people read it."""
        moves = [
            f"{move.field.path}:{move.field.line}: {move.field.reference.written} -> {move.written} # tag: {move.tag}"
            for _, pinned in self.moved
            for move in pinned.moves
        ]
        frozen = [f"{m.field.path}:{m.field.line}: frozen, or it would name {m.written}" for m in self.frozen]
        return [*moves, *frozen, *map(str, self.unpinned)]

    def remarks(self) -> list[str]:
        """What a person has to know besides."""
        return [
            *(f"warning: {detail}" for _, detail in self.problems),
            *(f"note: {m.place}: {m.value} is not judged, nothing is known to run it" for m in self.mentions),
            *(f"note: {path} is exempt, and was not looked at" for path in self.exempt),
            *(f"error: {failure}" for failure in self.failures),
        ]

    def diff(self) -> str:
        """Show what would change, as `git diff` shows it."""
        return "".join(_diff(manifest, pinned) for manifest, pinned in self.moved)

    def document(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "pinned": [
                {
                    "file": move.field.path,
                    "line": move.field.line,
                    "image": str(move.field.reference.name),
                    "tag": move.tag,
                    "before": move.field.reference.digest,
                    "digest": move.digest,
                }
                for _, pinned in self.moved
                for move in pinned.moves
            ],
            "unpinned": [
                {"file": u.field.path, "line": u.field.line, "image": u.field.reference.written, "why": u.why}
                for u in self.unpinned
            ],
            "problems": [{"reason": reason, "detail": detail} for reason, detail in self.problems],
            "failures": self.failures,
            "frozen": [{"file": m.field.path, "line": m.field.line, "digest": m.digest} for m in self.frozen],
            "mentions": [{"place": mention.place, "value": mention.value} for mention in self.mentions],
            "exempt": list(self.exempt),
        }


def _diff(manifest: Manifest, pinned: PinnedFile) -> str:
    before, after = _LINE.findall(manifest.bom + manifest.text), _LINE.findall(pinned.text)
    rows = difflib.unified_diff(before, after, f"a/{manifest.path}", f"b/{manifest.path}")
    return "".join(row if row.endswith("\n") else row + _NO_LINE_END for row in rows)
