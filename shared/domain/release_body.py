"""The body of the release pull request, in the order in which a person decides; everything from outside is harmless.

GitHub bounds its length, so lists give way one after the other, whole rows at a time, each saying how many are left
out: files first, then commits (the newest stay), evidence, admission, and the images last. The fingerprint is taken
over everything but the line about the event, what was cut off too, so that no change goes unnoticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from string import Template
from typing import Final

from shared.domain import limits
from shared.domain.body_markers import bounded
from shared.domain.harmless import code, link
from shared.domain.image import Digest
from shared.domain.policy import Verdict
from shared.domain.pull_request import SHORT_COMMIT, ImageChange, ReleaseReport, SuitePassed

_ROWS: Final = (200, 100, 50, 20, 10, 5, 0)  # of one list, until the whole is short enough
_ALL_ROWS: Final = 10**9
_PLURALS: Final = {True: "", False: "s"}
_WARNINGS: Final = 10
_ESSENCE: Final = Template(
    "$headline\n\n> [!CAUTION]\n> What there is to say is longer than GitHub takes; the evidence is in the log.\n\n"
    "$sentence"
)


@dataclass(frozen=True, slots=True)
class Room:
    """How many rows of each list are shown, and whether the table links each suite's run beside its name."""

    rows: Mapping[str, int]
    links: bool = True


_LISTS: Final = ("files", "commits", "evidence", "admission", "images")  # in the order in which they give way


def write_body(report: ReleaseReport, template: Template) -> str:
    """Write the body between its markers, at most 58,000 characters."""
    whole = _rendered(replace(report, woken=""), template, Room(dict.fromkeys(_LISTS, _ALL_ROWS)))
    fingerprint = hashlib.sha256(whole.encode(errors="replace")).hexdigest()
    for room in _narrowing():
        text = bounded(_rendered(report, template, room), report.commit, fingerprint)
        if len(text) <= limits.PULL_REQUEST_BODY_CHARACTERS:
            return text
    plain = _ESSENCE.substitute(headline=_headline(report), sentence=report.promise)
    by_default = bounded(_rendered(report, Template(DEFAULT_BODY), room), report.commit, fingerprint)
    fits = len(by_default) <= limits.PULL_REQUEST_BODY_CHARACTERS
    return by_default if fits else bounded(plain, report.commit, fingerprint)


def _narrowing() -> Iterator[Room]:
    """Give less and less room: to one list after the other, to the one that decides last."""
    room = Room(dict.fromkeys(_LISTS, _ROWS[0]))
    yield room
    for name in _LISTS:
        if name == "images":
            room = replace(room, links=False)
            yield room
        for rows in _ROWS[1:]:
            room = replace(room, rows={**room.rows, name: rows})
            yield room


def _rendered(report: ReleaseReport, template: Template, room: Room) -> str:
    text = template.substitute({name: write(report, room) for name, write in SECTIONS.items()})
    paragraphs = (part.strip("\n") for part in text.split("\n\n"))
    return "\n\n".join(part for part in paragraphs if part)


def _headline(report: ReleaseReport) -> str:
    attested = f"Every image that needs an attestation has one ({len(report.proofs)})"
    lines = ["> [!NOTE]", f"> **Ready.** {attested}, and prod would admit all {len(report.verdicts)} images."]
    if report.rollback is not None:
        lines = ["> [!WARNING]", f"> **Rollback**, asked for by a person: {code(report.rollback)}", ">", *lines[1:]]
    return "\n".join(lines)


def _summary(report: ReleaseReport, _: Room) -> str:
    cautions = ["", "> [!CAUTION]", *(f"> {caution}" for caution in report.cautions)] if report.cautions else []
    return "\n".join([_headline(report), *cautions])


def _images(report: ReleaseReport, room: Room) -> str:
    if not report.changes:
        return "### Images\n\nNo image changes; only other files do."
    tests = " ".join(_test(suite, room) for suite in report.suites)
    columns = ["Image", "Tag", "In prod → new", "Tests", "Attested by"]
    if report.scans is not None:
        columns.append("Vulnerabilities")
    lines = [_row(_cells(change, tests, report)) for change in report.changes]
    return _section(
        f"Images ({len(lines)})", [_row(columns), _row(["---"] * len(columns))], lines, rows=room.rows["images"]
    )


def _cells(change: ImageChange, tests: str, report: ReleaseReport) -> list[str]:
    """Write what a person decides by about one image."""
    moves = f"{_references(change.before)} → {_references(change.after)}"
    cells = [code(str(change.name)), _listed(change.tags), moves, tests, _attestors(change, report)]
    if report.scans is not None:
        cells.append(report.scans.cell(change.name, change.before, change.after))
    return cells


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _test(suite: SuitePassed, room: Room) -> str:
    return link(code(suite.suite), suite.run) if room.links else code(suite.suite)


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


def _admission(report: ReleaseReport, room: Room) -> str:
    head = ["| Image as written | Verdict | Why |", "| --- | --- | --- |"]
    return _section(
        "Admission in prod", head, [_verdict(verdict) for verdict in report.verdicts], rows=room.rows["admission"]
    )


def _verdict(verdict: Verdict) -> str:
    word = "admitted" if verdict.admitted else "denied"
    if verdict.is_dry_run:
        word = "admitted (dry run: the rule is not enforced)"
    return f"| {code(verdict.image)} | {word} | {code(verdict.message) if verdict.message else 'attested'} |"


def _evidence(report: ReleaseReport, room: Room) -> str:
    commit = f"[{code(report.commit[:SHORT_COMMIT])}]({report.web_url}/commit/{report.commit})"
    tests = [f"- suite {code(suite.suite)} passed: {link('its run', suite.run)}" for suite in report.suites]
    proofs = [
        f"- {code(p.image.name.short)} {code(p.image.digest.short)} by {code(p.attestor)}: {code(p.occurrence)}"
        for p in report.proofs
    ]
    head = [f"- tested commit: {commit}", *([report.woken] if report.woken else [])]
    return _section("Evidence", head, [*tests, *proofs], rows=room.rows["evidence"])


def _commits(report: ReleaseReport, room: Room) -> str:
    commits = report.commits
    if not commits.total:
        return ""
    what = "this release takes back" if report.rollback is not None else "on dev since the last release"
    lines = [
        f"- [{code(one.sha[:SHORT_COMMIT])}]({report.web_url}/commit/{one.sha}) {code(one.subject)}"
        for one in commits.listed
    ]
    shown = _cut(lines, rows=room.rows["commits"], total=commits.total)
    return _folded(f"{commits.total} commit{_PLURALS[commits.total == 1]} {what}", shown)


def _files(report: ReleaseReport, room: Room) -> str:
    lines = [f"- {code(path)}" for path in report.files]
    count = len(lines)
    title = f"{count} file{_PLURALS[count == 1]} change{_PLURALS[count != 1]} in prod"
    return _folded(title, _cut(lines, rows=room.rows["files"], total=count)) if lines else ""


def _promise(report: ReleaseReport, _: Room) -> str:
    warnings = [f"> - {warning}" for warning in report.warnings[:_WARNINGS]]
    said = "\n".join(["> [!CAUTION]", "> Prod's branch rules leave this open:", ">", *warnings]) if warnings else ""
    return "\n\n".join(part for part in (said, report.promise) if part)


def _runbook(report: ReleaseReport, _: Room) -> str:
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


SECTIONS: Final[dict[str, Callable[[ReleaseReport, Room], str]]] = {
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
