"""Drift, file by file: what a snapshot would undo, and what explains a difference."""

from __future__ import annotations

import pytest

from shared.domain.drift import (
    brought_back,
    changed_by_hand,
    drift_sentence,
    explained,
    files_of,
    taken_back_sentence,
)
from shared.domain.release import TreeEntry

OLD, NEW, OTHER = ("a" * 40, "100644"), ("b" * 40, "100644"), ("c" * 40, "100644")

CASES = {
    "as the last release left it": ({"f": OLD}, {"f": OLD}, {"f": NEW}, False),
    "as the tested tree has it": ({"f": NEW}, {"f": OLD}, {"f": NEW}, False),
    "changed on prod": ({"f": OTHER}, {"f": OLD}, {"f": NEW}, True),
    "added on prod": ({"f": OTHER}, {}, {}, True),
    "deleted on prod": ({}, {"f": OLD}, {"f": NEW}, True),
    "deleted on prod and in the tested tree": ({}, {"f": OLD}, {}, False),
    "another mode on prod": ({"f": (OLD[0], "100755")}, {"f": OLD}, {"f": OLD}, True),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_of_prod_that_neither_side_knows_was_changed_by_hand(case: str) -> None:
    """What prod has from a release, or what the release would bring anyway, is nobody's loss."""
    prod, baseline, tested, by_hand = CASES[case]

    assert changed_by_hand(prod, baseline, tested) == (("f",) if by_hand else ())


def test_a_file_is_explained_by_any_commit_that_had_it_so() -> None:
    """Id and mode, or its absence."""
    assert explained("f", {"f": OLD}, [{"f": NEW}, {"f": OLD}])
    assert not explained("f", {"f": OLD}, [{"f": NEW}, {}])
    assert explained("f", {}, [{"f": NEW}, {}])
    assert not explained("f", {}, [])


def test_the_sentence_names_ten_files_and_counts_the_rest() -> None:
    """And says what to do."""
    paths = tuple(f"f{number}" for number in range(12))

    one = drift_sentence(paths[:1], "prod", "dev")
    assert one == (
        "prod holds changes that this release would undo, in f0; "
        "bring them to dev and test them, or revert them on prod"
    )
    assert "f8, f9 and 2 more; bring" in drift_sentence(paths, "prod", "dev")


def test_a_trees_files_are_known_by_id_and_mode() -> None:
    """A file that became executable is another file."""
    assert files_of([TreeEntry("f", "100644", "a" * 40)]) == {"f": OLD}


def test_what_prod_took_back_comes_back_or_is_mended() -> None:
    """The last release brought NEW everywhere; prod went back to OLD, and one file of it is something else now."""
    released = {"same": NEW, "back": NEW, "mended": NEW, "as prod": NEW}
    prod = {"same": NEW, "back": OLD, "mended": OLD, "as prod": OLD, "by hand": OTHER}
    tested = {"same": OTHER, "back": NEW, "mended": OTHER, "as prod": OLD}

    assert brought_back(prod, released, tested) == (("back", "by hand"), ("mended",))


def test_the_sentence_about_what_was_taken_back_says_what_to_do() -> None:
    """Mending it is the way; a person who wants it back says so."""
    assert taken_back_sentence(("f",), "prod", "dev") == (
        "prod took back f, which this release would bring back unchanged; change or revert that on dev, "
        "or replay with rollback.reason to bring it back"
    )
