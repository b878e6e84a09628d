"""Reading JSON from strangers: one meaning per text, or none.

Rules, each the cure of a trap that Python's json module leaves open (RFC 8259, RFC 7493 I-JSON):
* UTF-8 only, without a byte order mark; UTF-16 is not guessed.
* A key appears once. (`{"digest": good, "digest": evil}` would otherwise read as evil.)
* No floats, NaN or Infinity; no lone surrogates, which cannot be encoded again; no endless integers.
* Nesting is bounded before parsing: 1,000 brackets would raise RecursionError, which is no ValueError.
* Every field is read by name and type, and a field that nobody read is an error.

Another system's own format (`foreign`) has fractions, deeper levels and fields that are nobody's business here; its
keys still appear once, and what is read of it is read as strictly.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeVar

from shared.domain import limits
from shared.domain.errors import Reason, Rejected, shown

# An open string runs to the end: looking for the next quote instead takes quadratic time on `"\"\"\"…`.
_STRING: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_BRACKET: Final = re.compile(r"[\[\]{}]")
_ESCAPED: Final = "\\u"  # how JSON writes a character by its number, which may be that of a surrogate
_T = TypeVar("_T")


def read_object(what: str, data: bytes, *, reason: Reason = Reason.MALFORMED_EVENT, foreign: bool = False) -> Fields:
    """Read one JSON object; `what` names it in sentences, `foreign` is another system's own format.

    Raises:
        Rejected: the bytes are anything else, or ambiguous.
    """
    try:
        text = data.decode("utf-8")
        _refuse_mark(text)
        _bound_depth(text, limits.FOREIGN_JSON_DEPTH if foreign else limits.JSON_DEPTH)
        value = (_FOREIGN if foreign else _OWN).decode(text)
        if _ESCAPED in text:  # UTF-8 itself holds no surrogates
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise Rejected(reason, f"{what} holds a lone surrogate, which is no text") from None
    except UnicodeDecodeError as error:
        raise Rejected(reason, f"{what} is not UTF-8: byte {error.start} is {data[error.start]:#04x}") from None
    except ValueError as error:
        raise Rejected(reason, f"{what} is not strict JSON: {error}; it begins with {shown(data[:40])}") from None
    if not isinstance(value, dict):
        raise Rejected(reason, f"{what} must be a JSON object, it is {_kind(value)}")
    return Fields(what, value, reason)


class Fields:
    """The fields of one JSON object, each to be read once; `done` refuses what was not read."""

    def __init__(self, what: str, values: dict[str, Any], reason: Reason = Reason.MALFORMED_EVENT) -> None:
        self._what = what
        self._values = values
        self._reason = reason
        self._unread = set(values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, *, most: int, matching: re.Pattern[str] | None = None) -> str:
        """Read a string of 1 to `most` characters that matches a pattern as a whole."""
        value = self._typed(name, str)
        if not 0 < len(value) <= most:
            self.refuse(name, f"must have 1 to {most:,} characters, it has {len(value):,}")
        if matching is not None and not matching.fullmatch(value):
            self.refuse(name, f"is {shown(value)}, which is not of its form {matching.pattern}")
        return value

    def parsed(self, name: str, parse: Callable[[str], _T], *, most: int) -> _T:
        """Read a string through a parser that raises Rejected."""
        value = self.text(name, most=most)
        try:
            return parse(value)
        except Rejected as error:
            raise Rejected(error.reason, f"{self._what}: {name}: {error.detail}") from None

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """Read one of a closed list of words."""
        value = self._typed(name, str)
        if value not in allowed:
            self.refuse(name, f"is {shown(value)}; it must be {' or '.join(allowed)}")
        return value

    def number(self, name: str, *, most: int) -> int:
        """Read an integer from 0 to `most`."""
        value = self._typed(name, int)
        if isinstance(value, bool) or not 0 <= value <= most:
            self.refuse(name, f"must be a number from 0 to {most:,}")
        return value

    def flag(self, name: str) -> bool:
        """Read true or false."""
        return self._typed(name, bool)

    def child(self, name: str) -> Fields:
        """Read a nested object."""
        return Fields(f"{self._what}: {name}", self._typed(name, dict), self._reason)

    def children(self, name: str, *, most: int) -> list[Fields]:
        """Read a list of 1 to `most` objects."""
        items = self._list(name, most)
        return [Fields(f"{self._what}: {name}[{i}]", self._an(dict, item, name), self._reason) for i, item in items]

    def texts(self, name: str, *, most: int) -> list[str]:
        """Read a list of 1 to `most` strings."""
        return [self._an(str, item, name) for _, item in self._list(name, most)]

    def names(self) -> list[str]:
        """The names of all fields, for objects whose keys are data."""
        return list(self._values)

    def any_text(self, name: str) -> str:
        """Read a string of any length, the empty one too."""
        return self._typed(name, str)

    def is_empty(self, name: str) -> bool:
        """Whether a field is null, an empty string, an empty object or an empty list."""
        return self._values.get(name) in (None, "", {}, [])

    def unread(self) -> tuple[str, ...]:
        """The fields that nobody has read."""
        return tuple(sorted(self._unread))

    def ignore(self, *names: str) -> None:
        """Accept fields of a foreign format that prodgate does not use."""
        self._unread.difference_update(names)

    def done(self) -> None:
        """Refuse every field that was not read."""
        for name in sorted(self._unread):
            raise Rejected(self._reason, f"{self._what}: the field {shown(name)} is unknown")

    def refuse(self, name: str, why: str) -> NoReturn:
        """Reject the object because of one field."""
        raise Rejected(self._reason, f"{self._what}: {name} {why}")

    def _list(self, name: str, most: int) -> list[tuple[int, Any]]:
        items = self._typed(name, list)
        if not 0 < len(items) <= most:
            self.refuse(name, f"must hold 1 to {most:,} items, it holds {len(items):,}")
        return list(enumerate(items))

    def _typed(self, name: str, kind: type[_T]) -> _T:
        if name not in self._values:
            self.refuse(name, "is missing")
        self._unread.discard(name)
        return self._an(kind, self._values[name], name)

    def _an(self, kind: type[_T], value: Any, name: str) -> _T:
        if not isinstance(value, kind):
            self.refuse(name, f"must be {_KINDS[kind]}, it is {_kind(value)}")
        return value


_KINDS: Final[dict[type, str]] = {
    str: "a string",
    dict: "an object",
    list: "a list",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}
_INTEGER_DIGITS: Final = 18


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "null")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        message = f"the key {shown(twice)} appears twice"
        raise ValueError(message)
    return found


def _no_float(text: str) -> NoReturn:
    message = f"{shown(text)} is a number with a fraction or exponent, or none"
    raise ValueError(message)


def _integer(text: str) -> int:
    if len(text) > _INTEGER_DIGITS:
        message = f"a number has {len(text):,} digits"
        raise ValueError(message)
    return int(text)


_OWN, _FOREIGN = (
    json.JSONDecoder(object_pairs_hook=_unique, parse_float=parse_float, parse_constant=_no_float, parse_int=_integer)
    for parse_float in (_no_float, float)
)


def _refuse_mark(text: str) -> None:
    if text.startswith("\ufeff"):
        message = "a byte order mark (BOM) stands before it"
        raise ValueError(message)


def _bound_depth(text: str, most: int) -> None:
    if text.count("[") + text.count("{") <= most:  # not so many could be open at once
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > most:
            message = f"it is nested deeper than {most} levels"
            raise ValueError(message)
