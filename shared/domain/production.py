"""What prod's tests found of a commit, as the statuses on it remember, and the comment that says so.

A status of the context `prodgate/production` begins with the suite that it is about; its link is that suite's run. So a
replay finds its own run, and a suite that passes does not turn green what another one found.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain.events import canonical
from shared.domain.harmless import code, link
from shared.domain.push_times import BroughtPushes

PRODUCTION_STATUS: Final = "prodgate/production"
COMMENT_MARKER: Final = "<!-- prodgate:production:v1 -->"
_REMEMBERED: Final = re.compile(r"([a-z0-9-]+) (passed|failed)\b.*", re.ASCII)
_SHORT: Final = 12  # digits of a commit
_NOWHERE: Final = "There is no earlier release to go back to."


@dataclass(frozen=True, slots=True)
class Finding:
    """What one run of a suite found in prod, and when GitHub was told."""

    suite: str
    passed: bool
    run: str
    at: datetime

    def is_the_same_as(self, other: Finding) -> bool:
        """Whether another finding says the same of the same run."""
        return (self.suite, self.passed, self.run) == (other.suite, other.passed, other.run)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When a release reached each stage, and which pushes it brought; None is not known."""

    tested_commit: datetime | None
    opened: datetime
    merged: datetime
    pushes: BroughtPushes | None = None


@dataclass(frozen=True, slots=True)
class EarlierRelease:
    """A release that prod had before: its pull request, its tested commit, a suite and its run, whether it passed."""

    number: int
    commit: str
    suite: str
    run: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class ProductionReport:
    """Everything that there is to say; `lifetime` is None of a commit that no pull request brought."""

    repository: str
    project: str
    commit: str
    findings: tuple[Finding, ...]
    lifetime: Lifetime | None
    earlier: EarlierRelease | None


def remembered(description: str, run: str, at: datetime) -> Finding | None:
    """Read a finding out of a status; None where the status is about something else."""
    found = _REMEMBERED.fullmatch(description)
    return Finding(found[1], found[2] == "passed", run, at) if found else None


def standing(newest_first: Iterable[Finding]) -> dict[str, Finding]:
    """The newest finding of each suite, by its name, as of when it was said first: it may have been said again."""
    newest: dict[str, Finding] = {}
    for finding in newest_first:
        if newest.setdefault(finding.suite, finding).is_the_same_as(finding):
            newest[finding.suite] = finding
    return dict(sorted(newest.items()))


def all_passed(findings: Mapping[str, Finding]) -> bool:
    """Whether no suite's newest finding is a failure."""
    return all(finding.passed for finding in findings.values())


def describe(suite: str, *, passed: bool, others: Mapping[str, Finding]) -> str:
    """Write a status: this suite first, then those that failed before and have not passed since."""
    failed = ", ".join(name for name, finding in others.items() if not finding.passed and name != suite)
    own = f"{suite} {'passed' if passed else 'failed'} in production"
    return f"{own}; still failed: {failed}" if failed else own


def comment(report: ProductionReport) -> str:
    """Write the comment: the verdict, each suite's run, how long everything took, and after a failure the way back."""
    parts = [_verdict(report), *([_times(report, report.lifetime)] if report.lifetime else [])]
    if not all(finding.passed for finding in report.findings):
        parts.append(_way_back(report))
    return "\n\n".join([*parts, COMMENT_MARKER])


def rollback_command(report: ProductionReport, earlier: EarlierRelease) -> str:
    """Write the command that asks for an earlier release again; open_prod_pr makes all its checks."""
    failed = next(finding for finding in report.findings if not finding.passed)
    event = {
        "suite": earlier.suite,
        "repository": report.repository,
        "commit": earlier.commit,
        "run": earlier.run,
        "rollback": {"reason": f"{failed.suite} failed in production, see {failed.run}"[:500]},
    }
    message = canonical(event).decode()
    return (
        f"gcloud pubsub topics publish attestation-complete --project={report.project} --message={shlex.quote(message)}"
    )


def _verdict(report: ProductionReport) -> str:
    passed = all(finding.passed for finding in report.findings)
    what = "**In production, and its tests passed.**" if passed else "**Its tests failed in production.**"
    on = code(report.commit[:_SHORT])
    rows = [
        f"> - {code(f.suite)} {'passed' if f.passed else 'failed'} on {on}: {link('its run', f.run)}"
        for f in report.findings
    ]
    return "\n".join([f"> [!{'NOTE' if passed else 'CAUTION'}]", f"> {what}", ">", *rows])


def _times(report: ProductionReport, times: Lifetime) -> str:
    """Tell how long everything took since the first push, or since the tested commit was made if none is known."""
    stages = [
        *_pushes(times.pushes),
        ("tested commit made", times.tested_commit),
        ("pull request opened", times.opened),
        ("merged", times.merged),
        *((f"{code(finding.suite)} finished in prod", finding.at) for finding in report.findings),
    ]
    known = [(name, at) for name, at in stages if at is not None]
    total = "in all, at least" if times.pushes is not None and times.pushes.or_earlier else "in all"
    began, ended = known[0][1], max(at for _, at in known)
    rows = [f"| {name} | {at:%Y-%m-%d %H:%M:%S} | {_span(at - began)} |" for name, at in known]
    return "\n".join(
        ["| Stage | At (UTC) | After |", "| --- | --- | --- |", *rows, f"| {total} | | {_span(ended - began)} |"]
    )


def _pushes(brought: BroughtPushes | None) -> list[tuple[str, datetime]]:
    if brought is None:
        return []
    first, last = brought.first, brought.last
    known = " that is known" if brought.or_earlier else ""
    if first == last:
        return [(f"push{known}, {code(str(first))}", first.at)]
    return [(f"first push{known}, {code(str(first))}", first.at), (f"last push, {code(str(last))}", last.at)]


def _span(span: timedelta) -> str:
    """Write a duration; clocks of two machines may differ, so nothing is before its begin."""
    seconds = max(0, round(span.total_seconds()))
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds % 60} s"


def way_back(report: ProductionReport) -> str:
    """Say in one line what to go back to, with the command that asks for it."""
    earlier = report.earlier
    if earlier is None:
        return _NOWHERE
    return f"To go back to #{earlier.number}, {_kind(earlier)}, publish: {rollback_command(report, earlier)}"


def _way_back(report: ProductionReport) -> str:
    earlier = report.earlier
    if earlier is None:
        return _NOWHERE
    return (
        f"To go back to #{earlier.number}, {_kind(earlier)}, publish this. "
        "Everything is checked again, and a pull request opens:\n\n"
        f"```sh\n{rollback_command(report, earlier)}\n```"
    )


def _kind(earlier: EarlierRelease) -> str:
    if earlier.confirmed:
        return "the last release that passed its tests in prod"
    return "the release before this one; no test in prod has confirmed it"
