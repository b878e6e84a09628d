"""docs/deploy.md, Remove it all: the very lines, with the real Terraform, on a gate that was made."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from infra.staging.stage import stage
from tests.infra.provider.server import Provider
from tests.infra.terraform import INFRA, ROOT, Terraform, surroundings
from tests.operations.runbook import Page

_PAGE: Final = Page(ROOT / "docs" / "deploy.md")
# It lists what Google Cloud would, and remembers what it was told to remove.
_GCLOUD: Final = r"""#!/usr/bin/env bash
printf '%q ' "$@" >> "$MEMORY/calls"; echo >> "$MEMORY/calls"
case "$*" in
    "secrets list "*) cat "$MEMORY/secrets" ;;
    "kms keys list "*) cat "$MEMORY/keys" ;;
    "kms keys versions list "*)
        for flag in "$@"; do [[ $flag = --key=* ]] && echo "${flag#--key=}/cryptoKeyVersions/1"; done ;;
    "storage buckets list "*) echo gcf-v2-sources-123456789012-us-central1 ;;
esac
exit 0
"""


class _Removal:
    """A gate, and the terminal of a person who takes it down."""

    def __init__(self, folder: Path, provider: Provider) -> None:
        stage(ROOT, folder / "dist")
        self.terraform = Terraform(folder, provider, variables=INFRA / "prodgate.tfvars.example")
        self.terraform.apply()
        self._folder = folder
        programs = folder / "programs"
        programs.mkdir()
        (programs / "gcloud").write_text(_GCLOUD)
        (programs / "gcloud").chmod(0o755)
        given = surroundings(folder, provider)
        self._environment = given | {
            "PATH": f"{programs}:{given['PATH']}",
            "MEMORY": str(folder),
            "CLUSTER": "prod",
            "TF_CLI_ARGS_destroy": "-auto-approve -no-color -parallelism=50",  # a person types yes
        }
        for kind, attribute in (("secret_manager_secret", "secret_id"), ("kms_crypto_key", "id")):
            names = self.all(kind, attribute)
            (folder / {"secret_id": "secrets", "id": "keys"}[attribute]).write_text("\n".join(names) + "\n")

    def all(self, kind: str, attribute: str) -> list[str]:
        """List one attribute of everything of a type that was made."""
        made = self.terraform.resources()
        return [each["values"][attribute] for each in made if each["type"] == f"google_{kind}"]

    def paste(self, lines: str) -> subprocess.CompletedProcess[str]:
        """Paste lines into the terminal."""
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", lines],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def calls(self) -> list[str]:
        """List what gcloud was asked."""
        return [shlex.join(shlex.split(line)) for line in (self._folder / "calls").read_text().splitlines()]


@pytest.fixture
def removal(tmp_path: Path, provider: Provider) -> _Removal:
    """The example's gate, applied."""
    return _Removal(tmp_path, provider)


def test_nothing_is_left_but_what_the_page_says(removal: _Removal) -> None:
    """Secrets, every version of every key, triggers, Google's own buckets and the state go too."""
    secrets, keys = removal.all("secret_manager_secret", "secret_id"), removal.all("kms_crypto_key", "id")
    assert {key.rpartition("/")[2] for key in keys} == {"qa", "probe"}

    for lines in _PAGE.lines("remove-it-all"):
        if "undelete" not in lines:
            pasted = removal.paste(lines)
            assert pasted.returncode == 0, pasted.stdout + pasted.stderr

    assert removal.terraform.run("state", "list") == ""
    calls = removal.calls()
    assert {f"secrets delete {name} --project=mdo-gate --quiet" for name in secrets} <= set(calls)
    assert {f"kms keys versions destroy {key}/cryptoKeyVersions/1 --quiet" for key in keys} <= set(calls)
    assert [call.split()[3] for call in calls if "triggers delete" in call] == ["prodgate-plan", "prodgate-apply"]
    assert [call.split()[2] for call in calls if call.startswith("storage rm")] == [
        "gs://gcf-v2-sources-123456789012-us-central1",
        "gs://mdo-gate-prodgate-state",
    ]


def test_without_letting_go_first_nothing_is_destroyed(removal: _Removal) -> None:
    """So the first line is needed, and the drill above can fail."""
    refused = removal.paste("terraform -chdir=infra destroy")

    assert refused.returncode != 0
    assert "Instance cannot be destroyed" in refused.stderr
    assert removal.all("kms_crypto_key", "name")


def test_what_is_undeleted_is_what_was_made(removal: _Removal) -> None:
    """Pool and provider by their names, and by their addresses in the configuration."""
    [lines] = [lines for lines in _PAGE.lines("remove-it-all") if "undelete" in lines]
    made = removal.terraform.run("state", "list").splitlines()

    assert removal.all("iam_workload_identity_pool", "workload_identity_pool_id")[0] in lines
    assert removal.all("iam_workload_identity_pool_provider", "workload_identity_pool_provider_id")[0] in lines
    for address in re.findall(r"import '([^']+)'", lines):
        assert address in made
