"""docs/deploy.md: the sum is the sum, and what the lines name is what infra makes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "deploy.md").read_text()
DELIVERIES: Final = {100: 37_560, 10_000: 334_560}


def _rows() -> dict[str, tuple[float, float]]:
    found = re.findall(r"^\| ([\w/, ]+) \| ([0-9.]+) \| ([0-9.]+) \|", PAGE, re.MULTILINE)
    return {name: (float(few), float(many)) for name, few, many in found}


def test_the_costs_add_up() -> None:
    """Both columns."""
    rows = _rows()
    total = rows.pop("sum")

    assert len(rows) == 9
    for column in (0, 1):
        assert round(sum(row[column] for row in rows.values()), 2) == total[column]


def test_the_costs_follow_from_the_prices() -> None:
    """Each that is not free, worked out again from what its row says."""
    for column, (events, deliveries) in enumerate(DELIVERIES.items()):
        assert deliveries == events * 30 + 4 * 12 * 24 * 30
        rows = {name: row[column] for name, row in _rows().items()}
        assert rows["Cloud Run, CPU"] == round(max(deliveries - 180_000, 0) * 0.000024, 2)
        assert rows["KMS, signatures"] == round(events * 30 / 10_000 * 0.03, 2)
        reads = max(deliveries * 0.75 - 10_000, 0)
        assert abs(rows["Secret Manager"] - (0.06 + reads / 10_000 * 0.03)) < 0.01
        assert f"{deliveries:,} deliveries" in PAGE


def test_the_lines_name_what_infra_makes() -> None:
    """The example's projects, attestor, key and secrets."""
    example = (ROOT / "infra/prodgate.tfvars.example").read_text()

    for value in ("mdo-gate", "mdo-prod", "us-central1", "mdo-gate-prodgate-state", "quality-assurance-attestor"):
        assert value in example
        assert value in PAGE
    functions = re.findall(r"^  (\w+) +=\s*\{[^\n]*login", example, re.MULTILINE)
    [named] = re.findall(r"for function in ([a-z -]+); do", PAGE)
    assert {name.replace("_", "-") for name in functions} == set(named.split())
