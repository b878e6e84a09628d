"""The evidence of a run: looked at before anything is signed, waited for while it runs, demanded of every suite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from local.world.names import ATTEST, QA_WORKFLOW, Endpoints, variables_of
from local.world.world import World
from shared.runtime.wiring.attest import attest_function
from tests.adversary.test_t01_forged_evidence import BUILDS, RUNS, TRIGGER, built
from tests.company import pin_posts, small_world
from tests.conftest import Logs

NOWHERE: Final = Endpoints("127.0.0.1:1", "127.0.0.1:1", "http://127.0.0.1:1", {})


def variables(runs: object) -> dict[str, str]:
    """Demand evidence."""
    return {"PRODGATE_EVIDENCE": "required", "PRODGATE_RUNS": json.dumps(runs)}


@pytest.fixture
def world(quiet_logging: None) -> Iterator[World]:
    """A world whose suite runs on GitHub."""
    with small_world(variables=variables(RUNS)) as fresh:
        yield fresh


@pytest.fixture
def building(quiet_logging: None) -> Iterator[World]:
    """A world whose suite runs in Cloud Build, in which all that is published counts as a test result."""
    triggers = {TRIGGER: {"suite": "qa", "repository": "mdo/mdo-environments"}}
    with small_world(variables=variables(BUILDS) | {"PRODGATE_BUILD_TRIGGERS": json.dumps(triggers)}) as fresh:
        yield fresh


def accepted(world: World, commit: str) -> bool:
    """Whether the suite is accepted for a commit, and its image attested once."""
    contexts = [status.context for status in world.statuses(commit)]
    return (contexts, len(world.attestations), world.rejected) == (["prodgate/qa"], 1, [])


def test_the_run_that_is_named_is_looked_at_and_said_so(world: World, logs: Logs) -> None:
    """What was believed, and why, stands in the log; nobody is warned, since nothing was taken on trust."""
    pin_posts(world)
    run = world.run_workflow()
    logs()

    commit = str(world.pass_tests(run=run)["commit"])
    world.settle()

    assert accepted(world, commit)
    said = [e for e in logs() if e["logging.googleapis.com/labels"].get("event") == "attest.evidence"]
    assert [(e["severity"], e["message"]) for e in said] == [("INFO", f"the run {run} proves qa for {commit}")]
    assert said[0]["logging.googleapis.com/labels"]["evidence"] == "required"


def test_a_run_of_a_workflow_that_another_repository_demands_proves_nothing(world: World) -> None:
    """A ruleset of the organization runs a file of the same name in every repository; it tests something else."""
    pin_posts(world)
    run = world.run_workflow(workflow=f"{QA_WORKFLOW}@refs/heads/dev")

    world.pass_tests(run=run)
    world.settle()

    assert [message.reason for message in world.rejected] == ["other-workflow"]
    assert world.attestations == []


def test_ci_may_publish_from_within_the_run(world: World, logs: Logs) -> None:
    """The last step of a run publishes before the run has ended: the event waits for its conclusion."""
    pin_posts(world)
    run = world.run_workflow(status="in_progress", conclusion=None)

    commit = str(world.pass_tests(run=run)["commit"])
    world.settle()

    assert world.attestations == []
    faults = {e["logging.googleapis.com/labels"].get("fault") for e in logs() if e["severity"] == "ERROR"}
    assert faults == {"not-finished"}
    assert world.statuses(commit) == []


def test_a_run_that_ends_while_the_event_waits_counts(world: World) -> None:
    """Pub/Sub delivers again; by then the run is green."""
    pin_posts(world)
    run = world.run_workflow(status="in_progress", conclusion=None)
    held = world.faults.hold("github.repos/compare-commits")

    commit = str(world.pass_tests(run=run)["commit"])
    with held:
        world.change_run(run, status="completed", conclusion="success")
    world.settle()

    assert accepted(world, commit)


def test_a_run_that_is_not_visible_yet_is_waited_for(quiet_logging: None) -> None:
    """GitHub's lists lag; for a young event 404 is no answer."""
    with small_world(variables=variables(RUNS), settling_s=300) as world:
        pin_posts(world)
        run = world.run_workflow()
        world.faults.fail("github.actions/get-workflow-run", code="NOT_FOUND")

        commit = str(world.pass_tests(run=run)["commit"])
        world.settle()

        assert accepted(world, commit)
        assert [r.attempt for r in world.deliveries if r.topic.endswith("/test-passed")] == [1, 2]


@pytest.mark.parametrize("code", ["UNAVAILABLE", "PERMISSION_DENIED", "RATE_LIMIT_429", "INTERNAL"])
def test_a_run_that_cannot_be_looked_at_proves_nothing_and_costs_nothing(world: World, code: str) -> None:
    """Could not check is never ok; the event waits."""
    pin_posts(world)
    run = world.run_workflow()
    world.faults.fail("github.actions/get-workflow-run", code=code, times=3)

    commit = str(world.pass_tests(run=run)["commit"])
    world.settle()

    assert accepted(world, commit)


