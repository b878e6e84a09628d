"""infra/ is what Terraform and the provider's schema accept, from the first apply on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra.provider.extract import used
from tests.infra.provider.schema import arguments
from tests.infra.provider.server import Provider
from tests.infra.terraform import INFRA, Terraform

needs_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")


@needs_terraform
def test_every_file_is_formatted() -> None:
    """As `terraform fmt` does it."""
    subprocess.run(["terraform", "fmt", "-check", "-recursive", str(INFRA)], check=True, capture_output=True)


def test_the_provider_s_arguments_are_on_file_for_every_type_in_use_and_no_other() -> None:
    """Each with the page of the documentation that names them; `python -m tests.infra.provider.extract` writes them."""
    known = arguments()
    assert {(kind, name.removeprefix("google_")) for kind in known for name in known[kind]} == set(used())
    for kind in known.values():
        assert all("/hashicorp/google/7.4" in entry["source"] for entry in kind.values())


def test_what_was_applied_is_valid_and_needs_no_second_apply(gate: Terraform) -> None:
    """Names, types, references and cycles are judged by Terraform itself; a plan after the apply is empty."""
    assert "The configuration is valid." in gate.run("validate", "-no-color")
    assert gate.changes() == ""


@pytest.mark.parametrize("last", ['"sts",', '"containeranalysis",\n    "logging",'], ids=["gate", "prod"])
def test_one_more_api_changes_nothing_else(gate: Terraform, last: str) -> None:
    """Otherwise numbers and public keys are unknown until the apply, and rights and attestors are made anew."""
    with gate.edited("main.tf", last, f'"translate",\n    {last}'):
        assert "Plan: 1 to add, 0 to change, 0 to destroy." in gate.changes()


@pytest.mark.parametrize("module", ["modules/cloud-build-example", "modules/gke-example"])
def test_what_the_root_does_not_use_is_valid_too(tmp_path: Path, provider: Provider, module: str) -> None:
    """An example that cannot be planned helps nobody."""
    assert "The configuration is valid." in Terraform(tmp_path, provider, root=module).run("validate", "-no-color")
