"""What every command has in common: its help, its exit status, and how it says what is wrong."""

from __future__ import annotations

import importlib

import pytest

from cli.__main__ import COMMANDS, main
from tests.cli.conftest import Run
from tests.cli.google import BY, FIRST, POSTS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_help_says_what_each_exit_status_means(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A script is written from it."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    shown = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert "Exit status: 0 " in shown


@pytest.mark.parametrize(
    ("defect", "status"), [(RuntimeError("boom"), 2), (KeyboardInterrupt(), 130)], ids=["a defect", "an interrupt"]
)
def test_a_defect_is_no_verdict(defect: BaseException, status: int, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python would end with 1, and 1 means that something is denied."""

    def broken(*_: object) -> None:
        raise defect

    monkeypatch.setattr(importlib.import_module("cli.admit.command"), "working_files", broken)

    ended, _, err = run("admit", "--policy", "x", "apps")

    assert ended == status
    assert ("RuntimeError: boom" in err) is (status == 2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("admit", "gone.yaml", "--policy", "gone.yaml"),
        ("pin", "gone.yaml"),
        ("reattest", "gone.yaml", *BY, FIRST),
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_a_file_that_is_not_there_is_said_in_words(arguments: tuple[str, ...], run: Run) -> None:
    """No error number, no quotes of a program."""
    status, _, err = run(*arguments)

    assert status == 2
    assert err == f"prodgate {arguments[0]}: gone.yaml: there is no such file or folder\n"


def test_a_policy_that_is_not_there_is_said_in_words(run: Run) -> None:
    """The file's name, and what the system says."""
    assert (
        run("admit", "--lint", "--policy", "gone.yaml")[2] == "prodgate admit: gone.yaml: No such file or directory\n"
    )


def test_a_malformed_option_is_answered_by_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    """A pattern of letters and brackets helps nobody at a terminal."""
    with pytest.raises(SystemExit) as ended:
        main(["attest", POSTS, "--attestor", "qa", "--key-version", FIRST])

    assert ended.value.code == 2
    assert "--attestor: qa must be like projects/mdo-prod/attestors/" in capsys.readouterr().err
