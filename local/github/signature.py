"""Who made a commit and when, in Git's notation and in GitHub's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from local.github.refusal import unprocessable

LINE = re.compile(
    r"(?P<name>.*?) ?<(?P<email>[^>]*)> (?P<seconds>-?\d+) (?P<sign>[+-])(?P<hours>\d\d)(?P<minutes>\d\d)"
)
FORBIDDEN = re.compile(r"[<>\n\0]")


@dataclass(frozen=True, slots=True)
class Signature:
    """Name, address and time of an author or committer."""

    name: str
    email: str
    when: datetime

    @classmethod
    def parse(cls, line: str) -> Signature:
        """Read `Name <address> seconds +hhmm` from a commit object."""
        match = LINE.fullmatch(line)
        if match is None:
            return cls(line, "", datetime.fromtimestamp(0, UTC))
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
        zone = timezone(-offset if match["sign"] == "-" else offset)
        return cls(match["name"], match["email"], datetime.fromtimestamp(int(match["seconds"]), zone))

    @classmethod
    def of_request(cls, fields: Mapping[str, Any], default: Signature) -> Signature:
        """Read the `author` or `committer` of a request; `date` is ISO 8601 and may be left out.

        Raises:
            Refusal: 422, when a field is missing or cannot stand in a commit object.
        """
        name, email, date = fields.get("name"), fields.get("email"), fields.get("date")
        if not isinstance(name, str) or not isinstance(email, str) or FORBIDDEN.search(name + email):
            raise unprocessable("Invalid request.\n\nauthor and committer need a name and an email.")
        if date is None:
            return cls(name, email, default.when)
        try:
            return cls(name, email, datetime.fromisoformat(date).astimezone(UTC))
        except (TypeError, ValueError):
            raise unprocessable(f"Invalid request.\n\n{date} is not a valid date-time.") from None

    def line(self) -> str:
        """Write `Name <address> seconds +hhmm`, as a commit object has it."""
        return f"{self.name} <{self.email}> {int(self.when.timestamp())} {self.when.strftime('%z') or '+0000'}"

    def representation(self) -> dict[str, str]:
        """Describe the signature as the API does."""
        return {"name": self.name, "email": self.email, "date": timestamp(self.when)}


def timestamp(when: datetime) -> str:
    """Write a time as GitHub does: UTC, whole seconds, `Z`."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
