"""Pull requests: found before they are made, adopted when somebody was faster (docs.github.com/rest/pulls)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from shared.clients.github.connection import Connection, Refused
from shared.domain.errors import Fault, Unavailable

_PAGE: Final = 50  # of those that changed last, which nearly always hold what is open and what was merged last
_OPEN_PAGE: Final = 100
_PAGES: Final = 10  # of each list; whoever has a thousand open ones into prod has another problem


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as GitHub shows it; `head` and `base` are branch names, `author` a login.

    `is_ours` says whether its head is a branch of this repository: a fork may call its branches as it likes.
    `reviewers` and `teams` are asked and have not answered; logins and slugs are in lower case. `base_sha` is the head
    of the base when GitHub looked last: when the pull request was opened, for example.
    """

    number: int
    title: str
    body: str
    author: str
    head: str
    head_sha: str
    is_ours: bool
    base: str
    base_sha: str
    url: str
    labels: frozenset[str]
    reviewers: frozenset[str]
    teams: frozenset[str]
    assignees: frozenset[str]
    is_open: bool
    created_at: datetime
    updated_at: datetime
    merged_at: datetime | None
    merge_commit: str

    @property
    def is_merged(self) -> bool:
        """Whether its base has it."""
        return self.merged_at is not None


@dataclass(frozen=True, slots=True)
class PullList:
    """Pull requests, newest first: every open one, and every one that changed after `since`; None is all there are."""

    all: tuple[PullRequest, ...]
    since: datetime | None
    pages: int = 1


class Pulls:
    """Lists, opens, edits and closes pull requests within one repository."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def latest(self, base: str) -> PullList:
        """Every open pull request into a base branch, and those that changed last, newest first.

        Raises:
            Unavailable: they cannot be listed.
        """
        changed = await self._list(**_changed(base, 1))
        if len(changed) < _PAGE:
            return PullList(_newest_first(changed), None)
        return PullList(_newest_first([*changed, *await self._open(base)]), changed[-1].updated_at)

    async def before(self, listed: PullList, base: str) -> PullList:
        """Add the pull requests that changed next before those of a list; as far as anybody will look."""
        page = listed.pages + 1
        changed = await self._list(**_changed(base, page))
        since = changed[-1].updated_at if len(changed) == _PAGE and page < _PAGES else None
        return PullList(_newest_first([*listed.all, *changed]), since, page)

    async def of_head(self, head: str, base: str) -> tuple[PullRequest, ...]:
        """Every pull request from one branch into another, newest first."""
        found = await self._list(head=self._qualified(head), base=base, state="all", per_page=_PAGE)
        return tuple(pull for pull in found if pull.is_ours)

    async def merged_as(self, commit: str, base: str) -> PullRequest | None:
        """The pull request whose merge into a base branch made a commit."""
        try:
            rows = await self._connection.get(f"/commits/{commit}/pulls", per_page=_PAGE)
        except Refused as error:
            raise _unexpected(f"pull requests of {commit}", error) from error
        found = map(self._pull_request, rows)
        return next((p for p in found if p.is_merged and (p.merge_commit, p.base) == (commit, base)), None)

    async def open_one(self, head: str, base: str) -> PullRequest | None:
        """The open pull request from one branch into another, of which GitHub allows one."""
        found = await self._list(head=self._qualified(head), base=base, state="open")
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

    def _qualified(self, head: str) -> str:
        """Name a branch as the filter wants it: unqualified, GitHub ignores it and lists them all."""
        return f"{self._connection.owner}:{head}"

    async def _open(self, base: str) -> list[PullRequest]:
        found: list[PullRequest] = []
        for page in range(1, _PAGES + 1):
            listed = await self._list(base=base, state="open", per_page=_OPEN_PAGE, page=page)
            found += listed
            if len(listed) < _OPEN_PAGE:
                break
        return found

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
            base_sha=str(row["base"]["sha"]),
            url=str(row["html_url"]),
            labels=frozenset(str(label["name"]) for label in row["labels"]),
            reviewers=_names(row["requested_reviewers"], "login"),
            teams=_names(row["requested_teams"], "slug"),
            assignees=_names(row["assignees"], "login"),
            is_open=row["state"] == "open",
            created_at=datetime.fromisoformat(row["created_at"]),
            updated_at=datetime.fromisoformat(row["updated_at"]),
            merged_at=datetime.fromisoformat(row["merged_at"]) if row["merged_at"] else None,
            merge_commit=str(row["merge_commit_sha"] or ""),
        )


def _changed(base: str, page: int) -> dict[str, Any]:
    return {"base": base, "state": "all", "sort": "updated", "direction": "desc", "per_page": _PAGE, "page": page}


def _newest_first(pulls: Iterable[PullRequest]) -> tuple[PullRequest, ...]:
    """Sort by number, each once: a list may change between two of its pages."""
    return tuple(sorted({pull.number: pull for pull in pulls}.values(), key=lambda pull: -pull.number))


def _names(people: Any, name: str) -> frozenset[str]:
    return frozenset(str(person[name]).lower() for person in people or ())


def _unexpected(what: str, error: Refused) -> Unavailable:
    return Unavailable(Fault.REFUSED, f"GitHub, {what}: {error.status} {error.message}")
