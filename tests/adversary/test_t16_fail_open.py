"""T16: who cannot look, or is told by somebody else, must not say that all is well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import pytest
from grafeas import grafeas_v1

from local.world.names import PROD_PROJECT
from local.world.scanning import discover
from local.world.world import World
from tests.company import pin_posts, small_world

GATE: Final = {"qa": {"mode": "enforce", "fixable": "low", "unfixable": "high", "unscanned": "refuse"}}


@pytest.fixture
def guarded(quiet_logging: None) -> Iterator[World]:
    """A world whose suite qa has a vulnerability gate."""
    with small_world(variables={"PRODGATE_VULNERABILITIES": json.dumps(GATE)}) as world:
        yield world


def claim_finished(world: World, image: str) -> None:
    """Store a finished scan under a note of one's own: all that takes is the right to store occurrences."""
    note = grafeas_v1.Note(discovery={"analysis_kind": "VULNERABILITY"})
    parent = f"projects/{PROD_PROJECT}"
    world.do(world.clients.grafeas.create_note(parent=parent, note_id="PACKAGE_VULNERABILITY", note=note))
    own = f"{parent}/notes/PACKAGE_VULNERABILITY"
    world.do(discover(world.clients, "projects/mdo", image, "FINISHED_SUCCESS", note=own))


def test_a_finished_scan_is_believed_of_the_scanner_only(guarded: World) -> None:
    """Whoever may write occurrences could say otherwise that an image is clean which nobody looked at."""
    image = pin_posts(guarded)
    claim_finished(guarded, image)

    guarded.pass_tests()
    guarded.settle()

    assert guarded.attestations == []
    assert len(guarded.dead_letters) == 1


def test_one_finished_scan_does_not_outvote_one_that_is_under_way(guarded: World) -> None:
    """Two answers about one image contradict each other; neither is taken."""
    image = pin_posts(guarded)
    guarded.scan(image)
    guarded.do(discover(guarded.clients, "projects/mdo", image, "SCANNING"))

    guarded.pass_tests()
    guarded.settle()

    assert guarded.attestations == []
    assert len(guarded.dead_letters) == 1
