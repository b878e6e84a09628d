"""The rows of PRODGATE_VULNERABILITIES: read strictly, for what they say decides what prod runs."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from shared.domain.vulnerabilities import OFF, Mode, Tolerance, ToleratedUntil, VulnerabilityRules
from shared.runtime.config import Environment
from shared.runtime.wiring.screening import Screening

ROW = {"mode": "enforce", "fixable": "low", "unfixable": "none", "unscanned": "refuse"}
EXCEPTION = {"cve": "CVE-2026-1234", "until": "2026-12-31", "owner": "team-posts"}


def read(rows: dict[str, Any]) -> tuple[dict[str, VulnerabilityRules], str]:
    """Read rows for the suites qa and load; answer the rules, and what the process would say as it ends."""
    environment = Environment({"PRODGATE_REGISTRIES": '["docker.io"]', "PRODGATE_VULNERABILITIES": json.dumps(rows)})
    screening = Screening.read(environment, ["qa", "load"])
    try:
        environment.finish()
    except SystemExit as end:
        return {}, str(end)
    return dict(screening.settings.vulnerabilities), ""


def test_a_row_says_what_a_suite_tolerates() -> None:
    """Every field once; ids are compared in upper case."""
    rows = {
        "qa": ROW | {"allow": [EXCEPTION], "block": ["CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q"]},
        "load": ROW | {"mode": "warn", "unfixable": "critical", "unscanned": "allow", "allow": [], "block": []},
    }

    assert read(rows) == (
        {
            "qa": VulnerabilityRules(
                Mode.ENFORCE,
                Tolerance.LOW,
                Tolerance.NONE,
                {"CVE-2026-1234": ToleratedUntil(date(2026, 12, 31), "team-posts")},
                frozenset({"CVE-2021-44228", "GHSA-JFH8-C2JP-5V3Q"}),
                allows_unscanned=False,
            ),
            "load": VulnerabilityRules(
                Mode.WARN, Tolerance.LOW, Tolerance.CRITICAL, {}, frozenset(), allows_unscanned=True
            ),
        },
        "",
    )


def test_a_gate_is_switched_off_with_one_word() -> None:
    """The rest of the row stays for later."""
    assert read({"qa": ROW | {"mode": "off", "allow": [EXCEPTION]}, "load": {"mode": "off"}}) == (
        {"qa": OFF, "load": OFF},
        "",
    )


REFUSED = {
    "a suite that does not exist": ({"quality": ROW}, "names 'quality'; it may name load, qa"),
    "no mode": ({"qa": {}}, "mode is missing"),
    "another mode": ({"qa": ROW | {"mode": "on"}}, "mode is 'on'; it must be off or warn or enforce"),
    "no maximum": ({"qa": {"mode": "warn", "unfixable": "low", "unscanned": "allow"}}, "fixable is missing"),
    "another severity": ({"qa": ROW | {"unfixable": "severe"}}, "unfixable is 'severe'"),
    "nothing of unscanned images": ({"qa": ROW | {"unscanned": ""}}, "unscanned is ''; it must be allow or refuse"),
    "another field": ({"qa": ROW | {"except": []}}, "the field 'except' is unknown"),
    "an exception without end": (
        {"qa": ROW | {"allow": [{"cve": "CVE-2026-1234", "owner": "x"}]}},
        "until is missing",
    ),
    "an exception without owner": (
        {"qa": ROW | {"allow": [{"cve": "CVE-2026-1234", "until": "2026-12-31"}]}},
        "owner is missing",
    ),
    "an exception without a name": ({"qa": ROW | {"allow": [EXCEPTION | {"cve": "*"}]}}, "cve is '*'"),
    "an exception twice": (
        {"qa": ROW | {"allow": [EXCEPTION, EXCEPTION]}},
        "cve is CVE-2026-1234 a second time; which of the two holds?",
    ),
    "a day that is none": (
        {"qa": ROW | {"allow": [EXCEPTION | {"until": "2026-02-30"}]}},
        "2026-02-30, which is no",
    ),
    "a day of another form": ({"qa": ROW | {"allow": [EXCEPTION | {"until": "31.12.2026"}]}}, "until is '31.12.2026'"),
    "more in an exception": ({"qa": ROW | {"allow": [EXCEPTION | {"for": "x"}]}}, "the field 'for' is unknown"),
    "a block that is none": ({"qa": ROW | {"block": ["log4shell"]}}, "block holds 'log4shell'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_row_that_is_not_understood_stops_the_start(case: str) -> None:
    """A slip of the pen must not open the gate."""
    rows, why = REFUSED[case]

    rules, said = read(rows)

    assert rules == {}
    assert "PRODGATE_VULNERABILITIES" in said
    assert why in said
