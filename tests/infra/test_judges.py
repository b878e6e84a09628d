"""infra/judges.py: a judge that is not there is told of, and fails where every one is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra import judges
from tests.infra.terraform import ROOT


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .venv-infra without a program."""
    monkeypatch.setattr(judges, "_PROGRAMS", tmp_path)
    monkeypatch.delenv("PRODGATE_EVERY_JUDGE", raising=False)


@pytest.mark.usefixtures("nothing_installed")
def test_on_a_laptop_only_what_go_builds_may_be_left_out() -> None:
    """In so many words."""
    verdicts = {command[0]: judges.judge(command) for command in judges.judges()}

    assert {name for name, (good, _) in verdicts.items() if good} == {"actionlint"}
    assert all("left out" in told for _, told in verdicts.values())


@pytest.mark.usefixtures("nothing_installed")
def test_where_every_judge_is_asked_for_none_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A green check that looked at nothing is worse than a red one."""
    monkeypatch.setenv("PRODGATE_EVERY_JUDGE", "1")

    assert [command[0] for command in judges.judges() if judges.judge(command)[0]] == []


def test_ci_asks_for_every_judge() -> None:
    """It has Go, and all the rest is locked."""
    assert "PRODGATE_EVERY_JUDGE=1 make -s infra-check" in (ROOT / ".ci/run").read_text().splitlines()
