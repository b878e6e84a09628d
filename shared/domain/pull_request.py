"""The release pull request: what it is about, its branch, its commit and its title."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final

from shared.domain import limits
from shared.domain.attestation import StoredAttestation
from shared.domain.image import ImageName
from shared.domain.manifests import ImageField
from shared.domain.policy import Verdict
from shared.domain.push_times import BroughtPushes, release_trailers
from shared.domain.scan_report import ScanReport

SHORT_COMMIT: Final = 12  # digits
TITLE: Final = "$verb $commit: $images"
_BRANCH: Final = re.compile(r"release/[0-9a-f]{12}", re.ASCII)
_TRAILER: Final = re.compile(r"^Prodgate-Release: ([0-9a-f]{40})$", re.ASCII | re.MULTILINE)
_ROLLBACK: Final = "Roll back to"
_REASON: Final = re.compile(r'^Asked for by a person: ("(?:[A-Za-z0-9 ,]|\\u[0-9a-f]{4})*")$', re.ASCII | re.MULTILINE)
_TELLING: Final = re.compile(r"[^A-Za-z0-9 ,]")  # GitHub makes mentions, links and "fixes" of what else stands there
# A title becomes part of the merge commit's message, where "fixes GH-1" closes an issue; a hyphen that does not break
# looks the same.
_ISSUE: Final = re.compile(r"(gh)-(?=[0-9])", re.ASCII | re.IGNORECASE)
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
class CommitSubject:
    """A commit on dev, and the first line of its message."""

    sha: str
    subject: str


@dataclass(frozen=True, slots=True)
class Commits:
    """The commits between two releases: those that were listed, and how many there are."""

    listed: tuple[CommitSubject, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class ReleaseReport:
    """Everything that the pull request says.

    `promise` is what merging it does; `warnings` are what prod's rules leave open; `cautions` are what people must know
    before they merge, as Markdown that can do nothing. `scans` are None where vulnerabilities are not shown; `woken` is
    the line about the event, see `waking`. `pushes` are None where none is known, and of a rollback, which takes some
    back.
    """

    repository: str
    commit: str
    web_url: str
    suites: tuple[SuitePassed, ...]
    changes: tuple[ImageChange, ...]
    proofs: tuple[StoredAttestation, ...]
    verdicts: tuple[Verdict, ...]
    files: tuple[str, ...]
    promise: str
    commits: Commits = field(default_factory=Commits)
    warnings: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    runbook: str = ""
    rollback: str | None = None
    scans: ScanReport | None = None
    woken: str = ""
    pushes: BroughtPushes | None = None


def branch(commit: str) -> str:
    """Name the release branch of a commit."""
    return f"release/{commit[:SHORT_COMMIT]}"


def is_release_branch(name: str) -> bool:
    """Whether a branch has a name that prodgate gives."""
    return _BRANCH.fullmatch(name) is not None


def commit_message(commit: str, rollback: str | None, pushes: BroughtPushes | None = None) -> str:
    """Write the message of a snapshot commit; its trailers say what it brings, and which tested commit it is.

    That of a rollback keeps the person's reason: by both together a request is known again when its event comes again.
    """
    if rollback is None:
        subject, asked = f"Release {commit[:SHORT_COMMIT]}", ""
    else:
        subject, asked = f"{_ROLLBACK} {commit[:SHORT_COMMIT]}", f"Asked for by a person: {_harmless(rollback)}\n\n"
    trailers = f"{release_trailers(pushes)}Prodgate-Release: {commit}\n"
    return f"{subject}\n\nThe tree is exactly that of the tested commit.\n\n{asked}{trailers}"


def rollback_reason(message: str) -> str | None:
    """Read a person's reason out of a snapshot commit's message; None where nobody gave one."""
    found = _REASON.search(message) if is_rollback(message) else None
    return str(json.loads(found.group(1))) if found else None


def released_commit(message: str) -> str | None:
    """Read which tested commit a snapshot commit's message names."""
    found = _TRAILER.search(message)
    return found.group(1) if found else None


def says_request(message: str, commit: str, rollback: str | None) -> bool:
    """Whether a snapshot commit's message is that of a request: a tested commit, and a person's reason or none."""
    if released_commit(message) != commit or is_rollback(message) != (rollback is not None):
        return False
    return rollback is None or rollback_reason(message) == rollback


def is_rollback(message: str) -> bool:
    """Whether a snapshot commit's message says that a person asked for it."""
    return message.startswith(f"{_ROLLBACK} ")


def image_changes(before: tuple[ImageField, ...], after: tuple[ImageField, ...]) -> tuple[ImageChange, ...]:
    """Compare what two trees run, image by image; those that stay the same are left out."""
    old, new = _references(before), _references(after)
    tags = _tags(after)
    return tuple(
        ImageChange(name, tags.get(name, ()), old.get(name, ()), new.get(name, ()))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )


def title_words(report: ReleaseReport) -> dict[str, str]:
    """What a title may say, by the names that a template uses."""
    names = [_titled(change) for change in report.changes]
    listed = ", ".join(names[:_TITLED_IMAGES]) + (", …" if len(names) > _TITLED_IMAGES else "")
    return {
        "verb": "Release" if report.rollback is None else _ROLLBACK,
        "commit": report.commit[:SHORT_COMMIT],
        "images": f"{len(names)} image{'' if len(names) == 1 else 's'} ({listed})" if names else "configuration only",
        "repository": report.repository,
    }


def cut_title(text: str) -> str:
    """Cut a title at the 256 characters that GitHub takes."""
    return text[: limits.PULL_REQUEST_TITLE_CHARACTERS]


def _harmless(text: str) -> str:
    """Write a text as a JSON string of letters, digits, blanks and code points, which nothing else is read into."""
    utf16 = text.encode("utf-16-be", "surrogatepass")
    units = [int.from_bytes(utf16[at : at + 2]) for at in range(0, len(utf16), 2)]
    return f'"{"".join(_unit(unit) for unit in units)}"'


def _unit(unit: int) -> str:
    return f"\\u{unit:04x}" if _TELLING.match(chr(unit)) else chr(unit)


def _titled(change: ImageChange) -> str:
    return _ISSUE.sub("\\1\u2011", f"{change.name.short} {'/'.join(change.tags)}".rstrip())


def _references(fields: tuple[ImageField, ...]) -> dict[ImageName, tuple[str, ...]]:
    found: dict[ImageName, set[str]] = {}
    for image in fields:
        reference = image.reference
        found.setdefault(reference.name, set()).add(reference.digest or reference.tag or "latest")
    return {name: tuple(sorted(values)) for name, values in found.items()}


def _tags(fields: tuple[ImageField, ...]) -> dict[ImageName, tuple[str, ...]]:
    found: dict[ImageName, set[str]] = {}
    for image in fields:
        if image.follows is not None:
            found.setdefault(image.reference.name, set()).add(image.follows)
    return {name: tuple(sorted(values)) for name, values in found.items()}
