"""The watch over every exchange sees what breaks GitHub's description, and lets pass what keeps to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.github.call import Answer, Exchange
from tests.github_watch import Watch
from tests.local.github.client import REPOSITORY, Api

PATH = f"{REPOSITORY}/git/ref/heads/dev"


def seen(answer: Any, *, status: int = 200, path: str = PATH, verb: str = "GET", body: bytes = b"") -> list[str]:
    """Show a new watch one exchange."""
    watch = Watch()
    watch.observe(Exchange("git/get-ref", verb, path, body, Answer(answer, status)))
    return watch.take()


def test_a_good_answer_is_let_pass(api: Api) -> None:
    """By its own name, and below the prefix of a company's own GitHub."""
    answer = api.get("/git/ref/heads/dev")

    assert seen(answer) == []
    assert seen(answer, path=f"/api/v3{PATH}") == []


@pytest.mark.parametrize("field", ["ref", "object", "node_id"])
def test_an_answer_that_lacks_a_field_is_seen(api: Api, field: str) -> None:
    """A stand-in that says less than GitHub hides what the real one would break."""
    answer = dict(api.get("/git/ref/heads/dev"))
    del answer[field]

    (broken,) = seen(answer)
    assert f"'{field}' is a required property" in broken


def test_a_request_that_github_would_refuse_is_seen() -> None:
    """A stand-in that takes more than GitHub does hides our own mistakes."""
    (broken,) = seen({}, verb="POST", path=f"{REPOSITORY}/git/refs", status=201, body=json.dumps({"ref": 3}).encode())

    assert "is not of type 'string'" in broken


def test_an_operation_that_github_has_not_is_seen() -> None:
    """Whatever the stand-in answers there."""
    (broken,) = seen({}, path=f"{REPOSITORY}/nothing-of-the-kind")

    assert "is no operation of the description" in broken


def test_an_error_has_the_form_of_githubs_errors() -> None:
    """Clients read its message."""
    assert seen({"message": "Not Found", "documentation_url": "https://docs", "status": "404"}, status=404) == []
    assert seen({"message": 3}, status=500) != []


def test_the_watch_is_kept_in_every_test(api: Api, github_watch: Watch) -> None:
    """What this test does was seen by the one that all tests share."""
    before = github_watch.validated

    api.post("/issues/1/labels", {"labels": ["never-seen-before", "x" * 40]}, status=404)
    api.get("/contents/k8s/web.yaml")

    assert github_watch.validated >= before
    assert github_watch.validated > 0
