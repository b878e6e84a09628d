"""The release pull request: its branch, title and body, and everything from outside made harmless.

Text from outside (image names, tags, file names, reasons) is shown in `<code>`, every character that is not a letter,
digit, blank, slash or hyphen as a numeric entity. So it can neither end a table cell nor start a link, and inside
`code` GitHub turns nothing into a mention, an issue or a commit link (github.github.com/gfm; html-pipeline).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from shared.domain import limits
from shared.domain.attestation import StoredAttestation
from shared.domain.image import Digest, ImageName
from shared.domain.manifests import ImageField
from shared.domain.policy import Verdict

_SHORT_COMMIT: Final = 12
_MARKER: Final = re.compile(r"<!-- prodgate:v1 commit=([0-9a-f]{40}) fingerprint=([0-9a-f]{64}) -->\s*\Z", re.ASCII)
_TRAILER: Final = re.compile(r"^Prodgate-Release: ([0-9a-f]{40})$", re.ASCII | re.MULTILINE)
_HARMLESS: Final = re.compile(r"[^A-Za-z0-9 /-]", re.ASCII)
_BRANCH_PREFIX: Final = "release/"
_ROWS: Final = 200  # of each list in the body; what is cut is counted in words
_TITLED_IMAGES: Final = 3


@dataclass(frozen=True, slots=True)
class SuitePassed:
    """A required suite that passed for the commit, and where its run can be read."""

    suite: str
    run: str


@dataclass(frozen=True, slots=True)
class ImageChange:
    """What one image's references were in prod and will be: digests where pinned, tags otherwise, sorted."""

    name: ImageName
    tags: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """Everything that the pull request says."""

    repository: str
    commit: str
    web_url: str
    suites: tuple[SuitePassed, ...]
    changes: tuple[ImageChange, ...]
    proofs: tuple[StoredAttestation, ...]
    verdicts: tuple[Verdict, ...]
    files: tuple[str, ...]
    rollback: str | None = None


def branch(commit: str) -> str:
    """Name the release branch of a commit."""
    return f"{_BRANCH_PREFIX}{commit[:_SHORT_COMMIT]}"


def is_release_branch(name: str) -> bool:
    """Whether a branch is one that prodgate makes."""
    return name.startswith(_BRANCH_PREFIX)


def commit_message(commit: str, rollback: str | None) -> str:
    """Write the message of a snapshot commit; its trailer says which tested commit it is."""
    verb = "Roll back to" if rollback is not None else "Release"
    subject = f"{verb} {commit[:_SHORT_COMMIT]}"
    return f"{subject}\n\nThe tree is exactly that of the tested commit.\n\nProdgate-Release: {commit}\n"


def released_commit(message: str) -> str | None:
    """Read which tested commit a snapshot commit's message names."""
    found = _TRAILER.search(message)
    return found.group(1) if found else None


