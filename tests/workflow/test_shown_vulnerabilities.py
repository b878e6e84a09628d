"""The pull request shows what a scanner found, and what that changes against prod; it decides nothing by that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.world.scanning import Found
from local.world.world import World
from tests.company import POSTS, pin_posts, release_posts, small_world
from tests.workflow.test_promotion import complete_again, pull_of

SHOWN = {"PRODGATE_SHOW_VULNERABILITIES": "true"}
SCANS = "grafeas.ListOccurrences"


@pytest.fixture
def showing(quiet_logging: None) -> Iterator[World]:
    """A world whose pull requests show vulnerabilities."""
    with small_world(variables=SHOWN) as fresh:
        yield fresh


def cell(world: World, commit: str) -> str:
    """What the table says about the posts service's vulnerabilities."""
    (row,) = [line for line in pull_of(world, commit).body.splitlines() if f"| `{POSTS}` |" in line]
    return row.split(" | ")[5].removesuffix(" |")


def passed(world: World) -> str:
    """Pass the tests of dev's head; answer the commit."""
    commit = str(world.pass_tests()["commit"])
    world.settle()
    return commit


def test_counts_are_shown_with_what_changes_against_prod(showing: World) -> None:
    """Two digests of one image, both scanned: what comes, and what goes."""
    showing.scan(pin_posts(showing, b"old"), Found("CVE-1", "HIGH"), Found("CVE-2", "LOW"))
    showing.merge_release(passed(showing))
    showing.scan(pin_posts(showing, b"new"), Found("CVE-1", "HIGH"), Found("CVE-3", "CRITICAL"), Found("CVE-4", "HIGH"))

    assert cell(showing, passed(showing)) == "1 C 2 H 0 M 0 L (+1 C, +1 H, -1 L)"


def test_not_scanned_is_not_nought(showing: World) -> None:
    """An image that nobody looked at has no number."""
    assert cell(showing, release_posts(showing)).startswith("not scanned")


def test_a_scan_that_cannot_be_read_is_unknown_and_holds_nothing_up(showing: World) -> None:
    """The gate is attest_images'; once it can be read, the body says what it found."""
    showing.scan(pin_posts(showing), Found("CVE-1", "HIGH"))
    showing.faults.fail(SCANS, code="PERMISSION_DENIED", times=99)

    commit = passed(showing)

    assert cell(showing, commit) == "unknown"
    showing.faults.clear()
    complete_again(showing, commit)
    assert cell(showing, commit) == "0 C 1 H 0 M 0 L"


def test_the_same_counts_are_no_edit(showing: World) -> None:
    """News is an edit, at most one for each event; a replay without news is none."""
    image = pin_posts(showing)
    showing.scan(image, Found("CVE-1", "HIGH"))
    commit = passed(showing)
    edits = showing.faults.calls("github.pulls/update")

    complete_again(showing, commit)
    assert showing.faults.calls("github.pulls/update") == edits == {}

    showing.scan(image, Found("CVE-1", "HIGH"), Found("CVE-2", "LOW"))
    complete_again(showing, commit)
    complete_again(showing, commit)
    assert showing.faults.calls("github.pulls/update") == {"github.pulls/update": 1}


def test_without_being_asked_nothing_is_read(world: World) -> None:
    """It takes another role in other projects, which an operator must have given."""
    commit = release_posts(world)

    assert "Vulnerabilities" not in pull_of(world, commit).body
    assert world.faults.calls(SCANS) == {}
