"""T01: a stranger says that the tests passed. Only what can be checked is believed, and that is checked."""

from __future__ import annotations

import json

from local.world.names import REPOSITORY
from local.world.world import World
from tests.company import DIGEST, POSTS, USERS, pin_posts, workload
from tests.conftest import Logs


def test_a_claim_about_a_commit_that_dev_never_held_attests_nothing(world: World) -> None:
    """A branch that nobody deployed cannot have been tested, whoever says so."""
    pin_posts(world)
    world.repository.create_git_ref("refs/heads/evil", world.head("dev"))
    evil = world.commit_to("evil", {"apps/evil.yaml": workload("evil", f"{POSTS}@{DIGEST}")})

    world.pass_tests(evil)
    world.settle()

    assert [message.reason for message in world.rejected] == ["not-on-dev"]
    assert world.attestations == []


def test_a_claim_about_other_images_than_the_commits_attests_nothing(world: World) -> None:
    """An image that was tested elsewhere cannot ride on a commit that does not run it."""
    pin_posts(world)
    stranger = f"{USERS}@{DIGEST}"

    world.pass_tests(images=[stranger])
    world.settle()

    assert [message.reason for message in world.rejected] == ["images-differ"]
    assert world.attestations == []


def test_a_claim_of_failure_is_no_claim_of_success(world: World) -> None:
    """The outcome is required, closed, and read first."""
    pin_posts(world)

    for outcome in ("failure", "cancel", "error"):
        world.pass_tests(outcome=outcome)
    world.settle()

    assert [message.reason for message in world.rejected] == ["not-successful"] * 3
    assert world.attestations == []


def test_that_the_publisher_is_believed_is_said_each_time(world: World, logs: Logs) -> None:
    """This version trusts whoever may publish; nobody can fail to notice that in the log."""
    pin_posts(world)
    logs()

    world.pass_tests(run="https://ci.mdo.example/runs/7")
    world.settle()

    said = [e for e in logs() if e["logging.googleapis.com/labels"].get("event") == "attest.evidence"]
    assert [(e["severity"], e["logging.googleapis.com/labels"]["evidence"]) for e in said] == [
        ("WARNING", "trust-publisher")
    ]
    assert "https://ci.mdo.example/runs/7" in said[0]["message"]


def test_a_stranger_cannot_complete_a_release_that_was_not_tested(world: World) -> None:
    """An attestation-complete event only wakes the last step, which finds no status, and opens nothing."""
    image = pin_posts(world)
    name, _, digest = image.partition("@")
    row = {"image": name, "digest": digest, "attestor": "projects/evil/attestors/a", "occurrence": "o"}
    event = {
        "suite": "qa",
        "repository": REPOSITORY,
        "commit": world.head("dev"),
        "run": "https://ci.mdo.example/runs/1",
        "images": [row],
    }

    world.publish("attestation-complete", json.dumps(event).encode())
    world.settle()

    assert [message.reason for message in world.rejected] == ["incomplete-release"]
    assert world.pull_requests == []
