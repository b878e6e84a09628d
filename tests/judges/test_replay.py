"""Replaying an event as the runbook says: `gcloud pubsub topics publish`."""

from __future__ import annotations

import json

import pytest

from local.world.looking import differences
from local.world.world import World
from tests.company import POSTS, USERS, release_posts
from tests.judges.gcloud import Gcloud, needs_gcloud

pytestmark = [pytest.mark.gcloud, needs_gcloud]


def test_an_operator_replays_a_release_and_nothing_changes(world: World, gcloud: Gcloud) -> None:
    """The message has no attributes, no trace and no id of ours, and still is the same event."""
    world.push_image(USERS, "v1")
    commit = release_posts(world)
    before, delivered = world.lasting_state(), len(world.deliveries)
    [event] = [delivery.data.decode() for delivery in world.deliveries if delivery.topic.endswith("/test-passed")]

    printed = gcloud("pubsub topics publish test-passed", f"--message={event}", "--format=json")
    world.settle()

    [message_id] = json.loads(printed)["messageIds"]
    replayed = world.deliveries[delivered:]
    assert [d.topic.rpartition("/")[2] for d in replayed] == ["test-passed", "attestation-complete"]
    assert (replayed[0].message_id, {d.status for d in replayed}) == (message_id, {204})
    assert (json.loads(event)["commit"], len(world.pull_requests)) == (commit, 1)
    assert differences(before, world.lasting_state()) == []


def test_a_message_of_attributes_only_is_rejected_and_not_delivered_again(world: World, gcloud: Gcloud) -> None:
    """It is what comes out when somebody forgets `--message`; one mistake may not become an endless loop."""
    gcloud("pubsub topics publish test-passed", "--attribute=commit=abc")
    world.settle()

    [delivery], [rejected] = world.deliveries, world.rejected
    assert (delivery.status, delivery.attempt) == (204, 1)
    assert (rejected.data, rejected.attributes["commit"]) == (b"", "abc")
    assert (rejected.function, rejected.reason) == ("attest_images", "malformed-event")


def test_an_image_of_a_registry_that_tells_nobody_is_announced_by_hand(world: World, gcloud: Gcloud) -> None:
    """The message for people is short enough to be typed, and does what a registry's own would."""
    digest = world.push_image(POSTS, "v1")
    world.settle()
    delivered = len(world.deliveries)

    gcloud("pubsub topics publish gcr", f'--message={{"image":"{POSTS}:v1"}}')
    world.settle()

    resolved = json.loads(world.deliveries[delivered + 1].data)
    assert (resolved["image"], resolved["tag"], resolved["digest"]) == (POSTS, "v1", digest)
