"""Pull requests: found before they are made, adopted when somebody was faster (docs.github.com/rest/pulls)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shared.clients.github.connection import Connection, Refused
from shared.domain.errors import Fault, Unavailable

_PAGE: Final = 50  # the newest ones are enough to know what prod has and what is open


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as GitHub shows it; `head` and `base` are branch names."""

    number: int
    title: str
    body: str
    head: str
    head_sha: str
    base: str
    url: str
    is_open: bool
    is_merged: bool


class Pulls:
    """Lists, opens and edits pull requests within one repository."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def newest(self, base: str) -> tuple[PullRequest, ...]:
        """The newest pull requests into a base branch, newest first, open or not.

        Raises:
            Unavailable: they cannot be listed.
        """
        return await self._list(base=base, state="all", sort="created", direction="desc", per_page=_PAGE)

    async def of(self, head: str, base: str) -> tuple[PullRequest, ...]:
        """Every pull request from one branch into another, newest first, open or not."""
        qualified = f"{self._connection.owner}:{head}"  # unqualified, GitHub ignores the filter and lists them all
        return await self._list(head=qualified, base=base, state="all", sort="created", direction="desc")

    async def open(self, head: str, base: str, *, title: str, body: str) -> PullRequest | None:
        """Open a pull request; None where there is one already, or nothing between the branches.

        Raises:
            Unavailable: it may or may not be open; look before trying again.
        """
        request = {"head": head, "base": base, "title": title, "body": body}
        try:
            return _pull_request(await self._connection.post("/pulls", request))
        except Refused as error:
            if "already exists" in error.message or "No commits between" in error.message:
                return None
            raise Unavailable(Fault.REFUSED, f"GitHub, opening {head}: {error.status} {error.message}") from error

    async def edit(self, number: int, *, title: str, body: str) -> PullRequest:
        """Replace a pull request's title and body.

        Raises:
            Unavailable: GitHub refused or did not answer.
        """
        try:
            return _pull_request(await self._connection.patch(f"/pulls/{number}", {"title": title, "body": body}))
        except Refused as error:
            raise Unavailable(Fault.REFUSED, f"GitHub, editing #{number}: {error.status} {error.message}") from error

    async def _list(self, **parameters: Any) -> tuple[PullRequest, ...]:
        try:
            rows = await self._connection.get("/pulls", **parameters)
        except Refused as error:
            raise Unavailable(Fault.REFUSED, f"GitHub, listing: {error.status} {error.message}") from error
        return tuple(_pull_request(row) for row in rows)


def _pull_request(row: Any) -> PullRequest:
    return PullRequest(
        number=int(row["number"]),
        title=str(row["title"]),
        body=str(row["body"] or ""),
        head=str(row["head"]["ref"]),
        head_sha=str(row["head"]["sha"]),
        base=str(row["base"]["ref"]),
        url=str(row["html_url"]),
        is_open=row["state"] == "open",
        is_merged=row["merged_at"] is not None,
    )
