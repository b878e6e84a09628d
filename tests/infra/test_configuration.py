"""The functions start with what Terraform configures them with, which is nothing that they do not know.

Not with the example's variables alone: with each configuration that people choose, all of it is made from nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from infra.staging.stage import stage
from tests.infra.configurations import CHOICES
from tests.infra.deployer import may_listen, missing
from tests.infra.provider.server import Provider
from tests.infra.rights import GATE, rights
from tests.infra.terraform import INFRA, ROOT, Terraform

PAGE: Final = (ROOT / "docs" / "operations.md").read_text()
FUNCTIONS: Final = sorted(path.parent.name for path in ROOT.glob("functions/*/main.py"))
EXAMPLE: Final = "the example"
CONFIGURATIONS: Final = (EXAMPLE, *CHOICES)
# Imports each function's main.py with its environment, all in one process, which starts for a second.
_STARTED: Final = """
import importlib, json, os, sys
told = {}
for function, environment in json.load(sys.stdin).items():
    os.environ.update(environment)
    try:
        importlib.import_module(f"functions.{function}.main")
    except SystemExit as refused:
        told[function] = str(refused)
    for name in environment:
        del os.environ[name]
print(json.dumps(told))
"""
QA: Final = {"github": {"workflow": ".github/workflows/qa.yml"}}
CVE: Final = {"cve": "CVE-2026-1234", "until": "2026-12-31", "owner": "dana"}
WORKFLOW: Final = {
    "repository_id": "1234567890",
    "job_workflow_ref": "mdo/release-ci/.github/workflows/qa.yml@refs/heads/main",
}
Made = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def made(gate: Terraform, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Answer what is made with a configuration, in projects that have only what Google puts there."""

    @cache
    def resources(name: str) -> list[dict[str, Any]]:
        if name == EXAMPLE:
            return gate.resources()
        folder = tmp_path_factory.mktemp("chosen")
        stage(ROOT, folder / "dist")
        terraform = Terraform(folder, provider, variables=INFRA / "prodgate.tfvars.example")
        terraform.set(CHOICES[name])
        terraform.apply()
        return terraform.resources()

    return resources


