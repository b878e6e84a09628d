"""The body names the event for which it was written last, and a replay that says nothing else edits nothing."""

from __future__ import annotations

import json
import re

from local.world.names import REPOSITORY
from local.world.world import World
from shared.domain.events import event_id
from tests.company import pin_posts, release_posts
from tests.workflow.test_promotion import complete_again, completion, pull_of

LINE = re.compile(r"^- written last for (.*): event `([0-9a-f]{64})`, message `([^`]+)`$", re.MULTILINE)


def woken(world: World, commit: str) -> tuple[str, str, str]:
    """Who woke open_prod_pr, by which event and message."""
    (found,) = LINE.findall(pull_of(world, commit).body)
    return found  # type: ignore[no-any-return]


def test_attest_images_own_event_is_told_from_a_persons(world: World) -> None:
    """By the ids that the log has, so that whoever asks why finds the event."""
    commit = release_posts(world)

    (record,) = [r for r in world.deliveries if r.topic.endswith("/attestation-complete")]
    own = event_id("attestation-complete", record.data)
    assert woken(world, commit) == ("an event of attest_images", own, record.message_id)


def test_a_replay_that_says_nothing_else_is_no_edit(world: World) -> None:
    """Or every replay would notify everybody who follows the pull request."""
    commit = release_posts(world)
    before = pull_of(world, commit).body

    complete_again(world, commit)

    assert pull_of(world, commit).body == before
    assert world.faults.calls("github.pulls/update") == {}


def test_whoever_replays_by_hand_is_named_where_the_body_is_written_anew(world: World) -> None:
    """The edit of a person is undone, and the line says for whom."""
    commit = release_posts(world)
    pull = world.repository.get_pull(pull_of(world, commit).number)
    pull.edit(body=pull.body.replace("Ready", "Steady"))

    complete_again(world, commit)

    assert "**Ready.**" in pull_of(world, commit).body
    assert woken(world, commit)[0] == "an event that somebody published by hand"


def test_a_look_at_what_waits_and_a_rollback_say_so(world: World) -> None:
    """Nobody published a completion: a schedule looked, or a person asked for an older release."""
    first = release_posts(world, b"first")
    world.merge_release(first)
    world.faults.fail("github.graphql", code="GRAPHQL_ERROR", times=99)
    world.faults.fail("github.pulls/list", times=99)
    pin_posts(world, b"second")
    second = str(world.pass_tests()["commit"])
    world.settle()
    world.faults.clear()
    world.publish("release-check", json.dumps({"repository": REPOSITORY}).encode())
    world.settle()

    assert woken(world, second)[0] == "a look at what was left waiting"
    world.merge_release(second)
    complete_again(world, first, rollback={"reason": "it burns"})
    (rollback,) = [pull for pull in world.pull_requests if pull.state == "open"]
    assert LINE.findall(rollback.body)[0][0] == "a rollback that a person asked for"
    assert completion(world, first)["commit"] == first
