"""Commit statuses: who set them, which counts, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.local.github.client import Api


def test_the_creator_of_a_status_is_whoever_is_authenticated(as_account: Callable[[str], Api], api: Api) -> None:
    """Set a status as an App and as a person."""
    sha = api.head("dev")
    as_account("attest-token").post(f"/statuses/{sha}", {"state": "success", "context": "prodgate/qa"})
    as_account("ann-token").post(f"/statuses/{sha}", {"state": "success", "context": "by-hand"})
    creators = [(one["creator"]["login"], one["creator"]["type"]) for one in api.get("/commits/dev/statuses")]
    assert creators == [("ann", "User"), ("prodgate-attest[bot]", "Bot")]


def test_statuses_are_listed_newest_first_and_by_pages(api: Api) -> None:
    """Set three, read two and then one."""
    sha = api.head("dev")
    ids = [api.post(f"/statuses/{sha}", {"state": "pending", "context": str(number)})["id"] for number in range(3)]
    assert ids == sorted(ids)
    pages = [api.get(f"/commits/{sha}/statuses", per_page=2, page=page) for page in (1, 2, 3)]
    assert [[one["id"] for one in page] for page in pages] == [[ids[2], ids[1]], [ids[0]], []]


@pytest.mark.parametrize(
    ("states", "combined"),
    [
        ([], "pending"),
        ([("a", "success")], "success"),
        ([("a", "success"), ("b", "pending")], "pending"),
        ([("a", "error"), ("b", "pending")], "failure"),
        ([("a", "failure"), ("A", "success")], "success"),
    ],
)
def test_the_latest_of_each_context_makes_the_combined_state(
    api: Api, states: list[tuple[str, str]], combined: str
) -> None:
    """Set statuses, contexts in either case, and combine them."""
    for context, state in states:
        api.post(f"/statuses/{api.head('dev')}", {"state": state, "context": context})
    assert api.get("/commits/dev/status")["state"] == combined


def test_a_status_needs_a_commit_that_exists(api: Api) -> None:
    """Set one on nothing, on a tree, and on a branch name."""
    tree = api.get("/git/trees/dev")["sha"]
    for sha in ("1" * 40, tree):
        assert api.refused("POST", f"/statuses/{sha}", {"state": "success"}) == f"No commit found for SHA: {sha}"
    assert api.refused("POST", "/statuses/dev", {"state": "success"}) == ["sha must be a 40 character SHA1"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"description": "x" * 141}, "description is too long (maximum is 140 characters)"),
        ({"state": "green"}, "state is not included in the list"),
        ({"target_url": "ftp://x"}, "target_url must use http(s) scheme"),
    ],
)
def test_a_status_beyond_its_limits_is_refused(api: Api, change: dict[str, str], words: str) -> None:
    """Break one field at a time."""
    assert api.refused("POST", f"/statuses/{api.head('dev')}", {"state": "success", **change}) == [words]


def test_a_description_of_140_characters_is_taken(api: Api) -> None:
    """Go to the limit."""
    status = api.post(f"/statuses/{api.head('dev')}", {"state": "success", "description": "é" * 140})
    assert (status["context"], len(status["description"])) == ("default", 140)


def test_a_commit_and_context_take_a_thousand_statuses(api: Api, as_account: Callable[[str], Api]) -> None:
    """Fill them up over the wire, in either case of the context."""
    address = f"/repos/mdo/environments/statuses/{api.head('dev')}"
    for number in range(1000):
        body = {"state": "pending", "context": "QA" if number % 2 else "qa"}
        assert api.response("POST", address, body).status_code == 201
    refused = api.response("POST", address, {"state": "success", "context": "qa"})
    assert refused.json()["errors"][0]["message"].endswith("maximum number of statuses.")


def test_statuses_of_an_unknown_ref_are_not_found(api: Api) -> None:
    """Ask for both lists."""
    for path in ("statuses", "status"):
        assert api.refused("GET", f"/commits/nope/{path}", status=404) == "Not Found"