def test_a_repository_that_cannot_be_seen_rejects_no_run(world: World) -> None:
    """To an App without access GitHub says 404 about everything: that is no news about the run."""
    pin_posts(world)
    run = world.run_workflow()
    for method in ("actions/get-workflow-run", "repos/compare-commits", "git/get-commit", "git/get-ref"):
        world.faults.fail(f"github.{method}", code="NOT_FOUND", times=99)

    commit = str(world.pass_tests(run=run)["commit"])
    world.settle()

    assert (world.rejected, len(world.dead_letters)) == ([], 1)
    world.faults.clear()
    world.pass_tests(commit, run=run)
    world.settle()
    assert accepted(world, commit)


def test_a_build_proves_its_suite_by_event_and_by_message(building: World) -> None:
    """CI may say it itself, or Cloud Build does: either way the build is asked for."""
    pin_posts(building)
    log = built(building)

    commit = str(building.pass_tests(run=log)["commit"])
    building.settle()
    assert accepted(building, commit)

    message = {"id": "4f2a1c9e", "status": "SUCCESS", "buildTriggerId": TRIGGER, "logUrl": log}
    building.publish("test-passed", json.dumps(message | {"substitutions": {"COMMIT_SHA": commit}}).encode())
    building.settle()
    assert accepted(building, commit)
    assert building.faults.calls("cloudbuild.GetBuild") == {"cloudbuild.GetBuild": 2}


def test_a_message_that_says_success_before_the_build_does_waits(building: World) -> None:
    """Anybody who may publish can write SUCCESS into a message; Cloud Build itself is asked."""
    pin_posts(building)
    log = built(building, status="WORKING")

    commit = building.head("dev")
    message = {"id": "x", "status": "SUCCESS", "buildTriggerId": TRIGGER, "logUrl": log}
    building.publish("test-passed", json.dumps(message | {"substitutions": {"COMMIT_SHA": commit}}).encode())
    building.settle()

    assert (building.attestations, building.statuses(commit), len(building.dead_letters)) == ([], [], 1)


@pytest.mark.parametrize("code", ["UNAVAILABLE", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED"])
def test_a_build_that_cannot_be_looked_at_is_waited_for(building: World, code: str) -> None:
    """Cloud Build is away, does not let us, or has had enough of us."""
    pin_posts(building)
    building.faults.fail("cloudbuild.GetBuild", code=code)

    commit = str(building.pass_tests(run=built(building))["commit"])
    building.settle()

    assert accepted(building, commit)
    assert [r.attempt for r in building.deliveries if r.topic.endswith("/test-passed")] == [1, 2]


GITHUB: Final = RUNS["qa"]["github"]
BUILD: Final = BUILDS["qa"]["cloud_build"]


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        (None, "PRODGATE_RUNS is not set"),
        ({}, "is empty; empty means no"),
        ({"load": {"github": GITHUB}}, "has rows for load; it must have one for each of qa, and no other"),
        ({"qa": {}}, "github is missing"),
        ({"qa": {"github": GITHUB, "cloud_build": BUILD}}, "cloud_build stands beside github"),
        ({"qa": {"github": {**GITHUB, "workflow": "qa.yml"}}}, "workflow is 'qa.yml', which is not of its form"),
        ({"qa": {"github": {**GITHUB, "repository": "a/b"}}}, "the field 'repository' is unknown"),
        ({"qa": {"cloud_build": {**BUILD, "trigger": "qa"}}}, "trigger is 'qa', which is not of its form"),
        ({"qa": {"cloud_build": {**BUILD, "any": "1"}}}, "the field 'any' is unknown"),
    ],
)
def test_a_suite_without_its_row_stops_the_start(runs: Any, sentence: str) -> None:
    """It is better seen at deployment than at the first release."""
    given = variables_of(ATTEST, NOWHERE, settling_s=0) | {"PRODGATE_EVIDENCE": "required"}
    rows = {} if runs is None else {"PRODGATE_RUNS": json.dumps(runs)}

    with pytest.raises(SystemExit) as caught:
        attest_function(given | rows)

    assert sentence in str(caught.value)


@pytest.mark.parametrize("value", [None, "", "yes", "Required"])
def test_whether_evidence_is_required_is_said_on_purpose(value: str | None) -> None:
    """Nobody trusts publishers by forgetting a variable."""
    given = variables_of(ATTEST, NOWHERE, settling_s=0)
    given.pop("PRODGATE_EVIDENCE")

    with pytest.raises(SystemExit, match="it must be required or trust-publisher"):
        attest_function(given if value is None else given | {"PRODGATE_EVIDENCE": value})
