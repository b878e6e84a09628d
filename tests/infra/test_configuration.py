"""The functions start with what Terraform configures them with, which is nothing that they do not know."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from infra.staging.stage import stage
from tests.infra.terraform import ROOT, Terraform

PAGE: Final = (ROOT / "docs" / "operations.md").read_text()
FUNCTIONS: Final = sorted(path.parent.name for path in ROOT.glob("functions/*/main.py"))
Environments = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def environments(gate: Terraform) -> Environments:
    """Function → the environment variables that Terraform gave it."""
    return {
        resource["values"]["build_config"][0]["entry_point"]: resource["values"]["service_config"][0][
            "environment_variables"
        ]
        for resource in gate.resources()
        if resource["type"] == "google_cloudfunctions2_function"
    }


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every function's folder, as it is deployed."""
    out = tmp_path_factory.mktemp("configured") / "dist"
    stage(ROOT, out)
    return out


def documented(function: str) -> set[str]:
    """The variables that docs/operations.md lists for a function."""
    rows = re.findall(r"^\| (`PRODGATE_[^|]*) \| ([^|]*) \|", PAGE, re.MULTILINE)
    return {
        name
        for names, functions in rows
        if functions == "all" or function in re.findall(r"\w+", functions)
        for name in re.findall(r"PRODGATE_[A-Z_]+", names)
    }


def test_every_function_is_deployed(environments: Environments) -> None:
    """A folder that nobody deploys is a story that never happens."""
    assert sorted(environments) == FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_configured_with_nothing_but_what_is_documented_for_it(
    environments: Environments, function: str
) -> None:
    """A variable that it does not read would be believed to do something."""
    assert environments[function].keys() <= documented(function)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_with_what_terraform_gives_it(environments: Environments, dist: Path, function: str) -> None:
    """As deployed: the staged folder, and that environment alone."""
    assert _start(dist / function, environments[function]) == ""


def test_a_function_does_not_start_with_less(environments: Environments, dist: Path) -> None:
    """So the test above can fail."""
    given = {name: value for name, value in environments["receive_push"].items() if name != "PRODGATE_PROJECT"}
    assert "PRODGATE_PROJECT is not set" in _start(dist / "receive_push", given)


def _start(folder: Path, environment: dict[str, str]) -> str:
    """Import the function and answer what it complains about."""
    surroundings = {"PATH": os.environ["PATH"], **environment}
    command = [sys.executable, "-c", "import main"]
    return subprocess.run(command, cwd=folder, env=surroundings, check=False, capture_output=True, text=True).stderr
