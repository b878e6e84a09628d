"""The scripts of the first run and of each apply, with a gcloud that remembers what it made and what it was asked."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.infra.terraform import INFRA

# It answers a look for what was made already, and what the test put into its log.
_GCLOUD: Final = r"""#!/usr/bin/env bash
printf '%q ' gcloud "$@" >> "$MEMORY/calls"; echo >> "$MEMORY/calls"
case "$*" in
    *" describe "*) grep -qxF "$4 $5" "$MEMORY/made" ;;
    "pubsub topics create "*|"storage buckets create "*) echo "$4 $5" >> "$MEMORY/made" ;;
    "logging read "*) cat "$MEMORY/log" ;;
esac
"""


class _Memory:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "gcloud").write_text(_GCLOUD)
        (folder / "gcloud").chmod(0o755)
        for name in ("made", "log", "calls"):
            (folder / name).touch()

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script of infra/ with this gcloud in front of any other."""
        environment = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "MEMORY": str(self.folder),
            "PRODGATE_PROBE_PATIENCE_S": "0",
            "PRODGATE_PROBE_PAUSE_S": "0.1",
        }
        command = [str(INFRA / script), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def calls(self) -> list[str]:
        """List what gcloud was asked so far."""
        return [shlex.join(shlex.split(line)) for line in (self.folder / "calls").read_text().splitlines()]


@pytest.fixture
def memory(tmp_path: Path) -> _Memory:
    """A project in which nothing was made yet."""
    return _Memory(tmp_path)


OTHERS: Final = ("--registries=mdo,mdo-more", "--builds=mdo-ci", "--state-location=US")


def _made(calls: list[str]) -> list[str]:
    return [call for call in calls if " create " in call and "identity" not in call]


def test_the_first_run_makes_what_terraform_needs_and_the_second_nothing(memory: _Memory) -> None:
    """The topics that Google publishes to, and the bucket of the state."""
    assert memory.run("bootstrap.sh", "mdo-gate", "us-central1", "mdo-prod").returncode == 0
    assert [call.split()[4] for call in _made(memory.calls())] == [
        "gcr",
        "cloud-builds",
        "gs://mdo-gate-prodgate-state",
    ]
    again = len(memory.calls())
    assert memory.run("bootstrap.sh", "mdo-gate", "us-central1", "mdo-prod").returncode == 0
    assert _made(memory.calls()[again:]) == []


def test_what_is_configured_is_put_where_cloud_build_plans_with_it(memory: _Memory, tmp_path: Path) -> None:
    """Once there is something; before that it is said how."""
    scripts = tmp_path / "infra"
    scripts.mkdir()
    script = shutil.copy(INFRA / "bootstrap.sh", scripts)
    put = "gs://mdo-gate-prodgate-state/prodgate.auto.tfvars"
    first = memory.run(script, "mdo-gate", "us-central1")
    assert not any("storage cp" in call for call in memory.calls())
    assert put in first.stderr

    (scripts / "prodgate.auto.tfvars").touch()
    memory.run(script, "mdo-gate", "us-central1")

    [copied] = [call for call in memory.calls() if "storage cp" in call]
    assert copied == f"gcloud storage cp {scripts}/prodgate.auto.tfvars {put}"


def test_other_projects_get_the_topics_that_google_publishes_to_there(memory: _Memory) -> None:
    """Artifact Registry and Cloud Build publish in their own project, and nothing where there is no topic."""
    assert memory.run("bootstrap.sh", "mdo-gate", "us-central1", *OTHERS).returncode == 0
    topics = [call.split() for call in _made(memory.calls()) if "topics" in call]
    assert [(name, project.partition("=")[2]) for *_, name, project in topics] == [
        ("gcr", "mdo-gate"),
        ("cloud-builds", "mdo-gate"),
        ("gcr", "mdo"),
        ("gcr", "mdo-more"),
        ("cloud-builds", "mdo-ci"),
    ]


@pytest.mark.parametrize(("options", "location"), [((), "us-central1"), (("--state-location=US",), "US")])
def test_the_state_may_outlive_the_region(memory: _Memory, options: tuple[str, ...], location: str) -> None:
    """In a multi-region; what the gate itself is in is said apart from that."""
    memory.run("bootstrap.sh", "mdo-gate", "us-central1", *options)
    [bucket] = [call for call in memory.calls() if "buckets create" in call]
    assert f"--location={location}" in bucket.split()


def test_the_state_is_kept_from_the_public_and_from_mistakes(memory: _Memory) -> None:
    """It names every resource, and losing it means importing all of them by hand."""
    memory.run("bootstrap.sh", "mdo-gate", "us-central1")
    [bucket] = [call for call in memory.calls() if "buckets create" in call]
    assert {"--public-access-prevention", "--uniform-bucket-level-access"} <= set(bucket.split())
    assert any("buckets update" in call and "--versioning" in call for call in memory.calls())


@pytest.mark.parametrize(
    ("script", "given"),
    [
        ("bootstrap.sh", ["mdo-gate"]),
        ("bootstrap.sh", ["mdo-gate", "us-central1", "--registry=mdo"]),
        ("after_apply.sh", []),
    ],
)
def test_arguments_that_are_not_understood_change_nothing(memory: _Memory, script: str, given: list[str]) -> None:
    """And say what is missing."""
    refused = memory.run(script, *given)
    assert refused.returncode == 2
    assert f"usage: infra/{script} PROJECT REGION" in refused.stderr
    assert memory.calls() == []


def test_an_apply_without_a_probe_says_that_nothing_was_tried(memory: _Memory) -> None:
    """The first apply has none yet."""
    told = memory.run("after_apply.sh", "mdo-gate", "us-central1")
    assert told.returncode == 0
    assert "nothing was tried" in told.stderr


@pytest.mark.parametrize(
    ("log", "missing"),
    [("pin_manifests\nopen_prod_pr\n", ""), ("pin_manifests\n", "open_prod_pr"), ("", "pin_manifests open_prod_pr")],
)
def test_an_apply_is_good_when_both_messages_of_the_probe_came_through(memory: _Memory, log: str, missing: str) -> None:
    """Otherwise the build fails and says where they stopped."""
    (memory.folder / "made").write_text("prodgate-probe-image --project=mdo-gate\n")
    (memory.folder / "log").write_text(log)
    told = memory.run("after_apply.sh", "mdo-gate", "us-central1")
    assert (told.returncode == 0) == (missing == "")
    assert ("the probe came through" in told.stdout) == (missing == "")
    assert missing in told.stderr


@pytest.mark.gcloud
@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
def test_every_command_is_one_that_gcloud_knows(memory: _Memory, tmp_path: Path) -> None:
    """Down to the flags: gcloud's own linter reads what the scripts asked."""
    (memory.folder / "made").write_text("prodgate-probe-image --project=mdo-gate\n")
    memory.run("bootstrap.sh", "mdo-gate", "us-central1", "mdo-prod", "mdo-dev", *OTHERS)
    memory.run("after_apply.sh", "mdo-gate", "us-central1")
    commands = tmp_path / "commands.json"
    commands.write_text(json.dumps([{"command_string": call} for call in sorted(set(memory.calls()))]))
    lint = ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={commands}"]
    ran = subprocess.run(
        lint, env={**os.environ, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}, capture_output=True, check=True
    )
    verdicts = json.loads(ran.stdout)
    assert len(verdicts) > 10
    assert [(each["command_string"], each["error_message"]) for each in verdicts if not each["success"]] == []
