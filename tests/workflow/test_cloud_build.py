"""Cloud Build's own messages, at attest_images: a trigger's success is a test result, all else is none."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.world.names import ATTEST, ATTESTOR, REPOSITORY, Endpoints, variables_of
from local.world.world import World
from shared.runtime.wiring.attest import attest_function
from tests.company import pin_posts, small_world
from tests.conftest import Logs
from tests.unit.domain.corpus import event
from tests.unit.domain.test_builds import TRIGGER

TRIGGERS = json.dumps({TRIGGER: {"suite": "qa", "repository": REPOSITORY}})


@pytest.fixture
def world(quiet_logging: None) -> Iterator[World]:
    """A world whose suite runs in Cloud Build."""
    with small_world(variables={"PRODGATE_BUILD_TRIGGERS": TRIGGERS}) as fresh:
        yield fresh


def build(name: str, commit: str) -> bytes:
    """A message of the corpus, about a commit."""
    document = json.loads(event(name))
    document["substitutions"]["COMMIT_SHA"] = commit
    return json.dumps(document).encode()


def test_a_build_that_passed_attests_its_commit_and_no_other_state_of_it_does(world: World) -> None:
    """QUEUED, WORKING, then SUCCESS, as Cloud Build publishes them."""
    pin_posts(world)
    commit = world.head("dev")

    for name in ("cloud-build-queued", "cloud-build-working", "cloud-build-failure"):
        world.publish("test-passed", build(name, commit))
    world.settle()
    assert (world.attestations, world.statuses(commit), world.rejected) == ([], [], [])

    world.publish("test-passed", build("cloud-build-success", commit))
    world.settle()
    assert [attestation.note.rpartition("/")[2] for attestation in world.attestations] == ["quality-assurance-attestor"]
    assert [status.context for status in world.statuses(commit)] == ["prodgate/qa"]
    assert len(world.pull_requests) == 1


def test_both_forms_are_taken_by_the_same_function(world: World) -> None:
    """A suite that runs elsewhere still publishes test-passed."""
    pin_posts(world)
    world.pass_tests()
    world.settle()

    assert len(world.attestations) == 1


def test_a_build_of_nobodys_is_done_with_and_said_so(world: World, logs: Logs) -> None:
    """Nothing is retried, rejected or alarming about a build that has nothing to do with releases."""
    world.publish("test-passed", event("cloud-build-submitted-by-hand"))
    world.settle()

    entry = logs()[-1]
    assert entry["logging.googleapis.com/labels"]["event"] == "event.done"
    assert entry["message"].endswith("was started by no trigger")
    assert world.rejected == []


@pytest.mark.parametrize(
    ("triggers", "sentence"),
    [
        ("{}", "is empty; empty means no"),
        ('{"t":{"suite":"load","repository":"a/b"}}', "suite is 'load'; it must be qa"),
        ('{"t":{"suite":"qa","repository":"b"}}', "repository is 'b', which is not of its form"),
        ('{"t":{"suite":"qa","repository":"a/b","key":1}}', "the field 'key' is unknown"),
    ],
)
def test_a_trigger_that_cannot_mean_anything_stops_the_start(triggers: str, sentence: str) -> None:
    """A suite that is not configured would be rejected at every build; it is better seen at deployment."""
    nowhere = Endpoints("127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:1", {})
    variables = variables_of(ATTEST, nowhere, settling_s=0) | {"PRODGATE_BUILD_TRIGGERS": triggers}

    with pytest.raises(SystemExit) as caught:
        attest_function(variables)

    assert sentence in str(caught.value)
    assert ATTESTOR not in str(caught.value)
