"""The body of the release pull request, in the order in which a person decides; everything from outside is harmless.

GitHub bounds its length, so lists give way, whole rows at a time, each saying how many are left out. The fingerprint is
taken over everything, what was cut off too, so that no change goes unnoticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from string import Template
from typing import Final

from shared.domain import limits
from shared.domain.body_markers import bounded
from shared.domain.harmless import code, link
from shared.domain.image import Digest
from shared.domain.policy import Verdict
from shared.domain.pull_request import SHORT_COMMIT, ImageChange, ReleaseReport

_ROWS: Final = (200, 100, 50, 20, 10, 5, 0)  # of each list, until the whole is short enough
_ALL_ROWS: Final = 10**9
_PLURALS: Final = {True: "", False: "s"}


def write_body(report: ReleaseReport, template: Template) -> str:
    """Write the body between its markers, at most 58,000 characters."""
    whole = _rendered(report, template, _ALL_ROWS)
    fingerprint = hashlib.sha256(whole.encode(errors="replace")).hexdigest()
    for rows in _ROWS:
        text = bounded(_rendered(report, template, rows), report.commit, fingerprint)
        if len(text) <= limits.PULL_REQUEST_BODY_CHARACTERS:
            break
    return text


def _rendered(report: ReleaseReport, template: Template, rows: int) -> str:
    text = template.substitute({name: write(report, rows) for name, write in SECTIONS.items()})
    paragraphs = (part.strip("\n") for part in text.split("\n\n"))
    return "\n\n".join(part for part in paragraphs if part)


def _summary(report: ReleaseReport, _: int) -> str:
    attested = f"Every image that needs an attestation has one ({len(report.proofs)})"
    lines = ["> [!NOTE]", f"> **Ready.** {attested}, and prod would admit all {len(report.verdicts)} images."]
    if report.rollback is not None:
        lines = ["> [!WARNING]", f"> **Rollback**, asked for by a person: {code(report.rollback)}", ">", *lines[1:]]
    if report.cautions:
        lines += ["", "> [!CAUTION]", *(f"> {caution}" for caution in report.cautions)]
    return "\n".join(lines)


def _images(report: ReleaseReport, rows: int) -> str:
    if not report.changes:
        return "### Images\n\nNo image changes; only other files do."
    tests = " ".join(link(code(suite.suite), suite.run) for suite in report.suites)
    head = ["| Image | Tag | In prod → new | Tests | Attested by |", "| --- | --- | --- | --- | --- |"]
    lines = [
        f"| {code(str(c.name))} | {_listed(c.tags)} | {_references(c.before)} → {_references(c.after)} | {tests} "
        f"| {_attestors(c, report)} |"
        for c in report.changes
    ]
    return _section(f"Images ({len(lines)})", head, lines, rows=rows)


def _attestors(change: ImageChange, report: ReleaseReport) -> str:
    """Name who attested the new digests; an image that the policy exempts needs nobody."""
    names = {p.attestor for p in report.proofs if p.image.name == change.name and p.image.digest in change.after}
    return (
        _listed(tuple(sorted(name.rpartition("/")[2] for name in names)))
        if names
        else "exempt"
        if (change.after)
        else "removed"
    )


def _listed(values: tuple[str, ...]) -> str:
    return " ".join(code(value) for value in values) or "none"


def _references(values: tuple[str, ...]) -> str:
    return " ".join(map(_reference, values)) or "none"


def _reference(value: str) -> str:
    """Show a digest short, and whole to whoever points at it; a tag as it is."""
    if not value.startswith("sha256:"):
        return code(value)
    return f'<abbr title="{Digest(value)}">{code(Digest(value).short)}</abbr>'


def _admission(report: ReleaseReport, rows: int) -> str:
    head = ["| Image as written | Verdict | Why |", "| --- | --- | --- |"]
    return _section("Admission in prod", head, [_verdict(verdict) for verdict in report.verdicts], rows=rows)


def _verdict(verdict: Verdict) -> str:
    word = "admitted" if verdict.admitted else "denied"
    if verdict.is_dry_run:
        word = "admitted (dry run: the rule is not enforced)"
    return f"| {code(verdict.image)} | {word} | {code(verdict.message) if verdict.message else 'attested'} |"


def _evidence(report: ReleaseReport, rows: int) -> str:
    commit = f"[{code(report.commit[:SHORT_COMMIT])}]({report.web_url}/commit/{report.commit})"
    tests = [f"- suite {code(suite.suite)} passed: {link('its run', suite.run)}" for suite in report.suites]
    proofs = [
        f"- {code(p.image.name.short)} {code(p.image.digest.short)} by {code(p.attestor)}: {code(p.occurrence)}"
        for p in report.proofs
    ]
    return _section("Evidence", [f"- tested commit: {commit}", *tests], proofs, rows=rows)


def _commits(report: ReleaseReport, rows: int) -> str:
    commits = report.commits
    if not commits.total:
        return ""
    what = "this release takes back" if report.rollback is not None else "on dev since the last release"
    lines = [
        f"- [{code(one.sha[:SHORT_COMMIT])}]({report.web_url}/commit/{one.sha}) {code(one.subject)}"
        for one in commits.listed
    ]
    shown = _cut(lines, rows=rows, total=commits.total)
    return _folded(f"{commits.total} commit{_PLURALS[commits.total == 1]} {what}", shown)


def _files(report: ReleaseReport, rows: int) -> str:
    lines = [f"- {code(path)}" for path in report.files]
    count = len(lines)
    title = f"{count} file{_PLURALS[count == 1]} change{_PLURALS[count != 1]} in prod"
    return _folded(title, _cut(lines, rows=rows, total=count)) if lines else ""


def _promise(report: ReleaseReport, _: int) -> str:
    warnings = [f"> - {warning}" for warning in report.warnings]
    said = "\n".join(["> [!CAUTION]", "> Prod's branch rules leave this open:", ">", *warnings]) if warnings else ""
    return "\n\n".join(part for part in (said, report.promise) if part)


def _runbook(report: ReleaseReport, _: int) -> str:
    return f"What to do when something is wrong: {link('the runbook', report.runbook)}." if report.runbook else ""


def _folded(title: str, lines: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{lines}\n\n</details>"


def _section(heading: str, head: list[str], lines: list[str], *, rows: int) -> str:
    return f"### {heading}\n\n" + "\n".join([*head, _cut(lines, rows=rows, total=len(lines))]).rstrip("\n")


def _cut(lines: list[str], *, rows: int, total: int) -> str:
    """Keep as many rows, and say how many more there are."""
    shown = lines[:rows]
    if total > len(shown):
        shown.append(f"\n…and {total - len(shown):,} more.")
    return "\n".join(shown)


SECTIONS: Final[dict[str, Callable[[ReleaseReport, int], str]]] = {
    "summary": _summary,
    "images": _images,
    "admission": _admission,
    "evidence": _evidence,
    "commits": _commits,
    "files": _files,
    "promise": _promise,
    "runbook": _runbook,
}
DEFAULT_BODY: Final = "\n\n".join(f"${name}" for name in SECTIONS)
