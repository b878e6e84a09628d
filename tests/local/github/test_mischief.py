"""Planned faults: each in GitHub's own words, counted once per call."""

from __future__ import annotations

import pytest

from local.faults import Faults
from tests.local.github.client import Api

STATUS = "github.repos/create-commit-status"


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("UNAVAILABLE", 503, "Service unavailable"),
        ("INTERNAL", 500, "Server Error"),
        ("DEADLINE_EXCEEDED", 504, "in time"),
        ("RESOURCE_EXHAUSTED", 403, "secondary rate limit"),
        ("RATE_LIMIT_429", 429, "secondary rate limit"),
        ("NOT_FOUND", 404, "Not Found"),
        ("PERMISSION_DENIED", 403, "Resource not accessible by integration"),
        ("SOMETHING_ELSE", 500, "Server Error"),
    ],
)
def test_a_refused_call_does_nothing(api: Api, faults: Faults, code: str, status: int, words: str) -> None:
    """Refuse one status, then set it."""
    path = f"/statuses/{api.head('dev')}"
    faults.fail(STATUS, code=code)
    assert words in api.refused("POST", path, {"state": "success"}, status=status)
    assert api.get("/commits/dev/statuses") == []
    api.post(path, {"state": "success"})


def test_only_the_secondary_limit_of_403_says_when_to_come_back(api: Api, faults: Faults) -> None:
    """Read the headers of both rate limits."""
    faults.fail("github.repos/get", code="RESOURCE_EXHAUSTED")
    faults.fail("github.repos/get", code="RATE_LIMIT_429")
    first, second = (api.response("GET", "/repos/mdo/environments") for _ in range(2))
    assert (first.headers.get("Retry-After"), second.headers.get("Retry-After")) == ("1", None)


def test_a_lost_reply_has_done_its_work(api: Api, faults: Faults) -> None:
    """Open a pull request whose answer is lost; the next attempt learns that it exists."""
    api.advance("dev", {"README.md": "two\n"})
    faults.lose_reply("github.pulls/create")
    body = {"title": "t", "head": "dev", "base": "prod"}
    assert api.refused("POST", "/pulls", body, status=502) == "Server Error"
    assert api.refused("POST", "/pulls", body) == ["A pull request already exists for mdo:dev."]


def test_each_call_is_counted_once(api: Api, faults: Faults) -> None:
    """Read one ref twice."""
    before = faults.calls("github.git/get-ref").get("github.git/get-ref", 0)
    api.head("dev")
    api.head("dev")
    assert faults.calls("github.git/get-ref") == {"github.git/get-ref": before + 2}
