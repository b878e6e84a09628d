"""docs/runbooks/objectives.md: each number follows from the schedules, the goals and the burn rates that infra/ has."""

from __future__ import annotations

import math
import re
from typing import Final

import pytest

from tests.operations.declared import OPERATIONS, ROOT, RUNBOOKS

PAGE: Final = (RUNBOOKS / "objectives.md").read_text()
_MINUTES_A_DAY: Final = 24 * 60
_EVERY: Final = re.compile(r'"\*/(\d+) \* \* \* \*"')
_BURN: Final = re.compile(r'(\w+) += \{ rate = ([0-9.]+), long = "(\d+)s"')


def _default(file: str, variable: str) -> str:
    [found] = re.findall(rf'variable "{variable}" \{{.*?default += (\S.*?)\n', (ROOT / file).read_text(), re.DOTALL)
    return str(found)


def _a_day() -> dict[str, int]:
    """Count what each objective is measured by, where nothing but the clocks runs."""
    [minutes] = _EVERY.findall(_default("infra/modules/probe/main.tf", "schedule"))
    probes = _MINUTES_A_DAY // int(minutes)
    assert re.fullmatch(r'"\d+ \* \* \* \*"', _default("infra/variables.tf", "release_check_schedule"))
    jobs = re.findall(r"^  (\w+):\n    topic:", (ROOT / "infra/modules/probe/probe.yaml").read_text(), re.MULTILINE)
    assert jobs == ["image", "release"]
    return {"attested": probes, "proposed": probes + 24, "available": probes * len(jobs)}


def _goals() -> dict[str, float]:
    variables = "infra/modules/operations/variables.tf"
    fresh = float(_default(variables, "fresh_goal"))
    return {"attested": fresh, "proposed": fresh, "available": float(_default(variables, "available_goal"))}


def _rows() -> dict[str, list[int]]:
    rows = re.findall(r"^\| (attested|proposed|available) \|((?: [0-9,]+ \|){6})$", PAGE, re.MULTILINE)
    return {name: [int(cell.replace(",", "")) for cell in cells.strip("| ").split("|")] for name, cells in rows}


@pytest.mark.parametrize("name", ["attested", "proposed", "available"])
def test_the_budget_follows_from_the_clocks_and_the_goal(name: str) -> None:
    """Both of the probe's jobs count, and so does the hourly release-check where open_prod_pr is measured."""
    day, month, budget, *_ = _rows()[name]

    assert day == _a_day()[name]
    assert month == day * 30
    assert budget == math.floor(round(month * (1 - _goals()[name]), 6))
    assert f"| {name} | " in PAGE
    assert f"{_goals()[name]:.0%}".replace("%", " %") in PAGE


@pytest.mark.parametrize("name", ["attested", "proposed", "available"])
def test_so_many_raise_an_alert(name: str) -> None:
    """The fewest that burn faster than the rate over the long window; one less does not."""
    burns = _BURN.findall((OPERATIONS / "objectives.tf").read_text())
    told = dict(zip((3600, 21_600, 86_400), _rows()[name][3:], strict=True))

    assert len(burns) == len(told)
    for _, rate, long in burns:
        within = _a_day()[name] * int(long) / 86_400
        assert told[int(long)] == math.floor(round(float(rate) * (1 - _goals()[name]) * within, 6)) + 1


def test_the_sentence_says_what_the_table_says() -> None:
    """Four lost probes within an hour, and twenty minutes of silence."""
    words = {4: "four"}
    after = re.findall(r"silent_after_s = (\d+)", (ROOT / "infra/operations.tf").read_text())

    assert f"{words[_rows()['available'][3]]} lost probes within an hour" in " ".join(PAGE.split())
    assert [f"{int(after[0]) // 60} minutes" in " ".join(PAGE.split())] == [True]
