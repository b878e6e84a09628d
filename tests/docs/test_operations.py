"""docs/operations.md names every variable, reason and fault that the code knows, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from shared.domain.errors import Fault, Reason

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()
VARIABLE = re.compile(r"PRODGATE_[A-Z_]+")


def test_every_variable_of_the_code_is_on_the_page_and_no_other() -> None:
    """A variable that is not documented is found out by a function that does not start."""
    code = {name for path in (ROOT / "shared").rglob("*.py") for name in VARIABLE.findall(path.read_text())}

    assert set(VARIABLE.findall(PAGE)) == code


def test_every_reason_is_explained() -> None:
    """Whoever finds a message in `rejected` at 3 a.m. looks its reason up on the page."""
    assert [reason for reason in Reason if f"`{reason}`" not in PAGE] == []


def test_every_fault_is_explained() -> None:
    """Whoever sees an event retried wants to know whether it mends itself."""
    assert [fault for fault in Fault if f"`{fault}`" not in PAGE] == []
