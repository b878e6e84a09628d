"""What a pull request says about vulnerabilities: counts of what prod would get, and what changes against what it runs.

"Not known" is never shown as nought, and nothing is ever refused here: refusing is attest_images' gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.domain.image import ImageName
from shared.domain.vulnerabilities import Analysis, FindingCounts, Scan

_UNREAD: Final = "unknown"
_SHOWN: Final = (("critical", "C"), ("high", "H"), ("medium", "M"), ("low", "L"))
_ALSO: Final = (("minimal", "minimal"), ("unknown", "unrated"))  # only where there are some


@dataclass(frozen=True, slots=True)
class ScanReport:
    """The scans of images by name and digest; one that is missing could not be read."""

    scans: Mapping[tuple[ImageName, str], Scan] = field(default_factory=dict)

    def cell(self, name: ImageName, before: tuple[str, ...], after: tuple[str, ...]) -> str:
        """Say what the new digests of an image have; where one replaces one, also what that changes."""
        said = [self._said(name, digest) for digest in after if _is_digest(digest)]
        if not said:
            return "none" if not after else "not scanned"
        delta = self._delta(name, before[0], after[0]) if len(before) == len(after) == 1 else ""
        return "; ".join(said) + delta

    def _said(self, name: ImageName, digest: str) -> str:
        scan = self.scans.get((name, digest))
        if scan is None:
            return _UNREAD
        counts = FindingCounts.of(scan)
        return _unknown(scan) if counts is None else _counts(counts)

    def _delta(self, name: ImageName, before: str, after: str) -> str:
        old, new = self._counted(name, before), self._counted(name, after)
        if new is None:
            return ""
        if old is None:
            return " (in prod: not known)"
        since = new.since(old)
        changed = [f"{getattr(since, severity):+d} {word}" for severity, word in (*_SHOWN, *_ALSO)]
        told = [one for one in changed if not one.startswith("+0 ")]
        return f" ({', '.join(told)})" if told else " (as in prod)"

    def _counted(self, name: ImageName, digest: str) -> FindingCounts | None:
        scan = self.scans.get((name, digest))
        return None if scan is None else FindingCounts.of(scan)


def _counts(counts: FindingCounts) -> str:
    always = [f"{getattr(counts, severity)} {word}" for severity, word in _SHOWN]
    return " ".join([*always, *(f"{count} {word}" for name, word in _ALSO if (count := getattr(counts, name)))])


def _unknown(scan: Scan) -> str:
    return "not scanned" if scan.analysis is Analysis.NONE else scan.analysis.value


def _is_digest(reference: str) -> bool:
    return reference.startswith("sha256:")
