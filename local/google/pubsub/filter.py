"""Subscription filters: conditions on a message's attributes, and on nothing else.

Grammar and semantics: https://cloud.google.com/pubsub/docs/subscription-message-filter. Keywords are upper case.
AND and OR may not stand side by side without parentheses. `!=` is true of a message without the attribute.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from local.google.pubsub import limits

Filter: TypeAlias = Callable[[Mapping[str, str]], bool]

_TOKEN = re.compile(r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>\w[\w\-]*)|(?P<sign>!=|[=:.,()\-]))', re.ASCII)
_DEEPEST = 20


class FilterError(ValueError):
    """A filter that the language does not allow, with the reason."""


def parse(text: str) -> Filter:
    """Compile a filter; the empty one lets every message through.

    Raises:
        FilterError: it is longer than 256 bytes or not in the language.
    """
    if len(text.encode()) > limits.FILTER_BYTES:
        raise FilterError(f"the filter is longer than {limits.FILTER_BYTES} bytes")
    return _Parser(list(_tokens(text))).whole() if text.strip() else _everything


def _everything(attributes: Mapping[str, str]) -> bool:  # noqa: ARG001 - a filter is called with what it ignores
    return True


def _tokens(text: str) -> Iterator[str]:
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if not found:
            raise FilterError(f"unexpected {text[position:].strip()[:20]!r}")
        yield found.group().strip()
        position = found.end()


class _Parser:
    """A recursive descent over the tokens of one filter."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._depth = 0

    def whole(self) -> Filter:
        condition = self._expression()
        if self._tokens:
            raise FilterError(f"unexpected {self._tokens[0]!r}")
        return condition

    def _expression(self) -> Filter:
        conditions, operators = [self._negation()], set()
        while self._next() in {"AND", "OR"}:
            operators.add(self._take())
            conditions.append(self._negation())
        if len(operators) > 1:
            raise FilterError("AND and OR need parentheses between them")
        combine = any if "OR" in operators else all
        return lambda attributes: combine(condition(attributes) for condition in conditions)

    def _negation(self) -> Filter:
        negations = 0
        while self._next() in {"NOT", "-"}:
            self._take()
            negations += 1
        condition = self._condition()
        return (lambda attributes: not condition(attributes)) if negations % 2 else condition

    def _condition(self) -> Filter:
        if self._next() == "(":
            return self._parenthesised()
        return self._prefix() if self._next() == "hasPrefix" else self._comparison()

    def _parenthesised(self) -> Filter:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FilterError(f"parentheses are nested deeper than {_DEEPEST}")
        self._take("(")
        condition = self._expression()
        self._take(")")
        self._depth -= 1
        return condition

    def _prefix(self) -> Filter:
        self._take("hasPrefix")
        self._take("(")
        key = self._attribute()
        self._take(",")
        prefix = self._string()
        self._take(")")
        return lambda attributes: key in attributes and attributes[key].startswith(prefix)

    def _comparison(self) -> Filter:
        self._take("attributes")
        if self._next() == ":":
            self._take()
            present = self._key()
            return lambda attributes: present in attributes
        self._take(".")
        key, operator, value = self._key(), self._take("=", "!="), self._string()
        return lambda attributes: (attributes.get(key) == value) is (operator == "=")

    def _attribute(self) -> str:
        self._take("attributes")
        self._take(".")
        return self._key()

    def _key(self) -> str:
        if self._next().startswith('"'):
            return self._string()
        word = self._take()
        if not re.fullmatch(r"\w[\w\-]*", word, re.ASCII):
            raise FilterError(f"{word!r} is no attribute key; put other characters in quotes")
        return word

    def _string(self) -> str:
        literal = self._take()
        if not literal.startswith('"'):
            raise FilterError(f"a string in double quotes is expected, not {literal!r}")
        try:
            return str(ast.literal_eval(literal))
        except (SyntaxError, ValueError) as error:
            raise FilterError(f"{literal} is no string literal") from error

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, *expected: str) -> str:
        found = self._next()
        if not found or (expected and found not in expected):
            raise FilterError(f"{' or '.join(expected) or 'more'} is expected, not {found or 'the end'!r}")
        return self._tokens.pop(0)
