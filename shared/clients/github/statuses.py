"""Commit statuses: what was accepted for exactly this commit, and by whom (docs.github.com/rest/commits/statuses)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from shared.clients.github.connection import Connection, Refused
from shared.domain import limits
from shared.domain.errors import Fault, Unavailable

_PAGE: Final = 100
_PAGES: Final = 10  # 1,000 statuses per commit and context is GitHub's own bound

State = Literal["success", "failure", "pending"]


@dataclass(frozen=True, slots=True)
class Status:
    """One status of a commit; `creator` is a login such as `prodgate-attest[bot]`."""

    context: str
    state: str
    creator: str
    description: str
    target_url: str
    created_at: datetime

    @property
    def succeeded(self) -> bool:
        """Whether it says success."""
        return self.state == "success"


@dataclass(frozen=True, slots=True)
class CommitStatuses:
    """Every status of one commit, newest first."""

    all: tuple[Status, ...]

    def newest(self, context: str, creator: str) -> Status | None:
        """The newest status of a context that this creator set; others may set the same one, and do not count."""
        return next(iter(self.by(context, creator)), None)

    def by(self, context: str, creator: str) -> tuple[Status, ...]:
        """Every status of a context that this creator set, newest first."""
        return tuple(status for status in self.all if status.context == context and status.creator == creator)


class Statuses:
    """Reads and sets the statuses of commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told: dict[tuple[str, str], Status | None] = {}

    def learn(self, commit: str, context: str, newest: Status | None) -> None:
        """Take note of the newest status of a context, whoever set it; None where there is none."""
        self._told[commit, context] = newest

    async def of(self, commit: str, context: str, creator: str) -> Status | None:
        """The newest status of a context that this creator set.

        Raises:
            Unavailable: the statuses cannot be read.
        """
        if (commit, context) in self._told:
            told = self._told[commit, context]
            if told is None or (told.context, told.creator) == (context, creator):
                return told
        return (await self.on(commit)).newest(context, creator)

    async def on(self, commit: str) -> CommitStatuses:
        """Every status of a commit.

        Raises:
            Unavailable: they cannot be read.
        """
        found: list[Status] = []
        for page in range(1, _PAGES + 1):
            rows = await self._page(commit, page)
            found += map(_status, rows)
            if len(rows) < _PAGE:
                break
        return CommitStatuses(tuple(found))

    async def succeed(self, commit: str, context: str, *, description: str, target_url: str) -> Status:
        """Say success for a commit; raises as `set` does."""
        return await self.set(commit, context, "success", description=description, target_url=target_url)

    async def set(
        self, commit: str, context: str, state: State, *, description: str, target_url: str | None = None
    ) -> Status:
        """Say something about a commit, and answer it as GitHub keeps it; the description is cut at 140 characters.

        Raises:
            Unavailable: the status may or may not be set; setting it again is harmless.
        """
        body = {"state": state, "context": context, "description": short_description(description)}
        if target_url:
            body["target_url"] = target_url
        self._told.pop((commit, context), None)
        try:
            return _status(await self._connection.post(f"/statuses/{commit}", body))
        except Refused as error:
            raise Unavailable(Fault.REFUSED, f"GitHub, status {context}: {error.status} {error.message}") from error

    async def _page(self, commit: str, page: int) -> list[Any]:
        try:
            rows = await self._connection.get(f"/commits/{commit}/statuses", per_page=_PAGE, page=page)
        except Refused as error:
            raise Unavailable(Fault.NOT_VISIBLE_YET, f"GitHub, statuses of {commit}: {error.message}") from error
        return list(rows)


def short_description(text: str) -> str:
    """Cut a description at GitHub's bound, visibly."""
    most = limits.STATUS_DESCRIPTION_CHARACTERS
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _status(row: Any) -> Status:
    return Status(
        str(row["context"]),
        str(row["state"]),
        str(row["creator"]["login"]) if row["creator"] else "",
        str(row["description"] or ""),
        str(row["target_url"] or ""),
        datetime.fromisoformat(row["created_at"]),
    )
