"""What the comment behind an image says about its tag: which one is pinned, which ones to follow, or to stand still.

`image: HOST/NAME@sha256:… # tag: 1.4.2 follow: semver >=1.4 <2` moves to every higher version below 2;
`… # tag: main-7c1 follow: glob main-*` to every tag of that form; `… # tag: v1 # prodgate: freeze` nowhere.

Rules:
* Without `follow:` a line moves with the very tag that it names, and with no other.
* Versions only rise: news of a lower one, late or replayed, moves nothing. A glob knows no order: the last news wins.
* A range that is not understood is refused, never guessed at.

Source: semver.org 2.0.0 (grammar, and precedence in section 11).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import total_ordering
from typing import Final

from shared.domain.errors import Reason, Rejected, shown

_COMMENT: Final = re.compile(
    r"(?:[ \t]+# tag: (?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(?=[ \t\r\n]|$))?"
    r"(?:[ \t]+(?:# )?follow:(?P<pattern>[^#\r\n]*))?",
    re.ASCII,
)
_FREEZE: Final = "# prodgate: freeze"
_FROZEN_LINE: Final = re.compile(rf"^.*[ \t]{_FREEZE}(?=[ \t\r]|$)", re.MULTILINE)
_NUMBER: Final = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER: Final = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION: Final = re.compile(
    rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?", re.ASCII
)
_BOUND: Final = re.compile(r"(>=|<=|>|<|=)(\S+)")
_PARTIAL: Final = re.compile(rf"v?{_NUMBER}(?:\.{_NUMBER})?", re.ASCII)
_GLOB: Final = re.compile(r"[A-Za-z0-9_.*-]+", re.ASCII)
_RELEASED: Final = 2  # sorts a version without prerelease above all of its prereleases


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A semantic version; `prerelease` holds its dot-separated identifiers."""

    release: tuple[int, int, int]
    prerelease: tuple[str, ...]

    @classmethod
    def read(cls, tag: str) -> Version | None:
        """Read a tag such as `1.4.2` or `v2.0.0-rc.1`; None where it is no version."""
        found = _VERSION.fullmatch(tag)
        if found is None:
            return None
        release = (int(found[1]), int(found[2]), int(found[3]))
        return cls(release, tuple(found[4].split(".")) if found[4] else ())

    def __lt__(self, other: Version) -> bool:
        return self._precedence() < other._precedence()

    def _precedence(self) -> tuple[tuple[int, int, int], tuple[tuple[int, int, str], ...]]:
        """Numbers sort by value and below words, a shorter row below a longer one (section 11)."""
        if not self.prerelease:
            return self.release, ((_RELEASED, 0, ""),)
        return self.release, tuple((0, int(i), "") if i.isdigit() else (1, 0, i) for i in self.prerelease)


@dataclass(frozen=True, slots=True)
class Glob:
    """Tags of a form, in which `*` stands for any characters; they have no order."""

    pattern: str

    def names(self, tag: str) -> bool:
        """Whether a tag is of the form."""
        return fnmatchcase(tag, self.pattern)

    def moves(self, before: str | None, tag: str) -> bool:
        """Whether news of a tag moves a line that names `before`."""
        return tag == before or self.names(tag)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """Versions within all of these bounds; a prerelease only where a bound names one of the same release."""

    bounds: tuple[tuple[str, Version], ...]

    def names(self, tag: str) -> bool:
        """Whether a tag is a version within the range."""
        version = Version.read(tag)
        return version is not None and self._holds(version)

    def moves(self, before: str | None, tag: str) -> bool:
        """Whether news of a tag moves a line that names `before`: never down."""
        if tag == before:
            return True
        version, current = Version.read(tag), Version.read(before or "")
        return version is not None and self._holds(version) and (current is None or version > current)

    def _holds(self, version: Version) -> bool:
        named = any(bound.prerelease and bound.release == version.release for _, bound in self.bounds)
        return (named or not version.prerelease) and all(_within(version, sign, bound) for sign, bound in self.bounds)


TagPattern = Glob | VersionRange


@dataclass(frozen=True, slots=True)
class TagComment:
    """What follows an image on its line: the tag, where that starts in the text, and the text after `follow:`."""

    tag: str | None
    start: int
    follow: str | None

    @classmethod
    def read(cls, text: str, end: int) -> TagComment:
        """Read the comment after an image that ends there, behind its closing quote."""
        quote = 1 if text[end : end + 1] in ('"', "'") else 0
        found = _COMMENT.match(text, end + quote)
        assert found is not None  # noqa: S101 - the pattern matches nothing at all, too
        return cls(found["tag"], found.start("tag"), found["pattern"])


def read_pattern(text: str) -> TagPattern:
    """Read what stands after `follow:`: `semver` and bounds, or `glob` and one pattern.

    Raises:
        Rejected: it is neither.
    """
    style, *rest = text.split() or [""]
    if style == "glob" and len(rest) == 1 and _GLOB.fullmatch(rest[0]):
        return Glob(rest[0])
    if style == "semver" and rest:
        return VersionRange(tuple(map(_bound, rest)))
    raise _not_understood(text)


def latest(pattern: TagPattern, tags: Iterable[str], before: str | None) -> str | None:
    """Choose among tags what a line that names `before` moves to: the highest version, or the last of a form."""
    chosen, found = before, None
    for tag in tags:
        if pattern.moves(chosen, tag):
            chosen = found = tag
    return found


class FrozenLines:
    """The lines of a text that carry `# prodgate: freeze`, by position."""

    def __init__(self, text: str) -> None:
        spans = [found.span() for found in _FROZEN_LINE.finditer(text)] if _FREEZE in text else []
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]

    def hold(self, end: int) -> bool:
        """Whether what ends there stands before the words on such a line."""
        line = bisect_right(self._starts, end) - 1
        return line >= 0 and end <= self._ends[line]


def _bound(text: str) -> tuple[str, Version]:
    found = _BOUND.fullmatch(text)
    if found is None:
        raise _not_understood(text)
    sign, written = found[1], found[2]
    # `>=1.2` and `<2` can mean one thing only; `>1.2` means two things to two tools.
    if sign in {">=", "<"} and _PARTIAL.fullmatch(written):
        written += ".0" * (2 - written.count("."))
    version = Version.read(written)
    if version is None:
        raise _not_understood(text)
    return sign, version


def _within(version: Version, sign: str, bound: Version) -> bool:
    if sign == "=":
        return version == bound
    if sign.startswith(">"):
        return version > bound or (sign == ">=" and version == bound)
    return version < bound or (sign == "<=" and version == bound)


def _not_understood(text: str) -> Rejected:
    return Rejected(
        Reason.NOT_UNDERSTOOD,
        f"follow: {shown(text.strip())} is neither a range such as `semver >=1.2 <2` nor one such as `glob main-*`",
    )
