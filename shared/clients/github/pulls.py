"""Pull requests: found before they are made, adopted when somebody was faster (docs.github.com/rest/pulls)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.clients.github.connection import Connection, Refused
from shared.domain.errors import Fault, Unavailable

_PAGE: Final = 50  # the newest ones are enough to know what prod has and what is open


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as GitHub shows it; `head` and `base` are branch names, `author` a login.

    `is_ours` says whether its head is a branch of this repository: a fork may call its branches as it likes.
    """

    number: int
    title: str
    body: str
    author: str
    head: str
    head_sha: str
    is_ours: bool
    base: str
    url: str
    labels: frozenset[str]
    is_open: bool
    created_at: datetime
    merged_at: datetime | None
    merge_commit: str

    @property
    def is_merged(self) -> bool:
        """Whether its base has it."""
        return self.merged_at is not None


class Pulls:
    """Lists, opens, edits and closes pull requests within one repository."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def newest(self, base: str) -> tuple[PullRequest, ...]:
        """The newest pull requests into a base branch, newest first, open or not.

        Raises:
            Unavailable: they cannot be listed.
        """
        return await self._list(base=base, state="all", sort="created", direction="desc", per_page=_PAGE)

    async def open_one(self, head: str, base: str) -> PullRequest | None:
        """The open pull request from one branch into another, of which GitHub allows one."""
        qualified = f"{self._connection.owner}:{head}"  # unqualified, GitHub ignores the filter and lists them all
        found = await self._list(head=qualified, base=base, state="open")
        return next((pull for pull in found if pull.is_ours), None)

    async def open(self, head: str, base: str, *, title: str, body: str, draft: bool = False) -> PullRequest | None:
        """Open a pull request; None where there is one already, or nothing between the branches.

        Raises:
            Unavailable: it may or may not be open; look before trying again.
        """
        request = {"head": head, "base": base, "title": title, "body": body, "draft": draft}
        try:
            return self._pull_request(await self._connection.post("/pulls", request))
        except Refused as error:
            if "already exists" in error.message or "No commits between" in error.message:
                return None
            raise _unexpected(f"opening {head}", error) from error

    async def edit(self, number: int, *, title: str, body: str) -> PullRequest:
        """Replace a pull request's title and body.

        Raises:
            Unavailable: GitHub refused or did not answer.
        """
        return await self._patch(number, {"title": title, "body": body})

    async def close(self, number: int) -> PullRequest:
        """Close a pull request; its branch stays."""
        return await self._patch(number, {"state": "closed"})

    async def ask(self, number: int, *, reviewers: tuple[str, ...], teams: tuple[str, ...]) -> None:
        """Ask people and teams for their review.

        Raises:
            Unavailable: GitHub refused or did not answer.
        """
        body = {"reviewers": list(reviewers), "team_reviewers": list(teams)}
        await self._post(f"/pulls/{number}/requested_reviewers", body)

    async def label(self, number: int, labels: tuple[str, ...]) -> None:
        """Put labels on a pull request; those that it has stay."""
        await self._post(f"/issues/{number}/labels", {"labels": list(labels)})

    async def assign(self, number: int, assignees: tuple[str, ...]) -> None:
        """Assign people to a pull request."""
        await self._post(f"/issues/{number}/assignees", {"assignees": list(assignees)})

    async def _patch(self, number: int, body: Mapping[str, Any]) -> PullRequest:
        try:
            return self._pull_request(await self._connection.patch(f"/pulls/{number}", body))
        except Refused as error:
            raise _unexpected(f"editing #{number}", error) from error

    async def _post(self, path: str, body: Mapping[str, Any]) -> None:
        try:
            await self._connection.post(path, body)
        except Refused as error:
            raise _unexpected(path, error) from error

    async def _list(self, **parameters: Any) -> tuple[PullRequest, ...]:
        try:
            rows = await self._connection.get("/pulls", **parameters)
        except Refused as error:
            raise _unexpected("listing pull requests", error) from error
        return tuple(self._pull_request(row) for row in rows)

    def _pull_request(self, row: Any) -> PullRequest:
        origin = row["head"]["repo"]  # null where a fork is gone
        return PullRequest(
            number=int(row["number"]),
            title=str(row["title"]),
            body=str(row["body"] or ""),
            author=str(row["user"]["login"]) if row["user"] else "",
            head=str(row["head"]["ref"]),
            head_sha=str(row["head"]["sha"]),
            is_ours=origin is not None and origin["full_name"].lower() == self._connection.repository.lower(),
            base=str(row["base"]["ref"]),
            url=str(row["html_url"]),
            labels=frozenset(str(label["name"]) for label in row["labels"]),
            is_open=row["state"] == "open",
            created_at=datetime.fromisoformat(row["created_at"]),
            merged_at=datetime.fromisoformat(row["merged_at"]) if row["merged_at"] else None,
            merge_commit=str(row["merge_commit_sha"] or ""),
        )


def _unexpected(what: str, error: Refused) -> Unavailable:
    return Unavailable(Fault.REFUSED, f"GitHub, {what}: {error.status} {error.message}")
