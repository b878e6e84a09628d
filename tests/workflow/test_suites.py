"""Several suites, each with an attestor of its own: a release has them all, and none is forgotten while lists lag."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

import pytest
import requests

from local.world.names import ATTEST, PROMOTE, QUALITY, REPOSITORY, Signing
from local.world.world import World
from tests.company import RUN, document, pin_posts, small_world
from tests.conftest import Logs

SECURITY: Final = Signing.of("security")
SUITES: Final = {"qa": QUALITY, "security": SECURITY}
STATUSES: Final = "github.repos/list-commit-statuses-for-ref"
QUESTION: Final = "github.graphql"
OCCURRENCES: Final = "grafeas.ListNoteOccurrences"
VARIABLES: Final = {
    "PRODGATE_SUITES": json.dumps({suite: signing.row for suite, signing in SUITES.items()}),
    "PRODGATE_REQUIRED_SUITES": json.dumps({s: {"attestor": signing.attestor} for s, signing in SUITES.items()}),
}


@pytest.fixture
def world(quiet_logging: None) -> Iterator[World]:
    """A world in which a release requires two suites, and an event is young for minutes, as in production."""
    with small_world(settling_s=300, variables=VARIABLES) as fresh:
        fresh.found_attestor("security")
        pin_posts(fresh)
        yield fresh


def test_each_suite_is_attested_by_its_own_attestor_and_marks_exactly_that_commit(world: World) -> None:
    """One suite's success is no other's: key, note and status are its own."""
    commit = str(world.pass_tests(suite="security")["commit"])
    world.settle()

    assert [(status.context, status.state, status.creator) for status in world.statuses(commit)] == [
        ("prodgate/release", "pending", PROMOTE.login),
        ("prodgate/security", "success", ATTEST.login),
    ]
    assert {(seen.note, seen.key_id) for seen in world.attestations} == {
        (SECURITY.note, f"//cloudkms.googleapis.com/v1/{SECURITY.key}/cryptoKeyVersions/1")
    }
    assert world.pull_requests == []


def test_two_suites_that_finish_together_complete_the_release_once(world: World) -> None:
    """Both are told at the same time; whoever comes last finds both, and there is one pull request."""
    together(world)

    require_released(world)


@pytest.mark.parametrize("times", [1, 3, 6])
@pytest.mark.parametrize(
    ("methods", "hidden"),
    [
        ((STATUSES, QUESTION), ""),
        ((STATUSES, QUESTION), "prodgate/security"),
        ((OCCURRENCES,), ""),
        ((OCCURRENCES,), SECURITY.note),
    ],
)
def test_lists_that_lag_leave_no_release_waiting(
    world: World, methods: tuple[str, ...], hidden: str, times: int
) -> None:
    """What was written a moment ago is not listed yet, all of it or the other suite's: that is no answer."""
    for method in methods:
        world.faults.hide(method, hidden, times=times)

    together(world)
    assert sum(world.faults.calls(method).get(method, 0) for method in methods) >= times
    world.faults.clear()

    require_released(world)


@pytest.mark.parametrize("first", ["qa", "security"])
def test_two_completions_that_each_see_only_their_own_suite_still_complete_the_release(
    world: World, first: str
) -> None:
    """Reads come from different replicas: each event finds its own status, and neither finds the other's."""
    second = "security" if first == "qa" else "qa"
    commit = proven(world)
    for method in (STATUSES, QUESTION):
        world.faults.hide(method, f"prodgate/{second}", times=2)
        world.faults.hide(method, f"prodgate/{first}", times=2)

    for suite in (first, second):
        event = {"suite": suite, "repository": REPOSITORY, "commit": commit, "run": RUN}
        world.publish("attestation-complete", json.dumps(event).encode())
    world.settle()

    assert (len(world.pull_requests), world.rejected, world.dead_letters) == (1, [], [])


def test_a_suite_that_is_replayed_completes_what_waits(world: World) -> None:
    """An operator publishes test-passed again; nothing is signed twice, and the last step looks again."""
    together(world)
    before = world.lasting_state()

    world.pass_tests(suite="security")
    world.settle()

    assert world.lasting_state() == before


def test_a_suite_that_nobody_configured_is_rejected(world: World) -> None:
    """The sentence names those that are."""
    world.pass_tests(suite="load")
    world.settle()

    assert [(m.reason, m.detail) for m in world.rejected] == [
        ("unknown-suite", "suite: load is not configured; those are qa, security")
    ]


def test_a_suites_attestation_does_not_stand_in_for_anothers(world: World, logs: Logs) -> None:
    """The right status without the right attestor's attestation is not enough, whoever set it."""
    commit = str(world.pass_tests()["commit"])
    world.settle()
    say(world, commit, "prodgate/security")
    logs()

    world.pass_tests()
    world.settle()

    assert world.pull_requests == []
    assert any(f"has no attestation by {SECURITY.attestor}" in entry["message"] for entry in logs())


def together(world: World) -> None:
    """Let both suites pass for dev's head, and tell of it in one breath."""
    commit = world.head("dev")
    claims = [
        {"suite": suite, "outcome": "success", "repository": REPOSITORY, "commit": commit, "run": RUN}
        for suite in SUITES
    ]
    world.publish_together("test-passed", [json.dumps(claim).encode() for claim in claims])
    world.settle()


def require_released(world: World) -> None:
    """Demand one pull request that shows both suites, both attestations of the image, and nothing lost on the way."""
    commit = world.head("dev")
    assert {status.context for status in world.statuses(commit) if "release" not in status.context} == {
        "prodgate/qa",
        "prodgate/security",
    }
    assert {seen.note for seen in world.attestations} == {QUALITY.note, SECURITY.note}
    assert len(world.attestations) == len(SUITES)
    assert (len(world.pull_requests), world.rejected, world.dead_letters) == (1, [], [])
    assert [document(r.data)["commit"] for r in world.deliveries if r.topic.endswith("/attestation-complete")][:1] == [
        commit
    ]


def proven(world: World) -> str:
    """Attest the image for both suites and set both statuses as attest_images does, without telling anybody."""
    commit = world.head("dev")
    (image,) = {f.partition("image: ")[2].partition(" #")[0] for f in posts(world)}
    for suite, signing in SUITES.items():
        world.attest(image, note=signing.note, key_version=f"{signing.key}/cryptoKeyVersions/1")
        say(world, commit, f"prodgate/{suite}")
    return commit


def posts(world: World) -> list[str]:
    """The lines of the posts service's manifest that name an image."""
    return [line for line in world.file("apps/posts.yaml").decode().splitlines() if "image: " in line]


def say(world: World, commit: str, context: str) -> None:
    """Set a green status as attest_images' own App."""
    requests.post(
        f"{world.cloud.github.url}/repos/{REPOSITORY}/statuses/{commit}",
        json={"state": "success", "context": context, "target_url": RUN},
        headers={"Authorization": f"Bearer {world.steal_token(ATTEST)}"},
        timeout=30,
    ).raise_for_status()
