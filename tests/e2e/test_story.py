"""The release, as it comes out of four staged functions; and what can be asked of them again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.world.looking import differences
from local.world.names import APPS, MONGO, SERVICES
from tests.e2e.story import Story, passed

IMAGES = {*(f"{APPS}/{service}" for service in SERVICES), MONGO}


@pytest.fixture(autouse=True)
def _nothing_is_dead(story: Story) -> Iterator[None]:
    yield
    assert story.world.dead_letters == []


def test_a_push_ends_in_one_pull_request_of_exactly_the_tested_tree(story: Story) -> None:
    """The release branch holds the tree that was tested, so merging it runs what was tested and nothing else."""
    [pull] = story.world.pull_requests

    released = story.world.repository.get_branch(pull.head).commit

    assert (pull.base, pull.state) == ("prod", "open")
    assert released.commit.tree.sha == story.world.repository.get_commit(story.tested).commit.tree.sha
    assert [parent.sha for parent in released.parents] == [story.world.head("prod")]


def test_each_image_of_the_release_is_attested_once(story: Story) -> None:
    """Prod admits an image by its attestation; a second one of the same would be refused by the service."""
    attestations = story.world.attestations

    assert sorted(attestation.image for attestation in attestations) == sorted(IMAGES)
    assert all(attestation.digest.startswith("sha256:") for attestation in attestations)


def test_replaying_every_event_changes_nothing(story: Story) -> None:
    """An operator may replay at any time, because each step looks before it acts."""
    before = story.world.lasting_state()
    replayed = [(_topic(delivery.topic), delivery.data, delivery.attributes) for delivery in story.deliveries]

    ids = [story.world.publish(*message) for message in replayed]
    story.world.settle()

    assert differences(before, story.world.lasting_state()) == []
    assert {"gcr", "image-resolved", "test-passed", "attestation-complete"} <= {topic for topic, _, _ in replayed}
    assert {story.outcome(message_id)["severity"] for message_id in ids} == {"INFO"}


def test_manifests_that_hold_a_tag_are_rejected_whole(story: Story) -> None:
    """A tag can move after the tests, so nothing is attested for it, and the event is kept with its reason."""
    before = story.world.lasting_state()
    event = passed(story.unpinned)

    story.world.publish("test-passed", event, {"who": "dana"})
    story.world.settle()

    [rejected] = [message for message in story.world.rejected if message.attributes.get("who") == "dana"]
    assert (rejected.data, rejected.function, rejected.reason) == (event, "attest_images", "not-a-digest")
    assert differences(before, story.world.lasting_state()) == []


@pytest.mark.parametrize("topic", ["gcr", "image-resolved", "test-passed", "attestation-complete"])
def test_a_message_of_attributes_only_is_rejected_once(topic: str, story: Story) -> None:
    """The framework's own reader answers 400 to it for ever, so that Pub/Sub would deliver it for ever."""
    message_id = story.world.publish(topic, b"", {"only": f"attributes of {topic}"})
    story.world.settle()

    [rejected] = [m for m in story.world.rejected if m.attributes.get("only") == f"attributes of {topic}"]
    assert (rejected.data, rejected.reason) == (b"", "malformed-event")
    assert story.outcome(message_id)["severity"] == "WARNING"


def test_a_bad_event_harms_no_other(story: Story) -> None:
    """What comes right behind it in the same topic is worked off as if it had been alone."""
    bad = story.world.publish("test-passed", json.dumps({"suite": "qa"}).encode())
    good = story.world.publish("test-passed", passed(story.tested))
    story.world.settle()

    assert story.outcome(bad)["severity"] == "WARNING"
    assert story.outcome(good)["severity"] == "INFO"


def _topic(name: str) -> str:
    return name.rpartition("/")[2]
