"""Editing a text and reading the edits back: exactly the intended scalars may differ.

Rules:
* Only the mapping around an edit, or its one entry, is read again. What stands outside of it stays byte for byte, and
  how a mapping reads depends on nothing outside of it but the column in which it begins (YAML 1.2, 6.1 and 8.2.2).
* A mapping is read before and after: the two readings must agree in every event but the edited scalars, which must
  read as meant, each in its turn. Of an entry it is known what it was when the file was read: a key and its value. So
  it is read after alone, and must be that key, and the value that is meant, and nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, Final

import yaml

from shared.domain.image_fields import Block

_Events = Callable[[], Any]  # libyaml's next event, and None after the last
_AT_ONCE: Final = 500  # blocks read again together: beginning to read costs time, waiting to be read memory
_ENTRY: Final = (
    yaml.DocumentStartEvent,
    yaml.MappingStartEvent,
    yaml.ScalarEvent,
    yaml.ScalarEvent,
    yaml.MappingEndEvent,
    yaml.DocumentEndEvent,
)
_NEVER: Final = "the edited text does not read back as it should"


@dataclass(frozen=True, slots=True)
class Edit:
    """One replacement, from where to where; `old` and `read` are the scalars read there before and after.

    A comment is no scalar. What is put in where nothing was read stands before something that stays.
    """

    start: int
    end: int
    new: str
    old: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


class NotAsIntendedError(Exception):
    """The edited text does not read as it should; a defect of whoever made the edits."""


def edited(text: str, edits: Iterable[tuple[Block, Edit]]) -> str:
    """Make the edits, each within its block.

    Raises:
        NotAsIntendedError: the result reads otherwise than the edits intend.
    """
    pieces, position, entries, mappings = [], 0, _Entries(), _Mappings()
    for block, within in _outermost(edits):
        within.sort(key=attrgetter("start", "end"))
        after = _spliced(text, block, within)
        if block.entry is not None:
            entries.add(block.entry, after, within, block.column)
        else:
            mappings.add(text[block.start : block.end], after, within, block.column)
        pieces += [text[position : block.start], after]
        position = block.end
    entries.require_as_intended()
    mappings.require_as_intended()
    return "".join([*pieces, text[position:]])


class _Entries:
    """Edited entries of block mappings, each a document of its own; read again some at a time."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._meant: list[tuple[str, str]] = []

    def add(self, entry: tuple[str, str], after: str, edits: Iterable[Edit], column: int) -> None:
        """Put an entry below the others, which was this key and value, with its edits in the order of the text.

        Raises:
            NotAsIntendedError: the edits are for another, or an entry before it reads otherwise.
        """
        self._texts.append(_alone(after, column))
        self._meant.append(_meant(entry, edits))
        if len(self._texts) == _AT_ONCE:
            self.require_as_intended()

    def require_as_intended(self) -> None:
        """Make sure that each is its key and the value that is meant; then forget them.

        Raises:
            NotAsIntendedError: one is something else.
        """
        loader = yaml.CSafeLoader("".join(self._texts))
        try:
            is_meant = _are_entries(iter(loader.get_event, None), self._meant)
        except yaml.YAMLError:
            is_meant = False
        finally:
            loader.dispose()
        if not is_meant:
            raise NotAsIntendedError(_NEVER)
        self._texts, self._meant = [], []


def _meant(entry: tuple[str, str], edits: Iterable[Edit]) -> tuple[str, str]:
    """Say what an entry reads as after edits of its value.

    Raises:
        NotAsIntendedError: they are for another value, or add something.
    """
    key, value = entry
    for edit in edits:
        if edit.read:
            if edit.old != (value,) or len(edit.read) != 1:
                raise NotAsIntendedError(_NEVER)
            value = edit.read[0]
    return key, value


def _are_entries(events: Iterator[yaml.Event], meant: Iterable[tuple[str, str]]) -> bool:
    """Whether a stream holds a document for each entry, which is that and nothing more."""
    next(events)
    for entry in meant:
        found: list[Any] = list(islice(events, len(_ENTRY)))
        if tuple(map(type, found)) != _ENTRY or (found[2].value, found[3].value) != entry:
            return False
    return isinstance(next(events), yaml.StreamEndEvent)


class _Mappings:
    """Edited mappings of a text, before and after, each a document of its own; read again some at a time."""

    def __init__(self) -> None:
        self._before: list[str] = []
        self._after: list[str] = []
        self._edits: list[Edit] = []

    def add(self, before: str, after: str, edits: Iterable[Edit], column: int) -> None:
        """Put a mapping below the others, with its edits in the order of the text.

        Raises:
            NotAsIntendedError: this mapping or one before it reads otherwise.
        """
        self._before.append(_alone(before, column))
        self._after.append(_alone(after, column))
        self._edits += [edit for edit in edits if edit.read]
        if len(self._before) == _AT_ONCE:
            self.require_as_intended()

    def require_as_intended(self) -> None:
        """Make sure that exactly the edited scalars differ, in the order of the text; then forget these mappings.

        Raises:
            NotAsIntendedError: something else does.
        """
        before, after = yaml.CSafeLoader("".join(self._before)), yaml.CSafeLoader("".join(self._after))
        try:
            agree = _agree(before.get_event, after.get_event, iter(self._edits))
        except yaml.YAMLError:
            agree = False
        finally:
            before.dispose()
            after.dispose()
        if not agree:
            raise NotAsIntendedError(_NEVER)
        self._before, self._after, self._edits = [], [], []


def _agree(before: _Events, after: _Events, edits: Iterator[Edit]) -> bool:
    """Whether two readings differ by these edits alone, each in its turn."""
    while True:
        old, new = before(), after()
        if type(old) is type(new) and (type(old) is not yaml.ScalarEvent or old.value == new.value):
            if old is None:
                return next(edits, None) is None
            continue
        edit = next(edits, None)
        if edit is None:
            return False
        found = [new, *(after() for _ in edit.read[1:])]
        if tuple(map(_value, found)) != edit.read:
            return False
        # What was put in stands before what the other reading has there.
        if (_value(old),) != edit.old if edit.old else _value(old) != _value(after()):
            return False


def _alone(text: str, column: int) -> str:
    """Make a document of a block, in which it begins in its column."""
    return f"---\n{' ' * column}{text}\n"


def _value(event: yaml.Event | None) -> str | None:
    return event.value if isinstance(event, yaml.ScalarEvent) else None


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
