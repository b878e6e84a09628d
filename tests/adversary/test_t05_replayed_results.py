"""T05: an old result is replayed for an image that was clean then and is vulnerable now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import pytest

from local.world.scanning import Found
from local.world.world import World
from tests.company import POSTS_FILE, pin_posts, small_world, workload

STRICT: Final = {"qa": {"mode": "enforce", "fixable": "low", "unfixable": "high", "unscanned": "refuse"}}


@pytest.fixture
def guarded(quiet_logging: None) -> Iterator[World]:
    """A world whose suite qa has a vulnerability gate."""
    with small_world(variables={"PRODGATE_VULNERABILITIES": json.dumps(STRICT)}) as world:
        yield world


def test_a_result_of_last_year_does_not_bring_back_an_image_that_is_vulnerable_now(guarded: World) -> None:
    """The attestation exists, the status exists: still every delivery looks at the findings of today."""
    image = pin_posts(guarded)
    guarded.scan(image)
    event = guarded.pass_tests()
    guarded.settle()
    completions = len([r for r in guarded.deliveries if r.topic.endswith("/attestation-complete")])

    guarded.scan(image, Found("CVE-2026-1234", "CRITICAL"))
    guarded.publish("test-passed", json.dumps(event).encode())
    guarded.settle()

    (message,) = guarded.rejected
    assert message.reason == "vulnerable"
    assert len([r for r in guarded.deliveries if r.topic.endswith("/attestation-complete")]) == completions


def test_an_old_image_in_a_new_commit_is_judged_by_the_findings_of_today(guarded: World) -> None:
    """Its attestation counts for GKE; the new commit gets no status for it."""
    image = pin_posts(guarded)
    guarded.scan(image)
    guarded.pass_tests()
    guarded.settle()

    guarded.scan(image, Found("CVE-2026-1234", "CRITICAL"))
    commit = guarded.commit_to_dev({POSTS_FILE: workload("mdo-posts-again", image)})
    guarded.pass_tests()
    guarded.settle()

    assert [message.reason for message in guarded.rejected] == ["vulnerable"]
    assert guarded.statuses(commit) == []
    assert len(guarded.pull_requests) == 1
