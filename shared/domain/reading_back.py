"""Editing a text and reading the edits back: exactly the intended scalars may differ.

Rules:
* Only the mapping around an edit is read again, before and after. What stands outside of it stays byte for byte, and
  how a mapping reads depends on nothing outside of it but the column in which it begins (YAML 1.2, 6.1 and 8.2.2).
* The two readings must agree in every event but the edited scalars, which must read as meant, each in its turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from operator import attrgetter
from typing import Final

import yaml

from shared.domain.image_fields import Block

_Seen = str | type[yaml.Event | None]
_NEVER: Final = "the edited text does not read back as it should"


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement, from where to where; `scalar` is what is read there before and after, None for a comment."""

    start: int
    end: int
    new: str
    scalar: tuple[str, str] | None


class NotAsIntendedError(Exception):
    """The edited text does not read as it should; a defect of whoever made the edits."""


def edited(text: str, edits: Iterable[tuple[Block, Edit]]) -> str:
    """Make the edits, each within its block.

    Raises:
        NotAsIntendedError: the result reads otherwise than the edits intend.
    """
    pieces, position, blocks = [], 0, _Blocks()
    for block, within in _outermost(edits):
        within.sort(key=attrgetter("start", "end"))
        after = _spliced(text, block, within)
        blocks.add(text[block.start : block.end], after, within, block.column)
        pieces += [text[position : block.start], after]
        position = block.end
    if not blocks.read_as_intended():
        raise NotAsIntendedError(_NEVER)
    return "".join([*pieces, text[position:]])


class _Blocks:
    """The edited blocks of a text, before and after, each a document of its own."""

    def __init__(self) -> None:
        self._before: list[str] = []
        self._after: list[str] = []
        self._changes: list[tuple[str, str]] = []

    def add(self, before: str, after: str, edits: Iterable[Edit], column: int) -> None:
        """Put a block below the others, with its edits in the order of the text."""
        head = f"---\n{' ' * column}"
        self._before += [head, before, "\n"]
        self._after += [head, after, "\n"]
        self._changes += [edit.scalar for edit in edits if edit.scalar is not None]

    def read_as_intended(self) -> bool:
        """Whether exactly the edited scalars differ, in the order of the text."""
        waiting = iter(self._changes)
        try:
            for old, new in zip_longest(_events("".join(self._before)), _events("".join(self._after))):
                before, after = _seen(old), _seen(new)
                if before != after and (before, after) != next(waiting, None):
                    return False
        except yaml.YAMLError:
            return False
        return next(waiting, None) is None


def _outermost(edits: Iterable[tuple[Block, Edit]]) -> list[tuple[Block, list[Edit]]]:
    """Gather the edits by block, those of a block within another with that one."""
    found: list[tuple[Block, list[Edit]]] = []
    for block, edit in sorted(edits, key=lambda pair: (pair[0].start, -pair[0].end)):
        if not found or block.start >= found[-1][0].end:
            found.append((block, []))
        found[-1][1].append(edit)
    return found


def _spliced(text: str, block: Block, edits: Iterable[Edit]) -> str:
    """Replace within a block.

    Raises:
        NotAsIntendedError: an edit is outside of the block, or in another.
    """
    pieces, position = [], block.start
    for edit in edits:
        if not position <= edit.start <= edit.end <= block.end:
            raise NotAsIntendedError(_NEVER)
        pieces += [text[position : edit.start], edit.new]
        position = edit.end
    return "".join([*pieces, text[position : block.end]])


def _events(text: str) -> Iterator[yaml.Event]:
    loader = yaml.CSafeLoader(text)
    try:
        yield from iter(loader.get_event, None)
    finally:
        loader.dispose()


def _seen(event: yaml.Event | None) -> _Seen:
    return event.value if type(event) is yaml.ScalarEvent else type(event)
