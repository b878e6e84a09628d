"""docs/runbooks/disaster.md, where a region is gone: what Terraform forgets, it does not try to reach any more."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from infra.staging.stage import stage
from tests.infra.provider.server import Provider
from tests.infra.terraform import INFRA, ROOT, Terraform, surroundings
from tests.operations.runbook import Page

_PAGE: Final = Page(ROOT / "docs/runbooks/disaster.md")
_ELSEWHERE: Final = "us-east4"


def _forget(section: str, folder: Path, provider: Provider) -> None:
    """Paste the page's line that lets Terraform forget, without the apply behind it."""
    [block] = [block for block in _PAGE.lines(section) if "state rm" in block]
    lines, apply = block.rstrip().rsplit("\n", 1)
    assert apply == "terraform -chdir=infra apply"
    pasted = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", lines],
        cwd=folder,
        env=surroundings(folder, provider),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert pasted.returncode == 0, pasted.stderr


@pytest.fixture
def gate_of_its_own(tmp_path: Path, provider: Provider) -> Terraform:
    """The example's gate, applied."""
    stage(ROOT, tmp_path / "dist")
    terraform = Terraform(tmp_path, provider, variables=INFRA / "prodgate.tfvars.example")
    terraform.apply()
    return terraform


def test_in_another_region_nothing_of_the_lost_one_is_touched(
    gate_of_its_own: Terraform, tmp_path: Path, provider: Provider
) -> None:
    """Everything that was there is made again elsewhere, and the apply asks the lost region for nothing."""
    _forget("the-region-is-lost", tmp_path, provider)
    _forget("the-key-is-lost", tmp_path, provider)
    left = gate_of_its_own.resources()
    gate_of_its_own.set({"region": _ELSEWHERE})

    assert [each["address"] for each in left if _at(each["values"]) == "us-central1"] == []
    gate_of_its_own.apply()
    made = {_at(each["values"]) for each in gate_of_its_own.resources()}
    assert _ELSEWHERE in made
    assert "us-central1" not in made


def _at(values: dict[str, object]) -> object:
    """Where something is: its own location, or that of the key that it hangs on."""
    key = re.search(r"/locations/([\w-]+)/keyRings/", str(values.get("key_ring") or values.get("crypto_key_id") or ""))
    return key[1] if key else values.get("location") or values.get("region")
