"""The runbooks' own lines, as they stand on the page, with the literal gcloud, jq and git."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from google.pubsub_v1 import Subscription

from local.world.looking import differences
from local.world.names import MONGO, PERSON_TOKEN, REPOSITORY, pull_subscription
from local.world.world import World
from tests.company import POSTS, REDIS, USERS, pin_posts, release_posts, workload
from tests.judges.gcloud import Gcloud, needs_gcloud
from tests.operations.declared import RUNBOOKS
from tests.operations.runbook import Page

needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed (apt install jq)")
pytestmark = [pytest.mark.gcloud, needs_gcloud, needs_jq]
RUN: Final = "https://ci.mdo.example/runs/1"
_WITHIN_S: Final = 120.0


def paste(gcloud: Gcloud, lines: str, folder: Path, **values: str) -> str:
    """Paste lines into an operator's shell, which must succeed; answer what they printed."""
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", lines],
        env={**gcloud.environment, **values},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


async def _with_time(world: World) -> None:
    """Give whoever pulls 15 seconds instead of 1.5: the stand-in's time runs forty times faster than gcloud."""
    patient = Subscription(name=pull_subscription("dead-letter"), ack_deadline_seconds=600)
    mask = {"paths": ["ack_deadline_seconds"]}
    await world.clients.subscriber.update_subscription(request={"subscription": patient, "update_mask": mask})


def _die(world: World) -> dict[str, Any]:
    """Let a tested release fail in all its attempts, and answer its event; its run needs all of base64's letters."""
    world.push_image(USERS, "v1")
    pin_posts(world)
    world.do(_with_time(world))
    world.faults.fail("github.git/get-tree", times=5, code="PERMISSION_DENIED")
    event = world.pass_tests(run=f"{RUN}?why=~~~%3F%3F%3E")
    world.do(world.cloud.pubsub.settled(60))
    return event


def test_a_dead_letter_is_looked_at(world: World, gcloud: Gcloud, tmp_path: Path) -> None:
    """Whose it was, and its very bytes; it stays where it is."""
    event = _die(world)
    look, _, _ = Page(RUNBOOKS / "dead-letters.md").lines()

    source, _, data = paste(gcloud, look, tmp_path).strip().partition("  ")

    assert (source, json.loads(data)) == ("test-passed-push", event)
    assert world.pull_requests == []


def test_a_dead_letter_is_redriven(world: World, gcloud: Gcloud, tmp_path: Path) -> None:
    """It goes back to the topic that it came from, byte for byte, is worked off, and leaves the dead letter."""
    event = _die(world)
    _, _, redrive = Page(RUNBOOKS / "dead-letters.md").lines()

    paste(gcloud, redrive, tmp_path)
    world.settle()

    assert [json.loads(d.data) for d in world.deliveries if d.topic.endswith("/test-passed")][-1] == event
    assert len(world.pull_requests) == 1
    assert world.dead_letters == []


def test_a_dead_letter_that_cannot_be_published_stays(world: World, gcloud: Gcloud, tmp_path: Path) -> None:
    """An operator may not say that tests passed, and the letter is not lost by trying."""
    _die(world)
    world.faults.fail("pubsub.Publish", times=9, code="PERMISSION_DENIED")
    _, _, redrive = Page(RUNBOOKS / "dead-letters.md").lines()

    paste(gcloud, f"{redrive.rstrip()} || true", tmp_path)
    world.faults.clear()

    [waiting] = world.cloud.pubsub._broker.subscription(pull_subscription("dead-letter")).outstanding()
    assert json.loads(waiting.message.data)["suite"] == "qa"


def test_a_release_is_replayed(world: World, gcloud: Gcloud, tmp_path: Path) -> None:
    """The three lines of the page, with the commit and the run that the person knows: nothing changes."""
    world.push_image(USERS, "v1")
    commit = release_posts(world)
    before, delivered = world.lasting_state(), len(world.deliveries)

    for lines in Page(RUNBOOKS / "replay.md").lines("one-event"):
        paste(gcloud, lines, tmp_path, COMMIT=commit, RUN=RUN)
    world.settle()

    topics = {d.topic.rpartition("/")[2] for d in world.deliveries[delivered:]}
    assert {"gcr", "test-passed", "attestation-complete"} <= topics
    assert differences(before, world.lasting_state()) == []


