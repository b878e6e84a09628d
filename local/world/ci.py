"""What CI says: the claims that it publishes, and the runs that GitHub has of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.github.server import GitHubStandIn
from local.world.names import REPOSITORY


def tests_passed(commit: str, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Write test-passed about a commit of dev."""
    run = "https://ci.mdo.example/runs/1"
    event = {"suite": "qa", "outcome": "success", "repository": REPOSITORY, "commit": commit, "run": run}
    return event | dict(changed)


def prod_tests_finished(commit: str, changed: Mapping[str, Any]) -> dict[str, Any]:
    """Write prod-tests-finished about a commit of prod."""
    run = "https://ci.mdo.example/prod/1"
    event = {"suite": "smoke", "repository": REPOSITORY, "commit": commit, "run": run, "verdict": "passed"}
    return event | dict(changed)


def run_workflow(github: GitHubStandIn, workflow: str, commit: str, changed: Mapping[str, Any]) -> str:
    """Have GitHub run a workflow; answer the run's URL, by https as events name it."""
    run = github.run_workflow(REPOSITORY, workflow, commit, **changed)
    return f"{github.url.replace('http://', 'https://')}/{REPOSITORY}/actions/runs/{run.id}"


def change_run(github: GitHubStandIn, url: str, changed: Mapping[str, Any]) -> None:
    """Let the run that a URL names go on."""
    github.change_run(REPOSITORY, int(url.rpartition("/")[2]), **changed)
