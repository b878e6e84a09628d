"""Configuration: read once at start from environment variables, typed, and complained about all at once.

A function that cannot be configured does not start: `finish` ends the process with one message that names every
variable that is missing or malformed. Secrets are never here, only the names of their Secret Manager versions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import urlsplit

from shared.domain.errors import Rejected, shown
from shared.domain.strict_json import Fields, read_object

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)
_VALUE_CHARACTERS: Final = 8192
_ITEMS: Final = 1000
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
# urlsplit drops tabs and line ends and reads `evil.com:80\@localhost:80` as localhost; other readers do not.
_AMBIGUOUS: Final = re.compile(r"[\s\\@]")

PROJECT: Final = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", re.ASCII)
REPOSITORY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+", re.ASCII)
BRANCH: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*", re.ASCII)
LOGIN: Final = re.compile(r"[A-Za-z0-9-]+(?:\[bot\])?", re.ASCII)
LOCATION: Final = re.compile(r"[a-z]+(?:-[a-z0-9]+)*", re.ASCII)
CLUSTER: Final = re.compile(r"[a-z]+(?:-[a-z0-9]+)*\.[a-z](?:[a-z0-9-]*[a-z0-9])?", re.ASCII)
FOLDER: Final = re.compile(r"[^/\s]+(?:/[^/\s]+)*")
SECRET_VERSION: Final = re.compile(r"projects/[^/]+/secrets/[^/]+/versions/[^/]+", re.ASCII)
ATTESTOR: Final = re.compile(r"projects/[^/]+/attestors/[^/]+", re.ASCII)
KEY_VERSION: Final = re.compile(
    r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+/cryptoKeyVersions/[0-9]+", re.ASCII
)
CLIENT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
REGISTRY_PREFIX: Final = re.compile(r"[a-zA-Z0-9.:\[\]-]+(?:/[a-z0-9._-]+)*", re.ASCII)
TOKEN_ORIGIN: Final = re.compile(
    r"https://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?|http://(?:127\.0\.0\.1|localhost):[0-9]{1,5}",
    re.ASCII,
)
KIND: Final = re.compile(r"\S+ [A-Z][A-Za-z0-9]*", re.ASCII)


class Environment:
    """Reads settings out of environment variables and remembers every problem until `finish`."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._problems: list[str] = []

    def text(self, name: str, matching: re.Pattern[str], *, default: str | None = None) -> str:
        """Read a variable that matches a pattern as a whole."""
        value = self._variables.get(name, default)
        if value is None:
            return self._problem(name, "is not set", "")
        if not matching.fullmatch(value) or len(value) > _VALUE_CHARACTERS:
            return self._problem(name, f"is {shown(value)}, which is not of its form {matching.pattern}", "")
        return value

    def optional_text(self, name: str, matching: re.Pattern[str]) -> str | None:
        """Read such a variable, if it is set."""
        return self.text(name, matching) if name in self._variables else None

    def some(self, names: Mapping[str, str], matching: re.Pattern[str]) -> dict[str, str]:
        """Read those of several variables that are set, at least one, under their keys in `names`."""
        found = {key: name for key, name in names.items() if name in self._variables}
        if not found:
            self._problem(" and ".join(names.values()), "are not set; there is nothing to do", None)
        return {key: self.text(name, matching) for key, name in found.items()}

    def either(self, one: str, other: str) -> str | None:
        """Say which of two variables is set; exactly one must be."""
        found = [name for name in (one, other) if name in self._variables]
        if len(found) == 1:
            return found[0]
        return self._problem(f"{one} and {other}", "are both set; one must be" if found else "are not set", None)

    def record(self, name: str, read: Callable[[Fields], _T], *, default: _T) -> _T:
        """Read one JSON object through `read`; `default` stands in for one that is malformed."""
        return self._json(name, lambda fields: _row(fields.child("value"), read), default)

    def optional_record(self, name: str, read: Callable[[Fields], _T], *, default: _T) -> _T:
        """Read one JSON object through `read`, if there is one."""
        return self.record(name, read, default=default) if name in self._variables else default

    def optional_number(self, name: str) -> int | None:
        """Read a positive number, if there is one."""
        value = self._variables.get(name)
        if value is None:
            return None
        if not re.fullmatch(r"[1-9][0-9]{0,17}", value, re.ASCII):
            return self._problem(name, f"is {shown(value)}, which is no number", None)
        return int(value)

    def choice(self, name: str, kind: type[_E], *, default: _E) -> _E:
        """Read one word of a closed vocabulary."""
        value = self._variables.get(name, default)
        try:
            return kind(value)
        except ValueError:
            return self._problem(name, f"is {shown(value)}; it may be {' or '.join(kind)}", default)

    def said(self, name: str, kind: type[_E]) -> _E | None:
        """Read one word of a closed vocabulary that somebody must have said, on purpose."""
        value = self._variables.get(name)
        if value not in set(kind):
            return self._problem(name, f"is {shown(value)}; it must be {' or '.join(kind)}", None)
        return kind(value)

    def seconds(self, name: str, *, default: float) -> float:
        """Read a duration in seconds."""
        value = self._variables.get(name, str(default))
        if not re.fullmatch(r"[0-9]{1,4}(?:\.[0-9]{1,3})?", value, re.ASCII):
            return self._problem(name, f"is {shown(value)}, which is no number of seconds", default)
        return float(value)

    def texts(self, name: str, matching: re.Pattern[str], *, default: str | None = None) -> tuple[str, ...]:
        """Read a JSON list of strings, such as `["apps","platform"]`."""
        if name not in self._variables and default is not None:
            return ()
        return self._json(name, lambda fields: _matching(fields, "value", matching), ())

    def table(self, name: str, read: Callable[[Fields], _T], *, required: bool = True) -> dict[str, _T]:
        """Read a JSON object of objects: `{"qa": {…}}`, each through `read`; empty where it need not be set."""
        if name not in self._variables and not required:
            return {}
        return self._json(name, lambda fields: _rows(fields, read), {})

    def optional_table(self, name: str, read: Callable[[Fields], _T], *, names: Collection[str]) -> dict[str, _T]:
        """Read such an object, if there is one; its names must be among these."""
        return self._among(name, self.table(name, read, required=False), names)

    def optional_lists(
        self, name: str, matching: re.Pattern[str], *, names: Collection[str]
    ) -> dict[str, tuple[str, ...]]:
        """Read a JSON object of lists of strings, if there is one; its names must be among these."""
        if name not in self._variables:
            return {}
        return self._among(name, self._json(name, lambda fields: _lists(fields, matching), {}), names)

    def complete_table(self, name: str, read: Callable[[Fields], _T], *, names: Collection[str]) -> dict[str, _T]:
        """Read an object of objects with a row for each of these names, and no other."""
        table = self.table(name, read)
        if table and table.keys() != set(names):
            given, wanted = (", ".join(sorted(each)) for each in (table, names))
            self._problem(name, f"has rows for {given}; it must have one for each of {wanted}, and no other", None)
        return table

    def google_endpoint(self, name: str) -> str | None:
        """Read `HOST:PORT` of a stand-in for Google's services; it is not encrypted, so it must be loopback."""
        value = self._variables.get(name)
        if value is not None and not is_loopback(f"http://{value}"):
            return self._problem(name, f"is {shown(value)}; only a loopback host may stand in for Google's", None)
        return value

    def url(self, name: str, *, default: str) -> str:
        """Read an https URL; http is for loopback only."""
        value = self._variables.get(name, default).rstrip("/")
        if not value.startswith("https://") and not is_loopback(value):
            return self._problem(name, f"is {shown(value)}; it must be https, or http to a loopback host", default)
        return value

    def registry_endpoints(self, name: str) -> dict[str, str]:
        """Read `{"HOST": "http://127.0.0.1:PORT"}`: stand-ins for registries, loopback only."""
        if name not in self._variables:
            return {}
        return self._json(name, _endpoints, {})

    def refuse(self, name: str, why: str) -> None:
        """Complain about a variable whose form is right."""
        self._problem(name, why, None)

    def finish(self) -> None:
        """End the start, if anything is wrong, with one message that names it all.

        Raises:
            SystemExit: a variable is missing or malformed.
        """
        if self._problems:
            raise SystemExit("prodgate cannot start:\n" + "\n".join(f"- {problem}" for problem in self._problems))

    def _json(self, name: str, read: Callable[[Fields], _T], default: _T) -> _T:
        value = self._variables.get(name)
        if value is None:
            return self._problem(name, "is not set", default)
        try:
            return read(read_object(name, b'{"value":' + value.encode(errors="surrogateescape") + b"}"))
        except Rejected as error:
            return self._problem(name, error.detail, default)

    def _among(self, name: str, table: dict[str, _T], names: Collection[str]) -> dict[str, _T]:
        for unknown in sorted(table.keys() - set(names)):
            self._problem(name, f"names {shown(unknown)}; it may name {', '.join(sorted(names))}", None)
        return table

    def _problem(self, name: str, why: str, instead: _T) -> _T:
        problem = f"{name} {why}"
        if problem not in self._problems:  # two rooms may need the same variable
            self._problems.append(problem)
        return instead


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine: the only place that may be spoken to without TLS."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = not _AMBIGUOUS.search(url)
    return plain and parts.scheme == "http" and parts.hostname in _LOOPBACK and port is not None


