"""The vulnerability gate: what a scan found in an image, and whether that is within what a suite tolerates.

Rules:
* Nothing is tolerated by default: no severity, no exception, no image without a finished scan.
* Of a severity that nobody assigned a finding is as bad as the worst.
* A blocked vulnerability refuses at any severity, whatever else allows it, and in mode `warn` too.
* An exception is for one vulnerability, has an owner, and ends: on the day after `until` the finding counts again.

Source: grafeas.v1 vulnerability.proto, discovery.proto, severity.proto; the fixable and unfixable maxima are those of
Kritis' VulnzSigningPolicy and of Binary Authorization's vulnerability check (continuous validation).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum
from typing import Final

from shared.domain.image import ImageName

_SCANNED_HOSTS: Final = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io", re.ASCII)
_SHOWN: Final = 10  # findings that a sentence names


class Severity(IntEnum):
    """How bad a finding is, in Grafeas' order; `UNKNOWN` is what nobody has rated yet."""

    MINIMAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5
    UNKNOWN = 6


class Tolerance(IntEnum):
    """The worst severity that is tolerated; `CRITICAL` tolerates everything."""

    NONE = 0
    MINIMAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 6


class Analysis(StrEnum):
    """How far the scan of an image is (grafeas DiscoveryOccurrence.AnalysisStatus).

    `NONE` where no scanner looks, `EXPECTED` where one does, and has not begun.
    """

    NONE = "never scanned"
    EXPECTED = "not scanned yet"
    UNDER_WAY = "being scanned"
    FINISHED = "scanned"
    FAILED = "not scanned, the scan failed"
    UNSUPPORTED = "of a form that the scanner does not support"


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability in an image: its id (`CVE-…`, `GHSA-…`), and whether an affected package has a fix."""

    id: str
    severity: Severity
    is_fixable: bool

    def __str__(self) -> str:
        fix = "a fix exists" if self.is_fixable else "no fix yet"
        return f"{self.id} ({self.severity.name.lower()}, {fix})"


_NOT_LOOKED_AT: Final = frozenset({Analysis.NONE, Analysis.EXPECTED, Analysis.UNSUPPORTED})


@dataclass(frozen=True, slots=True)
class Scan:
    """What is known about an image; the findings are complete where the analysis is finished."""

    analysis: Analysis
    findings: tuple[Finding, ...] = ()

    def or_that_of(self, child: Scan) -> Scan:
        """Answer this scan of an index, or that of the image in it which is scanned in its place; all findings count.

        On which of the two the findings of an index hang is documented nowhere.
        """
        analysis = child.analysis if self.analysis in _NOT_LOOKED_AT else self.analysis
        return Scan(analysis, (*self.findings, *child.findings))


@dataclass(frozen=True, slots=True)
class FindingCounts:
    """How many findings of each severity an image has, and how many of all of them have a fix; for reports.

    Read them with `shared.clients.vulnerabilities.Vulnerabilities.scans(images)` and `FindingCounts.of(scan)`.
    """

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    minimal: int = 0
    unknown: int = 0
    fixable: int = 0

    @classmethod
    def of(cls, scan: Scan) -> FindingCounts | None:
        """Count a scan's findings; None where no scan is finished, which is not the same as none found."""
        if scan.analysis is not Analysis.FINISHED:
            return None
        counted = Counter(finding.severity.name.lower() for finding in scan.findings)
        return cls(**counted, fixable=sum(finding.is_fixable for finding in scan.findings))

    @property
    def total(self) -> int:
        """All of them."""
        return self.critical + self.high + self.medium + self.low + self.minimal + self.unknown

    def since(self, before: FindingCounts) -> FindingCounts:
        """What has changed since an earlier image; what was mended is negative."""
        return FindingCounts(
            self.critical - before.critical,
            self.high - before.high,
            self.medium - before.medium,
            self.low - before.low,
            self.minimal - before.minimal,
            self.unknown - before.unknown,
            self.fixable - before.fixable,
        )


class Mode(StrEnum):
    """What the gate does for a suite: look at nothing, say what is wrong, or refuse it."""

    OFF = "off"
    WARN = "warn"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class ToleratedUntil:
    """The end of an exception, the last day included, and who answers for it."""

    until: date
    owner: str


@dataclass(frozen=True, slots=True)
class VulnerabilityRules:
    """What a suite tolerates. `allow` maps a vulnerability's id to its exception; ids are in upper case.

    `allows_unscanned` admits images that no scanner looks at; one whose scan is not finished, or has not begun where a
    scanner does look, is never admitted.
    """

    mode: Mode
    fixable: Tolerance
    unfixable: Tolerance
    allow: Mapping[str, ToleratedUntil]
    block: frozenset[str]
    allows_unscanned: bool

    @property
    def must_know(self) -> bool:
        """Whether an image whose findings are not known must wait."""
        return self.mode is Mode.ENFORCE or (self.mode is Mode.WARN and bool(self.block))


OFF: Final = VulnerabilityRules(Mode.OFF, Tolerance.NONE, Tolerance.NONE, {}, frozenset(), allows_unscanned=False)


@dataclass(frozen=True, slots=True)
class Objections:
    """Why findings are not tolerated, one sentence each: blocked ones refuse always, the others in mode `enforce`."""

    blocked: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def of(self, mode: Mode) -> tuple[str, ...]:
        """Those that refuse the image in a mode."""
        return (*self.blocked, *self.others) if mode is Mode.ENFORCE else self.blocked


def object_to(findings: Iterable[Finding], rules: VulnerabilityRules, today: date) -> Objections:
    """Hold findings against the rules on a day (UTC)."""
    found = sorted(set(findings), key=lambda finding: (-finding.severity, finding.id))
    blocked = tuple(f"{finding} is blocked" for finding in found if finding.id.upper() in rules.block)
    others = (_objection(finding, rules, today) for finding in found if finding.id.upper() not in rules.block)
    return Objections(blocked, tuple(sentence for sentence in others if sentence is not None))


def sentence(objections: Iterable[str]) -> str:
    """Say objections to a person, the first ones in words, the others by number."""
    every = list(objections)
    rest = len(every) - _SHOWN
    return "; ".join([*every[:_SHOWN], *([f"and {rest} more"] if rest > 0 else [])])


def analysis_project(image: ImageName) -> str | None:
    """The project in which Artifact Analysis keeps what it finds in an image; None where it does not scan.

    Scanned are images in Artifact Registry (`LOCATION-docker.pkg.dev/PROJECT/…`) and in gcr.io, in the project of their
    own repository (cloud.google.com/artifact-analysis/docs/container-scanning-overview). A project of a domain
    (`example.com:name`) is written with a slash there, and stays two parts here.
    """
    first, slash, rest = image.path.partition("/")
    if not slash or not _SCANNED_HOSTS.fullmatch(image.host):
        return None
    if "." not in first:
        return first
    return f"{first}:{rest.partition('/')[0]}"


def _objection(finding: Finding, rules: VulnerabilityRules, today: date) -> str | None:
    most = rules.fixable if finding.is_fixable else rules.unfixable
    if finding.severity <= most:
        return None
    exception = rules.allow.get(finding.id.upper())
    if exception is None:
        return f"{finding} is worse than {most.name.lower()}"
    if today <= exception.until:
        return None
    return f"{finding} was tolerated until {exception.until} by {exception.owner}"
