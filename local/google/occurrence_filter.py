"""The filters of ListOccurrences: those that `gcloud` and Google's samples use, parsed for real.

    has_suffix(resourceUrl, "sha256:…")        kind="ATTESTATION"        noteProjectId="p" AND noteId="n"

Terms are joined by AND and OR and grouped by parentheses. As https://google.aip.dev/160 has it, OR binds tighter
than AND. `has_suffix` is what `gcloud container binauthz attestations list` sends; whether the real service accepts
it inside OR is undocumented; accepted here because the grammar has functions wherever comparisons are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc
from grafeas.grafeas_v1 import NoteKind

from local.google.refusal import Refusal

Matches = Callable[[Any], bool]  # of an occurrence, as protobuf's own message: lists read thousands

MAX_DEPTH = 20  # of parentheses, ours

_TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>[A-Za-z_][A-Za-z_.]*)|(?P<sign>!=|[=(),]))')


def _uri(occurrence: Any) -> str:
    return str(occurrence.resource_uri)


_FIELDS: dict[str, Callable[[Any], str]] = {
    "resourceUrl": _uri,
    "resourceUri": _uri,
    "resource_url": _uri,
    "resource_uri": _uri,
    "kind": lambda occurrence: NoteKind(occurrence.kind).name,
    "noteId": lambda occurrence: occurrence.note_name.rpartition("/")[2],
    "noteProjectId": lambda occurrence: occurrence.note_name.split("/")[1],
}

_FUNCTIONS: dict[str, Callable[[str, tuple[str, ...]], bool]] = {
    "has_suffix": str.endswith,
    "has_prefix": str.startswith,
}


@dataclass(frozen=True, slots=True)
class _Function:
    """A function of a field and of any of some values: what the OR of many functions of one field is."""

    name: str
    read: Callable[[Any], str]
    values: tuple[str, ...]

    def __call__(self, occurrence: Any) -> bool:
        return _FUNCTIONS[self.name](self.read(occurrence), self.values)


def parse_filter(text: str) -> Matches:
    """Return the test that a filter stands for; the empty filter admits everything.

    Raises:
        Refusal: INVALID_ARGUMENT, for a filter that is malformed or asks for what the stand-in does not know.
    """
    if not text.strip():
        return lambda _: True
    return _Parser(text).parse()


def endings_of(matches: Matches, length: int) -> set[str] | None:
    """Say with which characters, so many, a resource must end that a filter admits; None where it may be any."""
    if not isinstance(matches, _Function) or matches.read is not _uri or matches.name != "has_suffix":
        return None
    if any(len(value) < length for value in matches.values):
        return None
    return {value[-length:] for value in matches.values}


class _Parser:
    """Recursive descent over `conjunction := disjunction (AND disjunction)*`, `disjunction := term (OR term)*`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split()
        self._depth = 0

    def parse(self) -> Matches:
        matches = self._conjunction()
        if self._tokens:
            raise self._refusal(f"unexpected {self._tokens[0]}")
        return matches

    def _conjunction(self) -> Matches:
        parts = [self._disjunction()]
        while self._tokens[:1] == ["AND"]:
            self._next()
            parts.append(self._disjunction())
        return parts[0] if len(parts) == 1 else lambda occurrence: all(part(occurrence) for part in parts)

    def _disjunction(self) -> Matches:
        parts = [self._term()]
        while self._tokens[:1] == ["OR"]:
            self._next()
            parts.append(self._term())
        merged = _merged(parts)
        return merged[0] if len(merged) == 1 else lambda occurrence: any(part(occurrence) for part in merged)

    def _term(self) -> Matches:
        word = self._next()
        if word == "(":
            return self._group()
        if word in _FUNCTIONS:
            return self._function(word)
        return self._comparison(word)

    def _group(self) -> Matches:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._refusal("too many parentheses")
        matches = self._conjunction()
        self._expect(")")
        self._depth -= 1
        return matches

    def _function(self, name: str) -> Matches:
        self._expect("(")
        read = self._field(self._next())
        self._expect(",")
        value = self._string()
        self._expect(")")
        return _Function(name, read, (value,))

    def _comparison(self, word: str) -> Matches:
        read, sign, value = self._field(word), self._next(), self._string()
        if sign not in ("=", "!="):
            raise self._refusal(f"expected = instead of {sign}")
        return lambda occurrence: (read(occurrence) == value) is (sign == "=")

    def _field(self, word: str) -> Callable[[Any], str]:
        if word not in _FIELDS:
            raise self._refusal(f"the stand-in cloud does not filter by {word}")
        return _FIELDS[word]

    def _string(self) -> str:
        token = self._next()
        if not token.startswith('"'):
            raise self._refusal(f"expected a quoted string instead of {token}")
        try:
            return str(json.loads(token))
        except ValueError as error:
            raise self._refusal(f"malformed string {token}") from error

    def _expect(self, sign: str) -> None:
        if (token := self._next()) != sign:
            raise self._refusal(f"expected {sign} instead of {token}")

    def _next(self) -> str:
        if not self._tokens:
            raise self._refusal("it ends too early")
        return self._tokens.pop(0)

    def _split(self) -> list[str]:
        text, tokens, end = self._text.rstrip(), [], 0
        while end < len(text):
            found = _TOKEN.match(text, end)
            if not found:
                raise self._refusal(f"unexpected {text[end:].strip()[0]}")
            tokens.append(found[0].strip())
            end = found.end()
        return tokens

    def _refusal(self, reason: str) -> Refusal:
        return Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"Invalid filter '{self._text}': {reason}.")


def _merged(parts: list[Matches]) -> list[Matches]:
    """Make functions of the same field one, or fifty of them would read it fifty times for each occurrence."""
    functions: dict[tuple[str, Callable[[Any], str]], _Function] = {}
    others: list[Matches] = []
    for part in parts:
        if isinstance(part, _Function):
            known = functions.get((part.name, part.read), part)
            values = known.values if known is part else known.values + part.values
            functions[part.name, part.read] = _Function(part.name, part.read, values)
        else:
            others.append(part)
    return [*functions.values(), *others]
