"""What a table says about vulnerabilities: counts, what changes, and never a nought that nobody counted."""

from __future__ import annotations

import pytest

from shared.domain.scan_report import ScanReport
from shared.domain.vulnerabilities import Analysis, Finding, Scan, Severity
from tests.unit.domain.material import PINNED, A, B

NAME = PINNED.name


def scan(*severities: Severity, analysis: Analysis = Analysis.FINISHED) -> Scan:
    """A scan that found something of each severity."""
    return Scan(analysis, tuple(Finding(f"CVE-{n}", severity, True) for n, severity in enumerate(severities)))


BAD = scan(Severity.CRITICAL, Severity.HIGH, Severity.HIGH)
ODD = scan(Severity.UNKNOWN, Severity.MINIMAL, Severity.MEDIUM)


@pytest.mark.parametrize(
    ("scans", "before", "after", "cell"),
    [
        ({A: BAD, B: scan(Severity.LOW)}, (B,), (A,), "1 C 2 H 0 M 0 L (+1 C, +2 H, -1 L)"),
        ({A: ODD, B: ODD}, (B,), (A,), "0 C 0 H 1 M 0 L 1 minimal 1 unrated (as in prod)"),
        ({A: scan(), B: ODD}, (B,), (A,), "0 C 0 H 0 M 0 L (-1 M, -1 minimal, -1 unrated)"),
        ({A: BAD}, (B,), (A,), "1 C 2 H 0 M 0 L (in prod: not known)"),
        ({A: BAD, B: scan(analysis=Analysis.UNDER_WAY)}, (B,), (A,), "1 C 2 H 0 M 0 L (in prod: not known)"),
        ({A: BAD}, (), (A,), "1 C 2 H 0 M 0 L"),
        ({A: BAD, B: scan()}, (), (A, B), "1 C 2 H 0 M 0 L; 0 C 0 H 0 M 0 L"),
        ({B: BAD}, (B,), (A,), "unknown"),
        ({A: scan(analysis=Analysis.NONE)}, (), (A,), "not scanned"),
        ({A: scan(analysis=Analysis.FAILED)}, (), (A,), "not scanned, the scan failed"),
        ({A: scan(analysis=Analysis.UNDER_WAY)}, (), (A,), "being scanned"),
        ({}, (), ("latest",), "not scanned"),
        ({B: BAD}, (B,), (), "none"),
    ],
)
def test_a_cell_says_what_is_known(
    scans: dict[str, Scan], before: tuple[str, ...], after: tuple[str, ...], cell: str
) -> None:
    """Nought is only what somebody counted."""
    report = ScanReport({(NAME, digest): found for digest, found in scans.items()})

    assert report.cell(NAME, before, after) == cell
