"""The error answers of GitHub's REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

DOCUMENTATION = "https://docs.github.com/rest"


class Refusal(Exception):  # noqa: N818 - a refusal is an ordinary answer of the API, no programming error
    """A call refused with an HTTP status and the message that GitHub gives."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Mapping[str, str] | str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = tuple(error if isinstance(error, str) else dict(error) for error in errors)
        self.headers = dict(headers or {})

    def body(self) -> dict[str, Any]:
        """Give the JSON body: `message`, `documentation_url`, `status` as text, `errors` where there are some."""
        errors = {"errors": list(self.errors)} if self.errors else {}
        return {"message": self.message, **errors, "documentation_url": DOCUMENTATION, "status": str(self.status)}

    def said(self) -> str:
        """Give what is wrong in words, as GraphQL says it."""
        details = [error if isinstance(error, str) else error.get("message", "") for error in self.errors]
        return ", ".join(filter(None, details)) or self.message


class QueryRefusal(Refusal):
    """A query that GraphQL does not answer: status 200, and `errors` with a type or a code where GitHub names one."""

    def __init__(self, message: str, kind: str = "", *, code: str = "") -> None:
        super().__init__(HTTPStatus.OK, message)
        self._named: dict[str, Any] = {"type": kind} if kind else {}
        self._named |= {"extensions": {"code": code}} if code else {}

    def body(self) -> dict[str, Any]:
        """Give the JSON body."""
        return {"errors": [{**self._named, "message": self.message}]}


def bad_credentials() -> Refusal:
    """Refuse a token that is missing or that nobody was given."""
    return Refusal(HTTPStatus.UNAUTHORIZED, "Bad credentials")


def not_accessible(*, app: bool = True) -> Refusal:
    """Refuse an App, or a fine-grained token of a person, that lacks the permission for this operation."""
    whom = "integration" if app else "personal access token"
    return Refusal(HTTPStatus.FORBIDDEN, f"Resource not accessible by {whom}")


def not_found() -> Refusal:
    """Refuse a path that names nothing."""
    return Refusal(HTTPStatus.NOT_FOUND, "Not Found")


def unprocessable(message: str) -> Refusal:
    """Refuse a request whose single defect is its message, as the Git database operations do."""
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, message)


def validation_failed(*errors: Mapping[str, str] | str) -> Refusal:
    """Refuse a request with `Validation Failed` and one entry per defect."""
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Validation Failed", errors=errors)


def custom_error(resource: str, message: str, *, field: str = "") -> dict[str, str]:
    """Describe a defect in words, with the code `custom`."""
    named = {"field": field} if field else {}
    return {"resource": resource, "code": "custom", **named, "message": message}
