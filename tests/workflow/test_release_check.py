"""release-check: whatever was left waiting on dev is completed by looking again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.world.names import ATTESTOR, KEY, REPOSITORY
from local.world.world import World
from tests.company import open_nothing, pin_posts, release_posts, small_world
from tests.conftest import Logs
from tests.workflow.test_promotion import complete_again, completed, pull_of, release_status

CHECK = json.dumps({"repository": REPOSITORY}).encode()
SUITE = {"attestor": ATTESTOR, "key_version": f"{KEY}/cryptoKeyVersions/1"}
TWO = {
    "PRODGATE_SUITES": json.dumps({"qa": SUITE, "load": SUITE}),
    "PRODGATE_REQUIRED_SUITES": json.dumps({"qa": {"attestor": ATTESTOR}, "load": {"attestor": ATTESTOR}}),
}


@pytest.fixture
def two_suites(quiet_logging: None) -> Iterator[World]:
    """A world in which a release needs two suites."""
    with small_world(variables=TWO) as fresh:
        yield fresh


def check(world: World) -> None:
    """Look again, as the schedule does."""
    world.publish("release-check", CHECK)
    world.settle()


def test_a_release_waits_for_its_second_suite_and_says_so(two_suites: World) -> None:
    """The first suite of two is no fault: nothing is rejected, and the tested commit says what is missing."""
    world = two_suites
    tested = release_posts(world)

    assert release_status(world, tested) == ("pending", "waits for load")
    assert world.pull_requests == []
    assert world.rejected == []
    before = world.lasting_state()
    complete_again(world, tested)
    assert world.lasting_state() == before

    world.pass_tests(tested, suite="load")
    world.settle()

    assert pull_of(world, tested).state == "open"
    assert "suite `load` passed" in pull_of(world, tested).body
    assert release_status(world, tested)[1] == "proven; #1 releases it, and its head is what to merge"


def test_what_was_left_waiting_is_completed_by_a_look(world: World) -> None:
    """The event was lost for good; the statuses on dev are all that is needed."""
    open_nothing(world)
    tested = release_posts(world)
    assert world.pull_requests == []
    world.faults.clear()
    world.commit_to_dev({"README.md": b"newer, and not tested\n"})

    check(world)

    assert pull_of(world, tested).state == "open"
    before = world.lasting_state()
    check(world)
    assert world.lasting_state() == before


def test_a_look_rebuilds_the_open_release_when_prod_moved(world: World) -> None:
    """Nobody publishes anything when prod moves, so the schedule is what notices."""
    tested = release_posts(world)
    world.commit_to("prod", {"README.md": b"x\n"})
    world.commit_to("prod", {"README.md": None})

    check(world)

    head = world.repository.get_git_commit(world.head(f"release/{tested[:12]}"))
    assert [parent.sha for parent in head.parents] == [world.head("prod")]


def test_nothing_complete_is_nothing_to_do(world: World, logs: Logs) -> None:
    """On most looks there is nothing."""
    pin_posts(world)

    check(world)

    assert world.pull_requests == []
    assert "no commit on dev is complete, of the newest ones" in [entry["message"] for entry in logs()]


def test_a_release_that_may_not_go_to_prod_does_not_fill_the_rejected_topic(world: World, logs: Logs) -> None:
    """Nothing is wrong with a look, and the next one comes in a few minutes; the commit says what is wrong."""
    world.commit_to("prod", {"apps/hotfix.yaml": b"kind: List\napiVersion: v1\nitems: []\n"})
    tested = release_posts(world)
    world.rejected.clear()
    before = world.lasting_state()

    check(world)

    assert world.rejected == []
    assert world.lasting_state() == before
    assert release_status(world, tested)[0] == "failure"
    assert any(f"{tested} is not released (drift): " in entry["message"] for entry in logs())


def test_only_the_newest_complete_commit_is_looked_at(world: World) -> None:
    """An older one that is complete too would go over it."""
    older = release_posts(world, b"first")
    newer = release_posts(world, b"second")
    world.repository.get_pull(pull_of(world, newer).number).edit(state="closed")

    check(world)

    assert [pull.state for pull in world.pull_requests] == ["closed", "closed"]
    assert older != newer


def test_a_look_at_another_repository_is_rejected(world: World) -> None:
    """One deployment, one repository."""
    world.publish("release-check", b'{"repository":"mdo/other"}')
    world.settle()

    assert [message.reason for message in world.rejected] == ["unknown-repository"]


def test_commits_that_merges_brought_do_not_hide_what_waits(world: World) -> None:
    """GitHub lists commits by date, those of merged branches among them; what counts is what dev was at."""
    open_nothing(world)
    tested = release_posts(world)
    world.faults.clear()
    world.repository.create_git_ref("refs/heads/side", world.head("dev"))
    for number in range(11):
        side = world.commit_to("side", {f"notes-{number}.md": b"x\n"})
    ends = [world.repository.get_git_commit(commit) for commit in (world.head("dev"), side)]
    joined = world.repository.create_git_commit("Join", world.repository.get_git_commit(side).tree, ends)
    world.repository.get_git_ref("heads/dev").edit(joined.sha)

    check(world)

    assert pull_of(world, tested).state == "open"


def test_a_release_that_waits_behind_more_than_ten_commits_is_found(world: World) -> None:
    """A busy day on dev, whose tests are slow."""
    open_nothing(world)
    tested = release_posts(world)
    world.faults.clear()
    for number in range(11):
        world.commit_to_dev({f"notes-{number}.md": b"x\n"})

    check(world)

    assert pull_of(world, tested).state == "open"


def test_every_suite_that_is_missing_is_named(two_suites: World) -> None:
    """A person mends both in one go."""
    pin_posts(two_suites)
    tested = two_suites.head("dev")

    two_suites.publish("attestation-complete", completed(tested))
    two_suites.settle()

    (message,) = two_suites.rejected
    said = [
        f"suite {suite}: {tested} has no successful status prodgate/{suite} by prodgate-attest[bot]"
        for suite in ("load", "qa")
    ]
    assert message.detail == "; ".join(said)
