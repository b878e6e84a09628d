"""The part of Cloud Logging's query language that our filters use, so that they can be held against real entries.

Anything else is refused, so a filter cannot pass here by being misread. Known are comparisons (`=`, `:`, `=~`), values
in parentheses, `:*`, bare texts, `log_id`, NOT, AND and OR, which need parentheses around them when they are mixed.

Source: cloud.google.com/logging/docs/view/logging-query-language.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.world.names import FUNCTIONS

Entry = Mapping[str, Any]
Matches = Callable[[Entry], bool]
_LISTENER: Final = {function.topic: function.function for function in FUNCTIONS}
_TOKEN: Final = re.compile(r'\s*("(?:[^"\\]|\\.)*"|=~|[=:()*]|[\w.@-]+)')


def entry_of(line: Mapping[str, Any], project: str) -> Entry:
    """Make a log line of a function what Cloud Run makes of it (cloud.google.com/logging/docs/structured-logging).

    Functions of one process share their formatter, and with it the label `function`: here the topic says whose it is.
    """
    labels = line["logging.googleapis.com/labels"]
    labels = {**labels, "function": _LISTENER.get(labels.get("topic"), labels["function"])}
    return {
        "resource": {"type": "cloud_run_revision"},
        "logName": f"projects/{project}/logs/run.googleapis.com%2Fstdout",
        "severity": line["severity"],
        "labels": labels,
        "trace": line.get("logging.googleapis.com/trace", ""),
        "textPayload": line["message"],
    }


def compiled(text: str) -> Matches:
    """Read a filter."""
    found = _TOKEN.findall(text)
    if "".join(found) != re.sub(r'\s+(?=(?:[^"]*"[^"]*")*[^"]*$)', "", text):
        raise ValueError(text)
    reader = _Reader(found)
    matches = reader.expression()
    if reader.tokens:
        raise ValueError(reader.tokens)
    return matches


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def expression(self) -> Matches:
        parts, joined = [self._term()], set()
        while self.tokens and self.tokens[0] in ("AND", "OR"):
            joined.add(self.tokens.pop(0))
            parts.append(self._term())
        if len(joined) > 1:
            raise ValueError(joined)
        return (lambda entry: any(p(entry) for p in parts)) if "OR" in joined else lambda e: all(p(e) for p in parts)

    def _term(self) -> Matches:
        token = self.tokens.pop(0)
        if token == "NOT":
            inner = self._term()
            return lambda entry: not inner(entry)
        if token == "(":
            inner = self.expression()
            self._take(")")
            return inner
        if token == "log_id":
            self._take("(")
            log = json.loads(self.tokens.pop(0)).replace("/", "%2F")
            self._take(")")
            return lambda entry: str(entry["logName"]).endswith(f"/logs/{log}")
        if token.startswith('"'):
            text = json.loads(token)
            return lambda entry: text in json.dumps(entry)
        return self._comparison(token, self.tokens.pop(0))

    def _comparison(self, path: str, operator: str) -> Matches:
        compare = _OPERATORS[operator]
        values = self._values()

        def matches(entry: Entry) -> bool:
            value = _at(entry, path)
            return value is not None and any(each == "*" or compare(value, each) for each in values)

        return matches

    def _values(self) -> list[str]:
        token = self.tokens.pop(0)
        if token != "(":
            return [_value(token)]
        values = [_value(self.tokens.pop(0))]
        while self.tokens[0] == "OR":
            self.tokens.pop(0)
            values.append(_value(self.tokens.pop(0)))
        self._take(")")
        return values

    def _take(self, expected: str) -> None:
        if self.tokens.pop(0) != expected:
            raise ValueError(expected)


_OPERATORS: Final[dict[str, Callable[[str, str], bool]]] = {
    "=": lambda value, wanted: value == wanted,
    ":": lambda value, wanted: wanted.lower() in value.lower(),
    "=~": lambda value, wanted: re.search(wanted, value) is not None,
}


def _value(token: str) -> str:
    return str(json.loads(token)) if token.startswith('"') else token


def _at(entry: Entry, path: str) -> str | None:
    value: Any = entry
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return None if value is None else str(value)
