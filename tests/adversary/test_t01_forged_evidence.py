"""T01: a stranger names a green run that proves something else. It is looked at, and proves nothing here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from local.world.names import GATE_PROJECT, PROD_PROJECT, QA_WORKFLOW, REPOSITORY
from local.world.world import World
from tests.company import POSTS, USERS_FILE, pin_posts, small_world, workload

TRIGGER: Final = "7d3f1a52-0c8e-4e57-9a6b-1f2e3d4c5b6a"
RUNS: Final = {"qa": {"github": {"workflow": QA_WORKFLOW, "event": "push", "branch": "dev"}}}
BUILDS: Final = {"qa": {"cloud_build": {"project": GATE_PROJECT, "location": "europe-west1", "trigger": TRIGGER}}}


def demanding(runs: object) -> Iterator[World]:
    """A world with an image that waits for its attestation, and for evidence."""
    variables = {"PRODGATE_EVIDENCE": "required", "PRODGATE_RUNS": json.dumps(runs)}
    with small_world(variables=variables) as fresh:
        pin_posts(fresh)
        yield fresh


@pytest.fixture(scope="module")
def company() -> Iterator[World]:
    """A world whose suite runs on GitHub; nothing that is forged here leaves a trace in it."""
    yield from demanding(RUNS)


@pytest.fixture(scope="module")
def building() -> Iterator[World]:
    """A world whose suite runs in Cloud Build."""
    yield from demanding(BUILDS)


def older(world: World) -> str:
    """A commit that dev had before."""
    return str(world.repository.get_git_commit(world.head("dev")).parents[0].sha)


def evil(world: World) -> str:
    """A run that somebody's own branch turned green, for the very commit that dev has."""
    return world.run_workflow(branch="evil")


def rerun(world: World) -> str:
    """The green first attempt of a run whose second one was red."""
    run = world.run_workflow()
    world.change_run(run, attempt=2, conclusion="failure")
    return f"{run}/attempts/1"


FORGED: Final[dict[str, tuple[Callable[[World], str], str]]] = {
    "another workflow": (lambda w: w.run_workflow(workflow=".github/workflows/lint.yml"), "other-workflow"),
    "another commit": (lambda w: w.run_workflow(older(w)), "other-commit"),
    "a fork": (lambda w: w.run_workflow(head_repository="eve/mdo-environments", event="pull_request"), "foreign-run"),
    "a fork that is gone": (lambda w: w.run_workflow(head_repository=None), "foreign-run"),
    "another branch": (evil, "other-branch"),
    "a run by hand": (lambda w: w.run_workflow(event="workflow_dispatch"), "other-event"),
    "an older attempt": (rerun, "older-attempt"),
    "a red run": (lambda w: w.run_workflow(conclusion="failure"), "not-successful"),
    "a cancelled run": (lambda w: w.run_workflow(conclusion="cancelled"), "not-successful"),
    "no run at all": (lambda w: f"{w.run_workflow()}00", "unknown-run"),
    "another CI": (lambda _: "https://ci.mdo.example/runs/1", "foreign-run"),
    "another repository": (lambda w: w.run_workflow().replace(REPOSITORY, "eve/mdo-environments"), "foreign-run"),
    "another host": (lambda w: w.run_workflow().replace("127.0.0.1", "127.0.0.2"), "foreign-run"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_green_run_of_something_else_attests_nothing(company: World, what: str) -> None:
    """Whoever may publish may name any run; each is looked at, before anything is signed."""
    make, reason = FORGED[what]
    company.rejected.clear()
    before = company.lasting_state()

    company.pass_tests(run=make(company))
    company.settle()

    assert [message.reason for message in company.rejected] == [reason]
    assert company.lasting_state() == before
    assert company.faults.calls("kms.AsymmetricSign") == {}


def test_a_true_run_for_dev_does_not_carry_a_claim_about_another_commit(company: World) -> None:
    """The run is real and green, and its commit is not the event's."""
    company.rejected.clear()
    company.repository.create_git_ref("refs/heads/theirs", company.head("dev"))
    theirs = company.commit_to("theirs", {USERS_FILE: workload("evil", f"{POSTS}:v1")})

    company.pass_tests(theirs, run=company.run_workflow())
    company.settle()

    assert [message.reason for message in company.rejected] in (["other-commit"], ["not-on-dev"])
    assert company.attestations == []


def test_a_branch_that_runs_its_own_workflow_file_for_its_own_commit_attests_nothing(company: World) -> None:
    """Everything fits but that dev never held the commit."""
    company.rejected.clear()
    company.repository.create_git_ref("refs/heads/own", company.head("dev"))
    own = company.commit_to("own", {USERS_FILE: workload("evil", f"{POSTS}:v1"), QA_WORKFLOW: b"on: push\n"})

    company.pass_tests(own, run=company.run_workflow(own))
    company.settle()

    assert [message.reason for message in company.rejected] == ["not-on-dev"]
    assert company.attestations == []


def built(world: World, commit: str | None = None, **changed: object) -> str:
    """Have Cloud Build build a commit (the head of dev); answer the build's log."""
    provenance = {"resolvedGitSource": {"revision": commit or world.head("dev")}}
    build = {"buildTriggerId": TRIGGER, "sourceProvenance": provenance, **changed}
    return str(world.cloud.builds.add(GATE_PROJECT, "europe-west1", build)["logUrl"])


def elsewhere(world: World) -> str:
    """A build in a project that is not the configured one."""
    provenance = {"resolvedGitSource": {"revision": world.head("dev")}}
    build = {"buildTriggerId": TRIGGER, "sourceProvenance": provenance}
    return str(world.cloud.builds.add(PROD_PROJECT, "europe-west1", build)["logUrl"])


FORGED_BUILDS: Final[dict[str, tuple[Callable[[World], str], str]]] = {
    "another trigger": (lambda w: built(w, buildTriggerId="00000000-0000-0000-0000-000000000000"), "other-workflow"),
    "submitted by hand": (lambda w: built(w, buildTriggerId=""), "other-workflow"),
    "another commit": (lambda w: built(w, older(w)), "other-commit"),
    "a commit in a substitution only": (
        lambda w: built(w, sourceProvenance={}, substitutions={"COMMIT_SHA": w.head("dev")}),
        "other-commit",
    ),
    "a failure": (lambda w: built(w, status="FAILURE"), "not-successful"),
    "another project": (elsewhere, "unknown-run"),
    "a run on GitHub": (lambda w: w.run_workflow(), "foreign-run"),
}


@pytest.mark.parametrize("what", FORGED_BUILDS)
def test_a_green_build_of_something_else_attests_nothing(building: World, what: str) -> None:
    """The same for Cloud Build, whose own word about trigger and source counts, and no substitution."""
    make, reason = FORGED_BUILDS[what]
    building.rejected.clear()

    building.pass_tests(run=make(building))
    building.settle()

    assert [message.reason for message in building.rejected] == [reason]
    assert building.attestations == []
    assert building.faults.calls("kms.AsymmetricSign") == {}
