"""The suite in Cloud Build: its own scripts, and what its trigger is made with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.examples.github import Surroundings
from tests.infra.provider.server import Provider
from tests.infra.terraform import Terraform
from tests.operations.declared import ROOT

BUILD_FILE: Final = ROOT / "docs/examples/cloud-build/cloudbuild.yaml"
BUILD: Final = yaml.safe_load(BUILD_FILE.read_text())
STEPS: Final[dict[str, dict[str, Any]]] = {step["id"]: step for step in BUILD["steps"]}
SHA: Final = "c" * 40
_VARIABLES: Final = {
    "project": "mdo-ci",
    "location": "europe-west1",
    "suite": "qa",
    "repository": "projects/mdo-ci/locations/europe-west1/connections/github/repositories/mdo-environments",
    "build_file": str(BUILD_FILE),
    "argocd_token": "argocd-token",
}


@pytest.fixture
def outside() -> Iterator[Surroundings]:
    """Argo CD."""
    with Surroundings() as surroundings:
        yield surroundings


def run(step: str, outside: Surroundings, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as Cloud Build does, with these variables over the step's own."""
    given = dict(variable.replace("$COMMIT_SHA", SHA).split("=", 1) for variable in STEPS[step]["env"])
    environment = {"PATH": os.environ["PATH"], **given, "ARGOCD": outside.url, "ARGOCD_TOKEN": "token-of-argocd"}
    assert STEPS[step]["entrypoint"] == "python"
    return subprocess.run(
        [sys.executable, *STEPS[step]["args"]],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _application(revision: str, sync: str = "Synced", health: str = "Healthy") -> dict[str, Any]:
    return {"sync": {"revision": revision, "status": sync}, "health": {"status": health}}


def test_it_waits_until_argo_cd_has_deployed_the_commit(outside: Surroundings) -> None:
    """Synced and healthy, and that very commit; until then it asks again."""
    outside.applications += [
        _application("b" * 40),
        _application(SHA, "OutOfSync"),
        _application(SHA, health="Degraded"),
    ]
    outside.applications.append(_application(SHA))

    done = run("deployed", outside, EVERY_S="0")

    assert done.returncode == 0, done.stderr
    assert len(outside.applications) == 1


@pytest.mark.parametrize("seen", [_application("b" * 40), _application(SHA, health="Progressing"), {}, None])
def test_what_was_never_deployed_is_never_tested(outside: Surroundings, seen: dict[str, Any] | None) -> None:
    """Another commit, one that does not come up, an Argo CD that answers nothing or not at all: the build fails."""
    outside.applications += [] if seen is None else [seen]

    done = run("deployed", outside, EVERY_S="0", WITHIN_S="0")

    assert done.returncode == 1
    assert "Argo CD has" in done.stderr
    assert "token-of-argocd" not in done.stderr


@pytest.mark.parametrize(("revision", "code"), [(SHA, 0), ("d" * 40, 1)])
def test_tests_of_a_mixture_do_not_count(outside: Surroundings, revision: str, code: int) -> None:
    """A newer commit came while they ran: the build does not end in success, so nothing is said of it."""
    outside.applications.append(_application(revision))

    assert run("still-deployed", outside).returncode == code


def test_the_tests_come_between_two_looks_and_see_no_token() -> None:
    """Steps without `waitFor` run one after another; what is tested gets no secret, and no step publishes anything."""
    assert list(STEPS) == ["deployed", "test", "still-deployed"]
    assert not [step for step in STEPS.values() if "waitFor" in step or "allowFailure" in step]
    assert [name for name, step in STEPS.items() if "secretEnv" in step] == ["deployed", "still-deployed"]
    assert not [step for step in STEPS.values() if "pubsub" in json.dumps(step)]


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_the_trigger_holds_the_build_and_its_account_may_nothing_that_counts(tmp_path: Path) -> None:
    """No file of the repository that is tested says what is run; who runs it may write its log and read one token."""
    with Provider() as provider:
        terraform = Terraform(tmp_path, provider, root="modules/cloud-build-example")
        terraform.set(_VARIABLES)
        terraform.apply()
        made = terraform.resources()

    [trigger] = [each["values"] for each in made if each["type"] == "google_cloudbuild_trigger"]
    [build] = trigger["build"]
    [event] = trigger["repository_event_config"]
    assert not trigger["filename"]
    assert not trigger["git_file_source"]
    assert [push["branch"] for push in event["push"]] == ["^dev$"]
    assert [(step["id"], step["args"]) for step in build["step"]] == [
        (name, step["args"]) for name, step in STEPS.items()
    ]
    assert [step["secret_env"] for step in build["step"]] == [["ARGOCD_TOKEN"], None, ["ARGOCD_TOKEN"]]
    assert build["timeout"] == BUILD["timeout"]
    rights = {(each["type"], each["values"]["role"]) for each in made if each["type"].endswith("_iam_member")}
    assert rights == {
        ("google_project_iam_member", "roles/logging.logWriter"),
        ("google_secret_manager_secret_iam_member", "roles/secretmanager.secretAccessor"),
    }