def image_changes(before: tuple[ImageField, ...], after: tuple[ImageField, ...]) -> tuple[ImageChange, ...]:
    """Compare what two trees run, image by image; those that stay the same are left out."""
    old, new = _references(before), _references(after)
    tags = _tags(after)
    return tuple(
        ImageChange(name, tags.get(name, ()), old.get(name, ()), new.get(name, ()))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def title(report: ReleaseReport) -> str:
    """Write the title: what moves, at most 256 characters."""
    verb = "Roll back to" if report.rollback is not None else "Release"
    names = [_titled(change) for change in report.changes]
    listed = ", ".join(names[:_TITLED_IMAGES]) + (", …" if len(names) > _TITLED_IMAGES else "")
    what = f"{len(names)} image{'' if len(names) == 1 else 's'} ({listed})" if names else "configuration only"
    return f"{verb} {report.commit[:_SHORT_COMMIT]}: {what}"[: limits.PULL_REQUEST_TITLE_CHARACTERS]


def body(report: ReleaseReport) -> str:
    """Write the body: the verdict first, then images, admission, evidence and files; marked with its fingerprint."""
    parts = [
        _summary(report),
        _images(report),
        _admission(report),
        _evidence(report),
        _files(report),
        "Merging runs exactly the tree that was tested: this branch is that tree on top of prod.",
    ]
    text = "\n\n".join(part for part in parts if part)
    marker = f"<!-- prodgate:v1 commit={report.commit} fingerprint={hashlib.sha256(text.encode()).hexdigest()} -->"
    room = limits.PULL_REQUEST_BODY_CHARACTERS - len(marker) - len(_CUT) - 2
    shortened = text if len(text) <= room else text[:room].rpartition("\n")[0] + _CUT
    return f"{shortened}\n\n{marker}\n"


def fingerprint(text: str) -> str | None:
    """Read the fingerprint out of a body; None where a person replaced it."""
    found = _MARKER.search(text)
    return found.group(2) if found else None


def harmless(text: str) -> str:
    """Show text from outside as code that can do nothing."""
    return f"<code>{_HARMLESS.sub(_entity, text)}</code>"


_CUT: Final = "\n\n…the rest is cut: GitHub bounds a body's length. The files tab of this pull request shows it all."


def _entity(found: re.Match[str]) -> str:
    character = found.group()
    # What does not print can still act: controls end lines, U+202E turns the text after it around.
    return f"&#{ord(character)};" if character.isprintable() else " "


def _titled(change: ImageChange) -> str:
    return f"{change.name.short} {'/'.join(change.tags)}".rstrip()


def _summary(report: ReleaseReport) -> str:
    attested = f"Every image that needs an attestation has one ({len(report.proofs)})"
    lines = ["> [!NOTE]", f"> **Ready.** {attested}, and prod would admit all {len(report.verdicts)} images."]
    if report.rollback is not None:
        lines = ["> [!WARNING]", f"> **Rollback**, asked for by a person: {harmless(report.rollback)}", ">", *lines[1:]]
    return "\n".join(lines)


def _images(report: ReleaseReport) -> str:
    if not report.changes:
        return "### Images\n\nNo image changes; only other files do."
    rows = [f"| {_name(c)} | {_joined(c.tags)} | {_joined(c.before)} | {_joined(c.after)} |" for c in report.changes]
    return _section("Images", ["| Image | Tag | In prod | New |", "| --- | --- | --- | --- |"], rows)


def _name(change: ImageChange) -> str:
    return harmless(str(change.name))


def _joined(values: tuple[str, ...]) -> str:
    return (
        " ".join(harmless(Digest(value).short if value.startswith("sha256:") else value) for value in values) or "none"
    )


def _admission(report: ReleaseReport) -> str:
    rows = [
        f"| {harmless(verdict.image)} | {'admitted' if verdict.admitted else 'denied'} | {harmless(verdict.message)} |"
        if verdict.message
        else f"| {harmless(verdict.image)} | {'admitted' if verdict.admitted else 'denied'} | attested |"
        for verdict in report.verdicts
    ]
    return _section("Admission in prod", ["| Image as written | Verdict | Why |", "| --- | --- | --- |"], rows)


def _evidence(report: ReleaseReport) -> str:
    tests = [f"- suite {harmless(suite.suite)} passed: [its run]({suite.run})" for suite in report.suites]
    proofs = [
        f"- {harmless(proof.image.name.short)} {harmless(proof.image.digest.short)} by {harmless(proof.attestor)}: "
        f"{harmless(proof.occurrence)}"
        for proof in report.proofs
    ]
    commit = f"- tested commit: [{report.commit[:_SHORT_COMMIT]}]({report.web_url}/commit/{report.commit})"
    return _section("Evidence", [], [commit, *tests, *proofs])


def _files(report: ReleaseReport) -> str:
    rows = [f"- {harmless(path)}" for path in report.files]
    return (
        f"<details><summary>{len(rows)} files change in prod</summary>\n\n{_cut_list(rows)}\n\n</details>"
        if rows
        else ""
    )


def _section(heading: str, head: list[str], rows: list[str]) -> str:
    return f"### {heading}\n\n" + "\n".join([*head, _cut_list(rows)])


def _cut_list(rows: list[str]) -> str:
    shown = rows[:_ROWS]
    if len(rows) > _ROWS:
        shown.append(f"\n…and {len(rows) - _ROWS} more.")
    return "\n".join(shown)


def _references(fields: tuple[ImageField, ...]) -> dict[ImageName, tuple[str, ...]]:
    found: dict[ImageName, set[str]] = {}
    for field in fields:
        reference = field.reference
        found.setdefault(reference.name, set()).add(reference.digest or reference.tag or "latest")
    return {name: tuple(sorted(values)) for name, values in found.items()}


def _tags(fields: tuple[ImageField, ...]) -> dict[ImageName, tuple[str, ...]]:
    found: dict[ImageName, set[str]] = {}
    for field in fields:
        if field.follows is not None:
            found.setdefault(field.reference.name, set()).add(field.follows)
    return {name: tuple(sorted(values)) for name, values in found.items()}
