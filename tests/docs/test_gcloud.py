"""Every gcloud command of the documents is one that gcloud has, down to the flags."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.commands import ROOT, commands


def test_commands_are_found_wherever_they_stand() -> None:
    """In a pipe, in a loop, in `$(…)` and in a sentence; with what a person fills in as in the example."""
    lines = [command.line for command in commands()]

    assert "gcloud secrets versions add github-open-prod-pr --project=mdo-gate --data-file=x/open-prod-pr.pem" in lines
    assert "gcloud pubsub subscriptions update x --push-endpoint=" in lines
    assert "gcloud pubsub subscriptions seek test-passed-push --time=2026-11-22T18:00:00Z" in lines
    assert "gcloud run services get-iam-policy attest-images" in lines
    assert any(line.startswith("gcloud kms keys versions list --key=x") for line in lines)
    assert {command.page.relative_to(ROOT).parts[0] for command in commands()} >= {"docs", "infra", "README.md"}


def test_every_pattern_of_a_filter_is_quoted() -> None:
    """Without quotes gcloud reads parentheses as its own, and silently lists nothing."""
    filters = [command.flags["filter"] for command in commands() if "filter" in command.flags]

    assert any("~" in given for given in filters)
    assert [given for given in filters if re.search(r"~[^\"]", given)] == []


@pytest.mark.gcloud
@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed")
def test_every_command_is_one_that_gcloud_knows(tmp_path: Path) -> None:
    """A flag that does not exist is found out in the middle of an incident; gcloud's own linter reads all of them."""
    lines = sorted({command.line for command in commands()})
    # What is only named in a sentence, without arguments, is the beginning of one that stands elsewhere.
    whole = [line for line in lines if not any(other.startswith(f"{line} ") for other in lines)]
    listed = tmp_path / "commands.json"
    listed.write_text(json.dumps([{"command_string": line} for line in whole]))
    ran = subprocess.run(
        ["gcloud", "meta", "lint-gcloud-commands", f"--commands-file={listed}"],
        env={**os.environ, "CLOUDSDK_CONFIG": str(tmp_path / "gcloud"), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"},
        capture_output=True,
        check=True,
    )

    verdicts = json.loads(ran.stdout)
    assert len(verdicts) == len(whole) > 50
    assert [(each["command_string"], each["error_message"]) for each in verdicts if not each["success"]] == []