def test_a_line_that_was_pasted_too_early_does_nothing(world: World, gcloud: Gcloud, tmp_path: Path) -> None:
    """Without the commit the shell says what is missing, and nothing is published."""
    _, by_hand, _ = Page(RUNBOOKS / "replay.md").lines("one-event")

    with pytest.raises(AssertionError, match="the tested commit"):
        paste(gcloud, by_hand, tmp_path)
    assert world.deliveries == []


def test_a_subscription_delivers_everything_since_a_moment_again(world: World, gcloud: Gcloud, tmp_path: Path) -> None:
    """What was acknowledged comes again too, and is found done."""
    world.push_image(USERS, "v1")
    release_posts(world)
    before, delivered = world.lasting_state(), len(world.deliveries)
    [seek] = Page(RUNBOOKS / "replay.md").lines("everything-since-a-moment")

    paste(gcloud, seek, tmp_path, SUBSCRIPTION="test-passed-push", SINCE="2020-01-01T00:00:00Z")
    world.settle()

    assert [d.topic.rpartition("/")[2] for d in world.deliveries[delivered:]] == ["test-passed", "attestation-complete"]
    assert differences(before, world.lasting_state()) == []


def test_an_older_release_is_proposed_again(world: World, gcloud: Gcloud, tmp_path: Path) -> None:
    """With its reason, as a pull request of its own, marked."""
    world.push_image(USERS, "v1")
    older = release_posts(world)
    release_posts(world, b"newer")
    [lines] = [block for block in Page(RUNBOOKS / "rollback.md").lines("a-release") if "rollback" in block]

    paste(gcloud, lines, tmp_path, COMMIT=older, RUN=RUN, REASON="v2 loses drafts")
    world.settle()

    assert any("v2 loses drafts" in pull.body for pull in world.pull_requests)


def test_every_image_of_dev_is_asked_about_again(world: World, gcloud: Gcloud, tmp_path: Path) -> None:
    """In a clone, with git alone: what was pushed while nobody listened is pinned."""
    pinned = pin_posts(world)
    world.commit_to_dev({"apps/mongo.yaml": workload("mongo", f"{MONGO}:7")})
    missed = world.push_image(MONGO, "7")  # Docker Hub tells nobody
    url = world.cloud.github.clone_url(REPOSITORY, token=PERSON_TOKEN)
    subprocess.run(["git", "clone", "--quiet", url, tmp_path / "clone"], check=True, env={"PATH": os.environ["PATH"]})
    delivered = len(world.deliveries)

    [lines] = Page(RUNBOOKS / "disaster.md").lines("ask-again-about-every-image")
    paste(gcloud, lines, tmp_path / "clone")
    world.settle()

    asked = [json.loads(d.data)["image"] for d in world.deliveries[delivered:] if d.topic.endswith("/gcr")]
    assert sorted(asked) == sorted([f"{MONGO}:7", f"{POSTS}:v1", f"{USERS}:v1", REDIS])
    assert f"{MONGO}@{missed} # tag: 7".encode() in world.file("apps/mongo.yaml")
    assert pinned.encode() in world.file("apps/posts.yaml")


def test_the_way_in_is_closed_and_what_comes_meanwhile_waits(world: World, gcloud: Gcloud, tmp_path: Path) -> None:
    """Both doors: what CI says, and what Cloud Build says. Neither is heard until the endpoint is back."""
    world.push_image(USERS, "v1")
    pin_posts(world)
    [close] = [block for block in Page(RUNBOOKS / "rejected.md").lines("suspicious") if "update" in block]

    paste(gcloud, close, tmp_path)
    event = world.pass_tests()
    world.publish("cloud-builds", b"{}")
    world.settle()
    assert [d.topic for d in world.deliveries if d.topic.endswith(("/test-passed", "/cloud-builds"))] == []

    gcloud("pubsub subscriptions update test-passed-push", f"--push-endpoint={world.urls['attest_images']}")
    world.settle()
    assert [json.loads(d.data) for d in world.deliveries if d.topic.endswith("/test-passed")] == [event]
    assert len(world.pull_requests) == 1
