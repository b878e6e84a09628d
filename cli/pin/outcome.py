"""What a run of `./prodgate pin` found and did, for a person and as JSON."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any

from cli.pin.checkout import LocalManifest
from shared.domain.errors import Reason
from shared.domain.image_fields import ImageField
from shared.domain.manifests import Mention
from shared.domain.pinning import Move, PinnedFile


@dataclass(slots=True)
class Outcome:
    """`unpinned` are images named by tag that stay so; `failures` say why a tag could not be resolved.

    `mentions` are values that look like images where nothing is known to run them: reported, never edited.
    """

    moved: list[tuple[LocalManifest, PinnedFile]] = field(default_factory=list)
    unpinned: list[ImageField] = field(default_factory=list)
    problems: list[tuple[Reason, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    frozen: list[Move] = field(default_factory=list)

    @property
    def is_unreadable(self) -> bool:
        """Whether a file could not be read as YAML: what it runs was not checked, and that is never ok."""
        return any(reason is Reason.MALFORMED_MANIFEST for reason, _ in self.problems)

    def lines(self) -> list[str]:
        """Every finding with file and line, as editors and people read it."""
        moves = [
            f"{move.field.path}:{move.field.line}: {move.field.reference.written} -> {move.written} # tag: {move.tag}"
            for _, pinned in self.moved
            for move in pinned.moves
        ]
        unpinned = [f"{f.path}:{f.line}: {f.reference.written} is not pinned" for f in self.unpinned]
        frozen = [f"{m.field.path}:{m.field.line}: frozen, or it would name {m.written}" for m in self.frozen]
        return [*moves, *frozen, *unpinned]

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
            "unpinned": [{"file": f.path, "line": f.line, "image": f.reference.written} for f in self.unpinned],
            "problems": [{"reason": reason, "detail": detail} for reason, detail in self.problems],
            "failures": self.failures,
            "frozen": [{"file": m.field.path, "line": m.field.line, "digest": m.digest} for m in self.frozen],
            "mentions": [{"place": mention.place, "value": mention.value} for mention in self.mentions],
        }


def diff(local: LocalManifest, pinned: PinnedFile) -> str:
    """Show what would change in a file, as `git diff` shows it."""
    before = (local.manifest.bom + local.manifest.text).splitlines(keepends=True)
    after = pinned.text.splitlines(keepends=True)
    return "".join(difflib.unified_diff(before, after, f"a/{local.file}", f"b/{local.file}"))
