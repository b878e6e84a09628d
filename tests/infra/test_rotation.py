"""docs/runbooks/key-rotation.md: each of its applies changes what the page says, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from infra.staging.stage import stage
from tests.infra.provider.server import Provider
from tests.infra.terraform import INFRA, ROOT, Terraform

_PAGE: Final = (ROOT / "docs/runbooks/key-rotation.md").read_text()


class _Rotated:
    """A gate of its own, since keys are changed in it."""

    def __init__(self, folder: Path, provider: Provider) -> None:
        stage(ROOT, folder / "dist")
        self.terraform = Terraform(folder, provider, variables=INFRA / "prodgate.tfvars.example")
        self._row = folder / "infra" / "row.auto.tfvars"
        self.terraform.apply()

    def edit(self, row: str) -> list[str]:
        """Set the suite's row, and answer the addresses of what the next apply would change."""
        self._row.write_text(row)
        told = self.terraform.changes()
        assert re.search(r"Plan: 0 to add, \d+ to change, 0 to destroy", told), told
        return re.findall(r"# (\S+) will be updated in-place", told)

    def trusted(self) -> list[str]:
        """List the key versions that the suite's attestor trusts."""
        [note] = self._all("binary_authorization_attestor", "name", "quality-assurance-attestor")[0][
            "attestation_authority_note"
        ]
        return [key["id"] for key in note["public_keys"]]

    def signs(self) -> str:
        """Answer the key version that attest_images signs with."""
        [function] = self._all("cloudfunctions2_function", "name", "attest-images")
        suites = json.loads(function["service_config"][0]["environment_variables"]["PRODGATE_SUITES"])
        return str(suites["qa"]["key_version"])

    def _all(self, kind: str, attribute: str, wanted: str) -> list[dict[str, Any]]:
        made = self.terraform.resources()
        found = [each["values"] for each in made if each["type"] == f"google_{kind}"]
        return [values for values in found if values[attribute] == wanted]


@pytest.fixture
def gate_of_its_own(tmp_path: Path, provider: Provider) -> _Rotated:
    """The example's gate, applied."""
    return _Rotated(tmp_path, provider)


def test_a_rotation_changes_attestor_function_and_attestor_again(gate_of_its_own: _Rotated) -> None:
    """Two versions are trusted, then the new one signs, then it alone is trusted."""
    attestor = 'module.signing["qa"].google_binary_authorization_attestor.this'
    function = 'module.function["attest_images"].google_cloudfunctions2_function.this'
    [key] = re.findall(r"^KEY=(\S+)$", _PAGE, re.MULTILINE)
    old, new = (f"{key}/cryptoKeyVersions/{version}" for version in (1, 2))
    [row] = re.findall(r"```hcl\n(.*?)```", _PAGE, re.DOTALL)

    assert gate_of_its_own.edit(row) == [attestor]
    gate_of_its_own.terraform.apply()
    assert gate_of_its_own.trusted() == [f"//cloudkms.googleapis.com/v1/{version}" for version in (old, new)]
    assert gate_of_its_own.signs() == old

    signing = row.replace("[1, 2]\n", "[1, 2]\n    signing_version = 2\n")
    assert gate_of_its_own.edit(signing) == [function]
    gate_of_its_own.terraform.apply()
    assert gate_of_its_own.signs() == new

    assert gate_of_its_own.edit(signing.replace("[1, 2]", "[2]")) == [attestor]
    gate_of_its_own.terraform.apply()
    assert gate_of_its_own.trusted() == [f"//cloudkms.googleapis.com/v1/{new}"]


def test_a_stolen_key_is_replaced_in_one_apply(gate_of_its_own: _Rotated) -> None:
    """What it signed stops to count in the same moment."""
    [row] = re.findall(r"```hcl\n(.*?)```", _PAGE, re.DOTALL)

    assert len(gate_of_its_own.edit(row.replace("[1, 2]", "[2]\n    signing_version = 2"))) == 2
    gate_of_its_own.terraform.apply()

    assert [version.rpartition("/")[2] for version in gate_of_its_own.trusted()] == ["2"]
    assert gate_of_its_own.signs().endswith("/cryptoKeyVersions/2")
