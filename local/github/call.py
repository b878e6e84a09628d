"""One call of the API: what an operation is given, what it answers, and how lists are cut into pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from yarl import URL

from local.github.auth import Access, Account, Accounts
from local.github.refusal import Refusal, unprocessable
from local.github.repository import Repository
from local.github.representations import Representations

PER_PAGE = 30
MAX_PER_PAGE = 100

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answers; a `body` of bytes is sent as it is, None sends nothing."""

    body: Any
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


def created(body: Any) -> Answer:
    """Answer 201 with the new thing."""
    return Answer(body, HTTPStatus.CREATED)


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated, permitted call; `accounts` and `repositories` (by full name) are all that there are."""

    account: Account
    show: Representations
    path: Mapping[str, str]
    query: Mapping[str, str]
    url: URL
    accept: str = ""
    payload: Any = field(default_factory=dict)
    found: Repository | None = None
    authorization: str = ""
    accounts: Accounts = field(default_factory=Accounts)
    repositories: Mapping[str, Repository] = field(default_factory=dict)

    @property
    def repository(self) -> Repository:
        """The repository that the path names."""
        if self.found is None:
            raise LookupError("this operation is on no repository")
        return self.found

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON object that was sent.

        Raises:
            Refusal: 400, when something else was sent.
        """
        if not isinstance(self.payload, dict):
            raise Refusal(HTTPStatus.BAD_REQUEST, "Body should be a JSON object")
        return self.payload

    def text(self, name: str) -> str:
        """Take a text from the body that must be there.

        Raises:
            Refusal: 422, when it is missing or no text.
        """
        value = self.optional_text(name)
        if value is None:
            raise unprocessable(f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return value

    def optional_text(self, name: str) -> str | None:
        """Take a text from the body that may be missing or null."""
        value = self.body.get(name)
        if value is not None and not isinstance(value, str):
            raise unprocessable(f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a string.")
        return value

    def texts(self, name: str) -> list[str]:
        """Take a list of texts from the body; empty when it is missing."""
        value = self.body.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise unprocessable(f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a list of strings.")
        return value

    def flag(self, name: str) -> bool:
        """Take a switch from the body; false when it is missing."""
        value = self.body.get(name, False)
        if not isinstance(value, bool):
            raise unprocessable(f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not a boolean.")
        return value

    def mapping(self, name: str) -> Mapping[str, Any] | None:
        """Take an object from the body that may be missing or null."""
        value = self.body.get(name)
        if value is not None and not isinstance(value, dict):
            raise unprocessable(f"Invalid request.\n\nFor 'properties/{name}', {value!r} is not an object.")
        return value


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: GitHub's id of it, its route, the permission that an App needs, and the function that does it."""

    id: str
    verb: str
    route: str
    answer: Callable[[Call], Awaitable[Answer]]
    resource: str = "metadata"
    access: Access = "read"

    @property
    def by_jwt(self) -> bool:
        """Whether an App calls it as itself, with a JWT, and not as an installation."""
        return self.resource == "app"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer: the operation's id, the verb and path as they were asked, the body as it was sent.

    `agent` is what the caller calls itself, and `query` what stood behind the path.
    """

    operation: str
    verb: str
    path: str
    body: bytes
    answer: Answer
    query: Mapping[str, str] = field(default_factory=dict)
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted, from `page` (1 and up) and `per_page` (1 to 100, default 30)."""

    number: int
    size: int

    @classmethod
    def of(cls, call: Call) -> Page:
        """Read the query; what is no number counts as absent."""
        return cls(
            number=max(1, whole(call.query.get("page"), 1)),
            size=min(MAX_PER_PAGE, max(1, whole(call.query.get("per_page"), PER_PAGE))),
        )

    def cut(self, items: Sequence[Item]) -> Sequence[Item]:
        """Take the items of this page."""
        return items[(self.number - 1) * self.size : self.number * self.size]

    def headers(self, call: Call, total: int) -> dict[str, str]:
        """Write the `Link` header; none when everything fits on one page."""
        last = max(1, -(-total // self.size))
        relations = {"prev": self.number - 1, "next": self.number + 1, "last": last, "first": 1}
        wanted = {
            relation: number
            for relation, number in relations.items()
            if (1 <= number < self.number and relation in {"prev", "first"})
            or (self.number < number <= last and relation in {"next", "last"})
        }
        links = [f'<{call.url.update_query(page=number)}>; rel="{relation}"' for relation, number in wanted.items()]
        return {"Link": ", ".join(links)} if links else {}


def whole(text: str | None, default: int) -> int:
    """Read a whole number, or take the default."""
    return int(text) if text is not None and text.isascii() and text.isdigit() else default


def listed(call: Call, items: Sequence[Item], show: Callable[[Item], Any]) -> Answer:
    """Answer one page of a list, with its `Link` header."""
    page = Page.of(call)
    return Answer([show(item) for item in page.cut(items)], headers=page.headers(call, len(items)))
