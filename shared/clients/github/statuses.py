"""Commit statuses: what was accepted for exactly this commit, and by whom (docs.github.com/rest/commits/statuses)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shared.clients.github.connection import Connection, Refused
from shared.domain import limits
from shared.domain.errors import Fault, Unavailable

_PAGE: Final = 100
_PAGES: Final = 10  # 1,000 statuses per commit and context is GitHub's own bound


@dataclass(frozen=True, slots=True)
class Status:
    """The newest status of one context by one creator; `creator` is a login such as `prodgate-attest[bot]`."""

    context: str
    state: str
    creator: str
    description: str
    target_url: str

    @property
    def succeeded(self) -> bool:
        """Whether it says success."""
        return self.state == "success"


class Statuses:
    """Reads and sets the statuses of commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, commit: str, context: str, creator: str) -> Status | None:
        """The newest status of a context that this creator set; others may set the same context, and do not count.

        Raises:
            Unavailable: the statuses cannot be read.
        """
        for page in range(1, _PAGES + 1):
            rows = await self._page(commit, page)
            for row in rows:
                status = _status(row)
                if status.context == context and status.creator == creator:
                    return status
            if len(rows) < _PAGE:
                break
        return None

    async def succeed(self, commit: str, context: str, *, description: str, target_url: str) -> None:
        """Say success for a commit.

        Raises:
            Unavailable: the status may or may not be set; setting it again is harmless.
        """
        body = {
            "state": "success",
            "context": context,
            "description": description[: limits.STATUS_DESCRIPTION_CHARACTERS],
            "target_url": target_url,
        }
        try:
            await self._connection.post(f"/statuses/{commit}", body)
        except Refused as error:
            raise Unavailable(Fault.REFUSED, f"GitHub, status {context}: {error.status} {error.message}") from error

    async def _page(self, commit: str, page: int) -> list[Any]:
        try:
            rows = await self._connection.get(f"/commits/{commit}/statuses", per_page=_PAGE, page=page)
        except Refused as error:
            raise Unavailable(Fault.NOT_VISIBLE_YET, f"GitHub, statuses of {commit}: {error.message}") from error
        return list(rows)


def _status(row: Any) -> Status:
    creator = row["creator"]["login"] if row["creator"] else ""
    return Status(
        str(row["context"]),
        str(row["state"]),
        str(creator),
        str(row["description"] or ""),
        str(row["target_url"] or ""),
    )
