"""The build that Cloud Build runs: pinned, hashed, in order, and made of targets that exist."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from infra.staging.lock import RUNTIME_PYTHON
from tests.infra.conftest import ROOT

MAKEFILE: Final = ROOT / "Makefile"


BUILDS: Final = ("cloudbuild.yaml", "cloudbuild-apply.yaml")
TERRAFORM: Final = "hashicorp/terraform:1.11.4"
GCLOUD: Final = "gcr.io/google.com/cloudsdktool/google-cloud-cli:528.0.0-slim"


def _steps(build: str = "cloudbuild.yaml") -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = yaml.safe_load((ROOT / build).read_text())["steps"]
    return steps


def _all_steps() -> list[dict[str, Any]]:
    return [step for build in BUILDS for step in _steps(build)]


def _command(step: dict[str, Any]) -> str:
    return " ".join([step["entrypoint"], *step["args"]])


def _targets() -> set[str]:
    return {
        target
        for step in _all_steps()
        for run in re.findall(r"\bmake ([a-z -]+)", _command(step))
        for target in run.split()
    }


def test_every_step_of_python_runs_on_the_python_of_the_functions() -> None:
    """Pinned to the patch level, so that a build can be repeated; the others are Terraform's and Google's own."""
    for step in _all_steps():
        ours = re.fullmatch(rf"python:{re.escape(RUNTIME_PYTHON)}\.\d+-[a-z]+", step["name"])
        assert ours or step["name"] in {TERRAFORM, GCLOUD}, step["id"]


def test_every_image_is_named_by_its_version() -> None:
    """A tag that moves brings another program into a build that nobody changed, as the deployer."""
    for step in _all_steps():
        assert re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+\.\d+(-[a-z]+)?", step["name"]), step["id"]


def test_everything_is_installed_with_hashes() -> None:
    """No pip command of the builds takes what is not locked."""
    installs = [line for step in _all_steps() for line in _command(step).splitlines() if "pip install" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)


def test_each_step_waits_for_steps_before_it() -> None:
    """Cloud Build refuses a wait for a step that comes later; `-` waits for none."""
    for build in BUILDS:
        before: set[str] = {"-"}
        for step in _steps(build):
            assert set(step.get("waitFor", [])) <= before
            before.add(step["id"])


def test_what_is_planned_passed_every_check_and_what_is_applied_was_planned() -> None:
    """The plan is kept under its commit, and the other build applies that file and no plan of its own."""
    waits = {step["id"]: step.get("waitFor") for step in _steps()}
    assert set(waits["stage"]) == {"lint", "types", "test", "scan"}
    assert (waits["plan"], waits["keep"]) == (["stage", "values"], ["plan"])
    commands = {step["id"]: _command(step) for step in _all_steps()}
    kept = "gs://$_STATE_BUCKET/plans/$COMMIT_SHA.tfplan"
    assert kept in commands["keep"]
    assert kept in commands["fetch"]
    assert "apply -input=false /workspace/prodgate.tfplan" in commands["apply"]
    assert [step["id"] for step in _all_steps() if re.search(r"terraform\b.* apply\b", _command(step))] == ["apply"]
    assert _steps("cloudbuild-apply.yaml")[-1]["args"][0] == "infra/after_apply.sh"


def test_the_builds_run_all_checks() -> None:
    """Those that a laptop runs, and what asks PyPI about vulnerabilities."""
    assert _targets() == {"lint", "types", "test", "infra-check", "audit", "stage"}


def test_the_build_calls_make_targets_that_exist() -> None:
    """What a person runs and what the build runs are the same commands."""
    defined = set(re.findall(r"^([a-z-]+):", MAKEFILE.read_text(), re.MULTILINE))
    assert _targets() <= defined
