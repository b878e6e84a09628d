"""Runbooks: every link leads somewhere, every line is one that a shell reads."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.operations.declared import ROOT, RUNBOOKS
from tests.operations.runbook import Page

PAGES: Final = sorted([*RUNBOOKS.glob("*.md"), *ROOT.glob("docs/*.md")])
BLOCKS: Final = [(page, block) for page in PAGES for block in Page(page).lines()]
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_documents_leads_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading that it has."""
    for link in _LINK.findall(page.read_text()):
        path, _, section = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not section or section in Page(target).anchors(), link


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{page.stem}-{i}" for i, (page, _) in enumerate(BLOCKS)])
def test_a_shell_reads_every_line(page: Path, block: str) -> None:
    """A quote that is missing costs minutes that nobody has; shellcheck sees more, where it is installed.

    Not that a variable is used in the next block only, or that a name without blanks stands without quotes.
    """
    read = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)
    assert read.returncode == 0, f"{page}: {read.stderr}"
    if shutil.which("shellcheck"):
        checked = subprocess.run(
            ["shellcheck", "--shell=bash", "--exclude=SC2034,SC2086", "-"],
            input=block,
            text=True,
            capture_output=True,
            check=False,
        )
        assert checked.returncode == 0, f"{page}: {checked.stdout}"


def test_no_line_waits_for_a_value_in_angle_brackets_or_edits_state_unasked() -> None:
    """What a person must fill in is `${NAME:?what it is}`: a line that was pasted too early stops, and does no harm."""
    for page, block in BLOCKS:
        if page.parent == RUNBOOKS:
            assert not re.search(r"<[a-z][a-z ]*>", block), page
            assert "--quiet" not in block or "git fetch --quiet" in block, page
