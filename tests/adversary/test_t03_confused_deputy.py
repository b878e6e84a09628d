"""T03: an event tries to say where. Keys, attestors, notes, branches and secrets come from configuration alone."""

from __future__ import annotations

import json
from typing import Any

from local.world.names import REPOSITORY
from local.world.world import World
from tests.company import pin_posts

WHERE = ("key", "key_version", "attestor", "note", "branch", "base", "path", "secret", "token", "project")
OTHERS = ("mdo/mdo-environments-evil", "evil/mdo-environments", "MDO/mdo-environments", "mdo/mdo-environments.git")


def test_an_event_that_says_where_is_refused(world: World) -> None:
    """A field that would choose a key or a branch does not exist, so that no later version can heed it by accident."""
    pin_posts(world)

    for field in WHERE:
        world.pass_tests(**{field: "projects/evil"})
    world.settle()

    refused = {f"test-passed: the field '{field}' is unknown" for field in WHERE}
    assert {message.detail for message in world.rejected} == refused
    assert world.attestations == []


def test_only_the_configured_repository_is_ever_opened(world: World) -> None:
    """The name selects nothing: it must be the one that is configured, to the letter."""
    calls = world.faults.calls("github.")

    for repository in OTHERS:
        world.pass_tests("0" * 40, repository=repository)
    world.settle()

    assert [message.reason for message in world.rejected] == ["unknown-repository"] * len(OTHERS)
    assert world.faults.calls("github.") == calls


def test_the_attestor_that_a_completion_names_is_not_the_one_that_is_asked(world: World) -> None:
    """Rows of an attestation-complete event are read for their shape, and used for nothing."""
    pin_posts(world)
    event: dict[str, Any] = world.pass_tests()
    world.settle()
    before = world.lasting_state()
    row = {
        "image": "evil.example/a",
        "digest": "sha256:" + "0" * 64,
        "attestor": "projects/evil/attestors/a",
        "occurrence": "projects/evil/occurrences/o",
    }

    world.publish(
        "attestation-complete",
        json.dumps(
            {
                "suite": "qa",
                "repository": REPOSITORY,
                "commit": event["commit"],
                "run": "https://evil.example/",
                "images": [row],
            }
        ).encode(),
    )
    world.settle()

    assert world.lasting_state() == before
    assert "evil" not in world.pull_requests[0].body