def environments(resources: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Function → the environment variables that Terraform gave it."""
    return {
        resource["values"]["build_config"][0]["entry_point"]: resource["values"]["service_config"][0][
            "environment_variables"
        ]
        for resource in resources
        if resource["type"] == "google_cloudfunctions2_function"
    }


def documented(function: str) -> set[str]:
    """The variables that docs/operations.md lists for a function."""
    rows = re.findall(r"^\| (`PRODGATE_[^|]*) \| ([^|]*) \|", PAGE, re.MULTILINE)
    return {
        name
        for names, functions in rows
        if functions == "all" or function in re.findall(r"\w+", functions)
        for name in re.findall(r"PRODGATE_[A-Z_]+", names)
    }


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_function_starts_with_what_it_is_given_and_is_given_nothing_else(made: Made, name: str) -> None:
    """What a function does not read would be believed to work."""
    given = environments(made(name))

    webhooks = CHOICES.get(name, {}).get("webhooks", ["docker-hub"])
    assert sorted(given) == [function for function in FUNCTIONS if webhooks or function != "receive_push"]
    for function, environment in given.items():
        assert environment.keys() <= documented(function), function
    assert _complaints(given) == {}


def test_every_function_starts_as_it_is_deployed(made: Made, tmp_path: Path) -> None:
    """The staged folder, and the example's environment alone."""
    dist = tmp_path / "dist"
    stage(ROOT, dist)
    for function, environment in environments(made(EXAMPLE)).items():
        command = [sys.executable, "-c", "import main"]
        surroundings = {"PATH": os.environ["PATH"], **environment}
        ran = subprocess.run(
            command, cwd=dist / function, env=surroundings, check=False, capture_output=True, text=True
        )
        assert ran.stderr == "", function


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_configuration_gives_no_right_twice_and_the_deployer_enough(made: Made, name: str) -> None:
    """Two resources that own one binding: removing either takes it from both.

    Enough: of each resource, in each project, a plan by the deployer is refused nothing, and an apply neither.
    """
    given = Counter((r.who, r.role, r.kind, r.place, r.condition) for r in rights(made(name)))

    assert [right for right, times in given.items() if times > 1] == []
    assert missing(made(name)) == []


def test_the_deployer_may_subscribe_to_whatever_topic_wakes_a_function(made: Made) -> None:
    """Artifact Registry and Cloud Build publish in their own projects."""
    resources = made("everything")
    topics = {each["values"]["topic"] for each in resources if each["type"] == "google_pubsub_subscription"}

    assert {topic.split("/")[1] for topic in topics} == {GATE, "mdo", "mdo-ci"}
    assert [topic for topic in topics if not may_listen(resources, topic)] == []


@pytest.mark.parametrize("function", FUNCTIONS)
def test_whatever_is_documented_for_a_function_can_be_configured_here(made: Made, function: str) -> None:
    """With every variable set, nothing that the page lists is left out; a person would have to change Terraform."""
    given = environments(made("everything"))[function]
    stand_ins = {name for name in documented(function) if name.endswith(("_ENDPOINT", "_ENDPOINTS"))}

    left_out = documented(function) - stand_ins - given.keys() - {"PRODGATE_GITHUB_TOKEN_SECRET"}  # there is an App
    assert left_out == ({"PRODGATE_DEV_BRANCH"} if function == "confirm_prod" else set())  # it reads prod's alone


def test_a_function_does_not_start_with_less(made: Made) -> None:
    """So the tests above can fail."""
    given = {
        name: value for name, value in environments(made(EXAMPLE))["receive_push"].items() if name != "PRODGATE_PROJECT"
    }
    assert "PRODGATE_PROJECT is not set" in _complaints({"receive_push": given})["receive_push"]


# Several slips at a time, since each plan takes seconds; no two of one variable that hide each other.
SLIPS: Final[tuple[tuple[dict[str, Any], tuple[str, ...]], ...]] = (
    (
        {
            "settings": {
                "atest_images": {"PRODGATE_LOG_LEVEL": "DEBUG"},
                "pin_manifests": {"PRODGATE_LOG_LEVLE": "DEBUG"},
                "attest_images": {"PRODGATE_DEADLINE_S": "50"},
            },
            "suites": {
                "release": {**QA, "vulnerabilities": {"mode": "on"}},
                "qa": {**QA, "vulnerabilities": {"mode": "warn", "allow": [{**CVE, "until": "2026-13-01"}]}},
            },
            "attestations": {"children": "all", "payload": "dsse", "replace": "always"},
            "releases": {
                "strategy": "merge",
                "protection": "off",
                "pull_request": {"body": "$summary", "runbook": "http://mdo.example"},
            },
            "github_tests": {"QA": {**WORKFLOW, "topic": "attestation-complete"}},
        },
        (
            "no such function",
            "would not read one of them",
            "below 50",
            "statuses of prodgate's own",
            "mode is off, warn",
            "until which it counts",
            "named or runnable",
            "json or pae",
            "never or delete-and-create",
            "snapshot or branch",
            "warn or enforce",
            "$summary and $promise",
            "https address",
            "2 to 13",
            "prod-tests-finished",
        ),
    ),
    (
        {
            "settings": {
                "pin_manifests": {"PRODGATE_ATTESTORS_KEPT_S": "1"},
                "attest_images": {"PRODGATE_DEADLINE_S": "soon"},
            },
            "suites": {"qa": {**QA, "vulnerabilities": {"mode": "warn", "block": ["log4shell"]}}},
        },
        ("would not read one of them", "below 50", "what is blocked"),
    ),
    (
        {
            "settings": {
                "open_prod_pr": {"PRODGATE_STRATEGY": "branch"},
                "attest_images": {"PRODGATE_DEADLINE_S": "0"},
            },
            "suites": {"QA": QA},
        },
        ("a variable of its own here", "below 50", "lower-case letters"),
    ),
)


@pytest.mark.parametrize(("variables", "says"), SLIPS)
def test_a_slip_is_refused_at_the_plan(gate: Terraform, variables: dict[str, Any], says: tuple[str, ...]) -> None:
    """And not found out by a function that does not start, or does what nobody meant."""
    gate.set(variables)
    try:
        told = gate.run("plan", "-input=false", "-no-color", "-refresh=false", expect=(1,))
    finally:
        gate.set({})
    read = re.sub(r"[\s│]+", " ", told)
    assert [each for each in says if each not in read] == []


def _complaints(given: dict[str, dict[str, str]]) -> dict[str, str]:
    """Configure each function in a process of its own, and answer what those say that would not start."""
    ran = subprocess.run(
        [sys.executable, "-c", _STARTED], cwd=ROOT, input=json.dumps(given), check=True, capture_output=True, text=True
    )
    told: dict[str, str] = json.loads(ran.stdout)
    return told
