"""The build that Cloud Build runs: pinned, hashed, in order, and made of targets that exist."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

from infra.staging.lock import RUNTIME_PYTHON
from tests.infra.conftest import ROOT

MAKEFILE: Final = ROOT / "Makefile"


def _steps() -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())["steps"]
    return steps


def _command(step: dict[str, Any]) -> str:
    return " ".join([step["entrypoint"], *step["args"]])


def _targets() -> set[str]:
    return {target for step in _steps() for target in re.findall(r"\bmake ([a-z-]+)", _command(step))}


def test_every_step_runs_on_the_python_of_the_functions() -> None:
    """Pinned to the patch level, so that a build can be repeated."""
    for step in _steps():
        assert re.fullmatch(rf"python:{re.escape(RUNTIME_PYTHON)}\.\d+-[a-z]+", step["name"]), step["id"]


def test_everything_is_installed_with_hashes() -> None:
    """No pip command of the build takes what is not locked."""
    installs = [line for step in _steps() for line in _command(step).splitlines() if "pip install" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)


def test_each_step_waits_for_steps_before_it_and_staging_for_all_checks() -> None:
    """Cloud Build refuses a wait for a step that comes later."""
    steps = _steps()
    before: set[str] = set()
    for step in steps:
        assert set(step.get("waitFor", [])) <= before
        before.add(step["id"])
    assert set(steps[-1]["waitFor"]) == {"lint", "types", "test"}


def test_the_build_runs_all_checks() -> None:
    """The four that a laptop runs."""
    assert _targets() == {"lint", "types", "test", "stage"}


def test_the_build_calls_make_targets_that_exist() -> None:
    """What a person runs and what the build runs are the same commands."""
    defined = set(re.findall(r"^([a-z-]+):", MAKEFILE.read_text(), re.MULTILINE))
    assert _targets() <= defined
