"""The release pull request: what it is about, its branch, its commit and its title."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from shared.domain import limits
from shared.domain.attestation import StoredAttestation
from shared.domain.image import ImageName
from shared.domain.manifests import ImageField
from shared.domain.policy import Verdict

SHORT_COMMIT: Final = 12  # digits
TITLE: Final = "$verb $commit: $images"
_BRANCH: Final = re.compile(r"release/[0-9a-f]{12}", re.ASCII)
_TRAILER: Final = re.compile(r"^Prodgate-Release: ([0-9a-f]{40})$", re.ASCII | re.MULTILINE)
_ROLLBACK: Final = "Roll back to"
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

    `promise` is what merging it does; `warnings` are what prod's rules leave open.
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
    runbook: str = ""
    rollback: str | None = None


def branch(commit: str) -> str:
    """Name the release branch of a commit."""
    return f"release/{commit[:SHORT_COMMIT]}"


def is_release_branch(name: str) -> bool:
    """Whether a branch has a name that prodgate gives."""
    return _BRANCH.fullmatch(name) is not None


def commit_message(commit: str, rollback: str | None) -> str:
    """Write the message of a snapshot commit; its trailer says which tested commit it is."""
    verb = "Release" if rollback is None else _ROLLBACK
    subject = f"{verb} {commit[:SHORT_COMMIT]}"
    return f"{subject}\n\nThe tree is exactly that of the tested commit.\n\nProdgate-Release: {commit}\n"


def released_commit(message: str) -> str | None:
    """Read which tested commit a snapshot commit's message names."""
    found = _TRAILER.search(message)
    return found.group(1) if found else None


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


def _titled(change: ImageChange) -> str:
    return f"{change.name.short} {'/'.join(change.tags)}".rstrip()


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
