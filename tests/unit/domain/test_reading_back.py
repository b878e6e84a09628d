"""Edits are read back: whatever else changes than the intended scalars is caught before it is written."""

from __future__ import annotations

import pytest

from shared.domain.image_fields import Block
from shared.domain.reading_back import Edit, NotAsIntendedError, edited

TEXT = "  a: x # x\n  b: x\n"
BLOCK = Block(2, len(TEXT), 2)
ENTRY = Block(2, 13, 2, ("a", "x"))
X_TO_Y = (("x",), ("y",))
NEW = ((), ("c", "1"))


def test_the_intended_scalars_change_and_nothing_else() -> None:
    """In whatever order the edits come."""
    edits = [(BLOCK, Edit(16, 17, "y", *X_TO_Y)), (BLOCK, Edit(5, 6, "y", *X_TO_Y)), (BLOCK, Edit(9, 10, "z"))]

    assert edited(TEXT, edits) == "  a: y # z\n  b: y\n"


def test_a_key_may_be_put_in_before_another() -> None:
    """Its two scalars are read where nothing was, and all that follows is read as before."""
    edits = [(BLOCK, Edit(13, 13, "c: 1\n  ", *NEW)), (BLOCK, Edit(16, 17, "y", *X_TO_Y))]

    assert edited(TEXT, edits) == "  a: x # x\n  c: 1\n  b: y\n"


WRONG = {
    "a key put in that is another": Edit(13, 13, "c: 2\n  ", *NEW),
    "a key put in that is followed by another": Edit(13, 14, "c: 1\n  d", *NEW),
    "a key meant and not put in": Edit(13, 13, "", *NEW),
    "a comment instead of a scalar": Edit(9, 10, "y", *X_TO_Y),
    "a scalar instead of a comment": Edit(5, 6, "y"),
    "a scalar that was another": Edit(5, 6, "y", ("z",), ("y",)),
    "a scalar that becomes another": Edit(5, 6, "z", *X_TO_Y),
    "a key": Edit(2, 3, "y", *X_TO_Y),
    "a line too many": Edit(5, 6, "y\n  c: 1", *X_TO_Y),
    "a line too few": Edit(5, 14, "y # ", *X_TO_Y),
    "no YAML": Edit(5, 6, "'y", *X_TO_Y),
    "a place before the block": Edit(0, 1, " "),
    "a place behind the block": Edit(20, 21, " "),
}


@pytest.mark.parametrize("case", WRONG)
def test_any_other_change_is_caught(case: str) -> None:
    """A defect of ours must not become a commit."""
    with pytest.raises(NotAsIntendedError):
        edited(TEXT, [(BLOCK, WRONG[case])])


def test_an_entry_is_read_by_itself() -> None:
    """Its comment may change with its value, or alone; a comment of the next entry would be another block's."""
    edits = [(ENTRY, Edit(9, 10, "z")), (ENTRY, Edit(5, 6, "y", *X_TO_Y))]

    assert edited(TEXT, edits) == "  a: y # z\n  b: x\n"
    assert edited(TEXT, edits[:1]) == "  a: x # z\n  b: x\n"


WRONG_IN_AN_ENTRY = {
    **WRONG,
    "another key after it": Edit(5, 6, "y\n  c: 1", *X_TO_Y),
    "another document after it": Edit(5, 6, "y\n---\n# x", *X_TO_Y),
    "a value that is a list": Edit(5, 6, "[y]", *X_TO_Y),
    "two scalars for one": Edit(5, 6, "y", ("x",), ("y", "y")),
    "a key put in": Edit(2, 2, "c: 1\n  ", *NEW),
}


@pytest.mark.parametrize("case", WRONG_IN_AN_ENTRY)
def test_any_other_change_of_an_entry_is_caught(case: str) -> None:
    """Though it is read after the edit alone."""
    with pytest.raises(NotAsIntendedError):
        edited(TEXT, [(ENTRY, WRONG_IN_AN_ENTRY[case])])


@pytest.mark.parametrize("entry", [None, ("a", "x")])
@pytest.mark.parametrize("wrong", [0, 499, 500, 1100])
def test_of_many_blocks_every_one_is_read_again(wrong: int, entry: tuple[str, str] | None) -> None:
    """They are read some at a time, and none between the times is left out."""
    text = "- a: x\n" * 1101
    blocks = [Block(7 * nth + 2, 7 * nth + 7, 2, entry) for nth in range(1101)]
    edits = [(block, Edit(block.start + 3, block.start + 4, "y", *X_TO_Y)) for block in blocks]
    assert edited(text, edits) == text.replace("x", "y")

    edits[wrong] = (blocks[wrong], Edit(blocks[wrong].start + 3, blocks[wrong].start + 4, "z", *X_TO_Y))

    with pytest.raises(NotAsIntendedError):
        edited(text, edits)
