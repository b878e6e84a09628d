"""Both builds, step by step on a clean checkout: what is planned with the kept values is what is applied."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from infra.staging.stage import stage
from tests.infra.provider.server import Provider
from tests.infra.terraform import INFRA, ROOT, surroundings

VALUES: Final = {"_STATE_BUCKET": "mdo-gate-prodgate-state", "COMMIT_SHA": "c" * 40}
# A bucket is a folder here.
_GCLOUD: Final = """#!/usr/bin/env bash
set -euo pipefail
[ "$1 $2" = "storage cp" ]
from=${3/#gs:\\/\\//$BUCKETS/} to=${4/#gs:\\/\\//$BUCKETS/}
mkdir -p "$(dirname "$to")" && cp "$from" "$to"
"""
# The real one, with its state in a folder; a provider that it attached to is in no lock file, so that is written here.
_TERRAFORM: Final = """#!/usr/bin/env bash
set -euo pipefail
arguments=()
for argument in "$@"; do
    case $argument in
        -backend-config=*) [ "$argument" = "-backend-config=bucket=mdo-gate-prodgate-state" ] ;;
        -lockfile=readonly) [ "$(cat infra/.terraform.lock.hcl)" = "# chosen by the plan" ] ;;
        /workspace/*|-out=/workspace/*) arguments+=("${argument/\\/workspace/$PWD}") ;;
        *) arguments+=("$argument") ;;
    esac
done
case "$*" in
    *-lockfile=readonly*) ;;
    *" init "*) echo "# chosen by the plan" > infra/.terraform.lock.hcl ;;
esac
exec "$TERRAFORM" "${arguments[@]}"
"""
_LOCAL: Final = 'terraform {{\n  backend "local" {{\n    path = "{path}"\n  }}\n}}\n'


class _Builds:
    """Two builds with nothing in common but the buckets and the state."""

    def __init__(self, folder: Path, provider: Provider) -> None:
        self.buckets = folder / "buckets"
        self._folder = folder
        programs = folder / "programs"
        programs.mkdir()
        for name, program in (("gcloud", _GCLOUD), ("terraform", _TERRAFORM)):
            (programs / name).write_text(program)
            (programs / name).chmod(0o755)
        self._environment = surroundings(folder, provider) | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "BUCKETS": str(self.buckets),
            "TERRAFORM": shutil.which("terraform") or "",
        }

    def configure(self, values: Path) -> None:
        """Put the values where bootstrap.sh puts them."""
        kept = self.buckets / VALUES["_STATE_BUCKET"]
        kept.mkdir(parents=True)
        shutil.copy(values, kept / "prodgate.auto.tfvars")

    def run(self, build: str, *steps: str, **values: str) -> str:
        """Check out, stage, run these steps of a build, and answer what they printed.

        Raises:
            AssertionError: a step failed; the message is what it said.
        """
        checkout = _checkout(self._folder / build.removesuffix(".yaml"))
        stage(ROOT, checkout / "dist")
        (checkout / "infra/local_override.tf").write_text(_LOCAL.format(path=self._folder / "state.tfstate"))
        written = {step["id"]: step for step in yaml.safe_load((ROOT / build).read_text())["steps"]}
        told = ""
        for name in steps:
            step = written[name]
            arguments = [_substituted(argument, VALUES | values) for argument in step["args"]]
            ran = subprocess.run(
                [step["entrypoint"], *arguments],
                cwd=checkout,
                env=self._environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=180,
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
            told += ran.stdout
        return told


def _checkout(folder: Path) -> Path:
    """Copy what Git tracks, and nothing that lies about here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def _substituted(argument: str, values: Mapping[str, str]) -> str:
    """Put values in as Cloud Build does, which knows no other and takes `$$` for a dollar sign."""
    return re.sub(r"\$\$|\$(_?[A-Z][A-Z_]*)", lambda found: values[found[1]] if found[1] else "$", argument)


@pytest.fixture
def builds(tmp_path: Path, provider: Provider) -> _Builds:
    """Nothing was built yet."""
    return _Builds(tmp_path, provider)


def test_a_clean_checkout_is_planned_and_applied_with_the_values_that_are_kept(builds: _Builds) -> None:
    """Neither the values nor the choice of a provider is in the repository; both come out of the state's bucket."""
    builds.configure(INFRA / "prodgate.tfvars.example")

    planned = builds.run("cloudbuild.yaml", "values", "plan", "keep")
    applied = builds.run("cloudbuild-apply.yaml", "fetch", "apply")

    [meant] = re.findall(r"Plan:.* (\d+) to import, (\d+) to add, (\d+) to change, 0 to destroy", planned)
    [done] = re.findall(r"(\d+) imported, (\d+) added, (\d+) changed, 0 destroyed", applied)
    assert done == meant


def test_a_build_for_a_pull_request_plans_nothing(builds: _Builds) -> None:
    """It has no bucket, and runs as an account without rights."""
    assert "nothing is planned" in builds.run("cloudbuild.yaml", "values", "plan", "keep", _STATE_BUCKET="")
    assert not builds.buckets.exists()
