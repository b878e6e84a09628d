"""The watch over every exchange sees what breaks GitHub's description, and lets pass what keeps to it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.github.call import Answer, Exchange
from tests.github_watch import Watch
from tests.local.github.client import REPOSITORY, Api

PATH = f"{REPOSITORY}/git/ref/heads/dev"
REVIEW = {
    "dismiss_stale_reviews_on_push": True,
    "require_code_owner_review": False,
    "require_last_push_approval": False,
    "required_review_thread_resolution": False,
}


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


def ours(path: str, *, body: Any = None, verb: str = "GET", status: int = 200, **query: str) -> list[str]:
    """Show a new watch what our own client sent; the answer is an error or nothing of interest."""
    refusal = {"message": "Not Found", "documentation_url": "https://docs", "status": str(status)}
    watch = Watch()
    sent = json.dumps(body).encode() if body is not None else b""
    exchange = Exchange("any", verb, f"{REPOSITORY}{path}", sent, Answer(refusal, status), query, "PyGithub/Python")
    watch.observe(exchange)
    return watch.take()


def test_a_query_that_github_does_not_know_is_seen() -> None:
    """GitHub ignores what it does not know, and lists everything instead of what was asked for."""
    assert ours("/pulls", status=404, head="mdo:dev", state="all", per_page="50") == []
    (unknown,) = ours("/pulls", status=404, heads="mdo:dev")
    assert "'heads' was unexpected" in unknown
    (word,) = ours("/pulls", status=404, state="merged")
    assert "'merged' is not one of" in word
    (number,) = ours("/pulls", status=404, per_page="many")
    assert "'many' is not of type 'integer'" in number


def test_what_our_client_sends_is_held_even_where_it_was_refused() -> None:
    """A refusal for another reason must not hide what GitHub would refuse first."""
    body = {"ref": "refs/heads/x", "sha": 3}

    (broken,) = ours("/git/refs", verb="POST", status=422, body=body)
    assert "3 is not of type 'string'" in broken
    refusal = {"message": "no", "documentation_url": "https://docs", "status": "422"}
    assert seen(refusal, verb="POST", path=f"{REPOSITORY}/git/refs", status=422, body=json.dumps(body).encode()) == []


def test_two_exchanges_that_a_schema_tells_apart_are_both_held() -> None:
    """Once a good one was seen, a bad one of the same form must not pass for it: GitHub bounds the number at 10."""
    watch = Watch()

    for count in (0, 11):
        rule = {
            "type": "pull_request",
            "ruleset_id": 1,
            "parameters": REVIEW | {"required_approving_review_count": count},
        }
        watch.observe(Exchange("any", "GET", f"{REPOSITORY}/rules/branches/prod", b"", Answer([rule])))

    (broken,) = watch.take()
    assert "is not valid under any of the given schemas" in broken


def test_a_query_that_githubs_schema_does_not_allow_is_seen() -> None:
    """Our client asks REST where GraphQL refuses, so such a slip would only make it slow."""
    watch = Watch()

    for asked in ("{ name }", "{ nameWithOwner }"):
        text = f'query {{ repository(owner: "a", name: "b") {asked} }}'
        body = json.dumps({"query": text}).encode()
        watch.observe(Exchange("graphql", "POST", "/graphql", body, Answer({"data": None}), {}, "PyGithub/Python"))

    (broken,) = watch.take()
    assert "Cannot query field 'name' on type 'Repository'" in broken


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
