"""The workflow's own scripts: they wait, they prove who they are, they publish, and nobody else gets in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from local.world.names import REPOSITORY
from local.world.world import World
from tests.company import pin_posts
from tests.examples.github import ACCOUNT, CLAIMS, PROVIDER, Surroundings
from tests.operations.declared import ROOT

EXAMPLES: Final = ROOT / "docs/examples"
CALLER: Final = yaml.safe_load((EXAMPLES / "environments/.github/workflows/qa.yml").read_text())
REUSABLE: Final = yaml.safe_load((EXAMPLES / "release-ci/.github/workflows/qa.yml").read_text())
JOBS: Final[dict[str, Any]] = REUSABLE["jobs"]
SHA: Final = "c" * 40
needs_curl = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="curl and jq are not installed (apt install curl jq)"
)


@pytest.fixture
def outside() -> Iterator[Surroundings]:
    """GitHub's tokens, Google's exchange, Argo CD."""
    with Surroundings() as surroundings:
        yield surroundings


def run(step: str, outside: Surroundings, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as the runner does, with the job's environment and these variables over it."""
    [(job, found)] = [(job, s) for job in JOBS.values() for s in job["steps"] if s.get("id") == step]
    environment = {**REUSABLE["env"], **job.get("env", {}), **found.get("env", {})}
    environment |= {"PATH": os.environ["PATH"], "GITHUB_SHA": SHA, "GITHUB_REPOSITORY": REPOSITORY}
    environment |= {"ARGOCD": outside.url, "ARGOCD_TOKEN": "token-of-argocd", **variables}
    return subprocess.run(
        ["bash", "-e", "-c", found["run"]], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def publish(outside: Surroundings, world: World, commit: str) -> subprocess.CompletedProcess[str]:
    """Run the last job, with the stand-ins as Google."""
    return run(
        "publish",
        outside,
        GITHUB_SHA=commit,
        GITHUB_SERVER_URL="https://github.com",
        GITHUB_RUN_ID="42",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="token-of-the-job",
        ACTIONS_ID_TOKEN_REQUEST_URL=f"{outside.url}/github?api-version=2.0",
        STS=outside.url,
        IAM=outside.url,
        PUBSUB=world.cloud.google.http_url,
    )


@needs_curl
def test_what_the_workflow_publishes_becomes_a_release(outside: Surroundings, world: World) -> None:
    """GitHub's word, exchanged twice, publishes the one event; the pull request comes of it."""
    pin_posts(world)
    commit = world.head("dev")

    done = publish(outside, world, commit)
    world.settle()

    assert done.returncode == 0, done.stderr
    [event] = [json.loads(d.data) for d in world.deliveries if d.topic.endswith("/test-passed")]
    assert event == {
        "suite": "qa",
        "outcome": "success",
        "repository": REPOSITORY,
        "commit": commit,
        "run": f"https://github.com/{REPOSITORY}/actions/runs/42",
    }
    assert len(world.pull_requests) == 1


@needs_curl
@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("repository_id", "666"),
        ("ref", "refs/heads/feature"),
        ("event_name", "workflow_dispatch"),
        ("job_workflow_ref", "mdo/mdo-environments/.github/workflows/qa.yml@refs/heads/dev"),
        ("job_workflow_ref", "mdo/release-ci/.github/workflows/qa.yml@refs/heads/mine"),
    ],
)
def test_nobody_else_gets_in(outside: Surroundings, world: World, claim: str, value: str) -> None:
    """Another repository, branch, event or workflow is refused at the exchange, and nothing is published."""
    outside.claims[claim] = value

    done = publish(outside, world, world.head("dev"))
    world.settle()

    assert done.returncode != 0
    assert outside.given_out
    assert world.deliveries == []


@needs_curl
def test_no_token_is_printed_but_to_be_masked(outside: Surroundings, world: World) -> None:
    """A log of Actions is read by whoever may read the repository."""
    done = publish(outside, world, world.head("dev"))

    shown = [line for line in done.stdout.splitlines() if not line.startswith("::add-mask::")]
    secrets = [*outside.given_out, "token-of-the-job", "federated", '"access"']
    assert not [s for s in secrets if s in "\n".join(shown) + done.stderr]


def _application(revision: str, sync: str = "Synced", health: str = "Healthy") -> dict[str, Any]:
    return {"sync": {"revision": revision, "status": sync}, "health": {"status": health}}


@needs_curl
def test_it_waits_until_argo_cd_has_deployed_the_commit(outside: Surroundings) -> None:
    """Synced and healthy, and that very commit; until then it asks again."""
    outside.applications += [
        _application("b" * 40),
        _application(SHA, "OutOfSync"),
        _application(SHA, health="Degraded"),
    ]
    outside.applications.append(_application(SHA))

    done = run("wait", outside, EVERY_S="0")

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(outside.applications) == 1


@needs_curl
@pytest.mark.parametrize("seen", [_application("b" * 40), _application(SHA, health="Progressing"), None])
def test_what_was_never_deployed_is_never_tested(outside: Surroundings, seen: dict[str, Any] | None) -> None:
    """Another commit, one that does not come up, or an Argo CD that does not answer: the run fails."""
    outside.applications += [seen] if seen else []

    done = run("wait", outside, EVERY_S="0", WITHIN_S="0")

    assert done.returncode == 1
    assert "::error::" in done.stdout


@needs_curl
@pytest.mark.parametrize(("revision", "code"), [(SHA, 0), ("d" * 40, 1)])
def test_tests_of_a_mixture_do_not_count(outside: Surroundings, revision: str, code: int) -> None:
    """A newer commit came while they ran."""
    outside.applications.append(_application(revision))

    assert run("look", outside).returncode == code


def test_only_the_last_job_can_prove_who_it_is() -> None:
    """Tests run code of the application: a token there would let it say that it passed."""
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "deployed": {},
        "test": {},
        "still-deployed": {},
        "publish": {"id-token": "write"},
    }
    assert [JOBS[name].get("needs") for name in ("deployed", "test", "still-deployed", "publish")] == [
        None,
        "deployed",
        "test",
        "still-deployed",
    ]
    assert (CALLER["permissions"], REUSABLE["permissions"]) == ({}, {})


def test_no_action_of_others_is_used_and_nothing_is_given_in() -> None:
    """What is not there cannot be taken over; without inputs the caller cannot choose what is tested or who is told."""
    steps = [step for job in JOBS.values() for step in job["steps"]]

    assert not [step for step in steps if "uses" in step]
    assert "inputs" not in REUSABLE[True]["workflow_call"]  # YAML 1.1 reads the key `on` as true
    assert not [step for step in steps if "${{" in step["run"]]


def test_the_examples_agree_with_each_other_and_with_infra() -> None:
    """The workflow that is called is the one that Google lets in, as the accounts are the ones that infra makes."""
    assert f"{CALLER['jobs']['qa']['uses'].partition('@')[0]}@refs/heads/main" == CLAIMS["job_workflow_ref"]
    assert CLAIMS["job_workflow_ref"] in (ROOT / "infra/prodgate.tfvars.example").read_text()
    assert JOBS["publish"]["env"]["IDENTITY_PROVIDER"] == PROVIDER
    assert JOBS["publish"]["env"]["SERVICE_ACCOUNT"] == ACCOUNT
