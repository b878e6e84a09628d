"""What the comment behind an image says about its tag: which one is pinned, which ones to follow, or to stand still.

`image: HOST/NAME@sha256:… # tag: 1.4.2 follow: semver >=1.4 <2` moves to every higher version below 2;
`… # tag: main-71 follow: glob main-*` to every tag of that form with a higher number; `… # prodgate: freeze` nowhere.

Rules:
* Without `follow:` a line moves with the very tag that it names, and with no other.
* Tags only rise: news of a lower one, late or replayed, moves nothing. Tags that have no order move nothing either.
* A range that is not understood is refused, never guessed at, and so is a comment that almost says one of these; what
  almost says freeze does freeze.

Source: semver.org 2.0.0 (grammar, and precedence in section 11).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import total_ordering
from typing import Final

from shared.domain.errors import Reason, Rejected, shown

_COMMENT: Final = re.compile(
    r"""['"]?"""
    r"(?:[ \t]+# tag: (?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})(?=[ \t\r\n]|$))?"
    r"(?:[ \t]+(?:# )?follow:(?P<pattern>[^#\r\n]*))?"
    # Nothing but brackets may stand between an image and a comment; a quoted text after it in flow style may hold a #.
    r"(?P<other>[ \t\],}]*(?<=[ \t])#)?",
    re.ASCII,
)
_LINE: Final = re.compile(r"[^\r\n]*")
_LINE_ENDS: Final = ("", "\r", "\n")
_FREEZE: Final = re.compile(r"#(?i:[^#\r\n]*\bprodgate\b[ \t:]*(?:freez|froz))", re.ASCII)
_ALMOST: Final = re.compile(r"#[ \t]*(?:tag|prodgate)[ \t]*:[^#]*|\bfollows?[ \t]*:[^#]*", re.ASCII | re.IGNORECASE)
_NUMBER: Final = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER: Final = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION: Final = re.compile(
    rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?", re.ASCII
)
_BOUND: Final = re.compile(r"(>=|<=|>|<|=)(\S+)")
_PARTIAL: Final = re.compile(rf"v?{_NUMBER}(?:\.{_NUMBER})?", re.ASCII)
_GLOB: Final = re.compile(r"[A-Za-z0-9_.*-]+", re.ASCII)
_NUMBERS: Final = re.compile(r"[0-9]+(?:[._-][0-9]+)*", re.ASCII)
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
    """Tags of a form, in which `*` stands for any characters; those for which it stands for numbers have an order."""

    pattern: str

    def names(self, tag: str) -> bool:
        """Whether a tag is of the form."""
        return self._parts(tag) is not None

    def moves(self, before: str | None, tag: str) -> bool:
        """Whether news of a tag moves a line that names `before`: never down."""
        return tag == before or self._rises(before, tag) is True

    def has_no_order(self, before: str | None, tag: str) -> bool:
        """Whether a tag of the form is neither above nor below `before`, as far as their names tell."""
        return tag != before and self._rises(before, tag) is None

    def _rises(self, before: str | None, tag: str) -> bool | None:
        """Whether the numbers in a tag are above those of `before`, the leftmost first; None where they do not tell."""
        new, old = self._parts(tag), self._parts(before or "")
        if new is None or old is None:
            return new is not None
        apart = [(a, b) for a, b in zip(old, new, strict=True) if a != b]
        if not all(_NUMBERS.fullmatch(part) for pair in apart for part in pair):
            return None
        return [_numbers(a) for a, _ in apart] < [_numbers(b) for _, b in apart]

    def _parts(self, tag: str) -> tuple[str, ...] | None:
        """What each `*` stands for in a tag, as little as can be from the left; None where it is of another form."""
        head, *fixed = self.pattern.split("*")
        if not fixed:
            return () if tag == head else None
        *between, tail = fixed
        parts, position = [], len(head)
        for text in between:
            found = tag.find(text, position)
            if found < 0:
                return None
            parts.append(tag[position:found])
            position = found + len(text)
        end = len(tag) - len(tail)
        return (*parts, tag[position:end]) if tag.startswith(head) and tag.endswith(tail) and position <= end else None


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

    def has_no_order(self, _before: str | None, _tag: str) -> bool:
        """Versions all have one."""
        return False

    def _holds(self, version: Version) -> bool:
        named = any(bound.prerelease and bound.release == version.release for _, bound in self.bounds)
        return (named or not version.prerelease) and all(_within(version, sign, bound) for sign, bound in self.bounds)


TagPattern = Glob | VersionRange


@dataclass(frozen=True, slots=True)
class TagComment:
    """What follows an image on its line: the tag, where that starts in the text, and the text after `follow:`.

    `almost` is what looks like one of these, and is none.
    """

    tag: str | None
    start: int
    follow: str | None
    almost: str | None

    @classmethod
    def read(cls, text: str, end: int) -> TagComment:
        """Read the comment after a value that ends there, behind its closing quote."""
        if text[end : end + 1] in _LINE_ENDS:
            return NO_COMMENT
        found = _COMMENT.match(text, end)
        assert found is not None  # noqa: S101 - the pattern matches nothing at all, too
        tag, follow, other = found.group("tag", "pattern", "other")
        if tag is None and follow is None and other is None:
            return NO_COMMENT
        rest = _LINE.match(text, max(found.end("tag"), found.end("pattern"), found.start("other")))
        return cls(tag, found.start("tag"), follow, _almost(rest[0] if rest else ""))

    def pattern(self) -> TagPattern | None:
        """Read which other tags the line follows.

        Raises:
            Rejected: that is not understood, or a comment almost says so.
        """
        if self.almost is not None:
            forms = "`# tag: TAG`, then `follow: semver …` or `follow: glob …`, right behind the image"
            why = f"{shown(self.almost)} is not understood: prodgate reads {forms}, and `# prodgate: freeze`"
            raise Rejected(Reason.NOT_UNDERSTOOD, why)
        return None if self.follow is None else read_pattern(self.follow)


NO_COMMENT: Final = TagComment(None, -1, None, None)


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


def unordered(pattern: TagPattern, tags: Iterable[str], before: str | None) -> str | None:
    """Choose a tag that the pattern names, and of which nobody can tell whether it is above `before`."""
    return next((tag for tag in tags if pattern.has_no_order(before, tag)), None)


class FrozenLines:
    """The lines of a text that carry `# prodgate: freeze`, or almost so, by position."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._marks: list[int] = []  # the last of each line
        looked = 0
        for found in _FREEZE.finditer(text):
            line_end = text.rfind("\n", looked, found.start())
            if line_end < 0 and self._starts:
                self._marks[-1] = found.start()
            else:
                self._starts.append(line_end + 1)
                self._marks.append(found.start())
            looked = found.start()

    def hold(self, end: int) -> bool:
        """Whether what ends there stands before the words on such a line."""
        line = bisect_right(self._starts, end) - 1
        return line >= 0 and end <= self._marks[line]


def _almost(rest: str) -> str | None:
    """Find what looks like a word to prodgate in the rest of a comment."""
    found = _ALMOST.search(_FREEZE.sub("", rest))
    return None if found is None else found[0].strip()


def _numbers(part: str) -> tuple[int, ...]:
    return tuple(map(int, re.split(r"[._-]", part)))


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
