"""Comments on pull requests (docs.github.com/rest/issues/comments)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shared.clients.github.connection import Connection, Refused
from shared.domain.errors import Fault, Unavailable

_PAGE: Final = 100
_PAGES: Final = 10  # of the oldest comments; ours comes soon after the merge


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment: who wrote it (a login), and what."""

    id: int
    author: str
    body: str


class Comments:
    """Reads, writes and edits comments within one repository."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def marked(self, number: int, marker: str, author: str) -> Comment | None:
        """The oldest comment on a pull request that this author wrote and that holds a marker.

        Raises:
            Unavailable: the comments cannot be read.
        """
        for page in range(1, _PAGES + 1):
            rows = await self._page(number, page)
            for row in rows:
                comment = _comment(row)
                if comment.author == author and marker in comment.body:
                    return comment
            if len(rows) < _PAGE:
                break
        return None

    async def write(self, number: int, body: str) -> None:
        """Comment on a pull request.

        Raises:
            Unavailable: the comment may or may not be there; look before trying again.
        """
        try:
            await self._connection.post(f"/issues/{number}/comments", {"body": body})
        except Refused as error:
            raise _unexpected(f"commenting on #{number}", error) from error

    async def edit(self, comment: Comment, body: str) -> None:
        """Replace a comment's text."""
        try:
            await self._connection.patch(f"/issues/comments/{comment.id}", {"body": body})
        except Refused as error:
            raise _unexpected(f"editing the comment {comment.id}", error) from error

    async def _page(self, number: int, page: int) -> list[Any]:
        try:
            rows = await self._connection.get(f"/issues/{number}/comments", per_page=_PAGE, page=page)
        except Refused as error:
            raise _unexpected(f"comments of #{number}", error) from error
        return list(rows)


def _comment(row: Any) -> Comment:
    return Comment(int(row["id"]), str(row["user"]["login"]) if row["user"] else "", str(row["body"] or ""))


def _unexpected(what: str, error: Refused) -> Unavailable:
    return Unavailable(Fault.REFUSED, f"GitHub, {what}: {error.status} {error.message}")