def _matching(fields: Fields, name: str, matching: re.Pattern[str]) -> tuple[str, ...]:
    values = fields.texts(name, most=_ITEMS)
    for value in values:
        if not matching.fullmatch(value):
            fields.refuse(name, f"holds {shown(value)}, which is not of the form {matching.pattern}")
    return tuple(values)


def _lists(fields: Fields, matching: re.Pattern[str]) -> dict[str, tuple[str, ...]]:
    lists = fields.child("value")
    return {name: _matching(lists, name, matching) for name in lists.names()}


def _rows(fields: Fields, read: Callable[[Fields], _T]) -> dict[str, _T]:
    rows = fields.child("value")
    if not rows.names():
        fields.refuse("value", "is empty; empty means no")
    return {name: _row(rows.child(name), read) for name in rows.names()}


def _row(fields: Fields, read: Callable[[Fields], _T]) -> _T:
    row = read(fields)
    fields.done()
    return row


def _endpoints(fields: Fields) -> dict[str, str]:
    endpoints = fields.child("value")
    found = {host: endpoints.text(host, most=_VALUE_CHARACTERS) for host in endpoints.names()}
    for host, url in found.items():
        if not is_loopback(url):
            endpoints.refuse(host, f"is {shown(url)}; only a loopback host may stand in for a registry")
    return found
