"""The one GraphQL query that the stand-in understands: many blobs at once."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from local.github import GitHubStandIn

QUERY = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { %s } }"
OBJECT = '%s: object(oid: "%s") { ... on Blob { text isTruncated } }'
UNKNOWN = "0" * 40


def ask(
    hub: GitHubStandIn, objects: str, *, name: str = "environments", authorization: str = "Bearer pin-token"
) -> requests.Response:
    """Send the query."""
    body = {"query": QUERY % objects, "variables": {"owner": "mdo", "name": name}}
    return requests.post(f"{hub.url}/graphql", json=body, headers={"Authorization": authorization}, timeout=10)


def blob(hub: GitHubStandIn, content: str) -> str:
    """Store a blob; answer its id."""
    headers = {"Authorization": "Bearer ann-token"}
    body = {"content": content, "encoding": "utf-8"}
    made = requests.post(f"{hub.url}/repos/mdo/environments/git/blobs", json=body, headers=headers, timeout=10)
    return str(made.json()["sha"])


def answered(response: requests.Response) -> Any:
    """What the query answers about the repository."""
    assert response.status_code == 200
    return response.json()["data"]["repository"]


def test_each_alias_answers_its_own_blob(hub: GitHubStandIn) -> None:
    """An answer under the wrong alias would be another file's content."""
    first, second = blob(hub, "one\r\n"), blob(hub, "two")

    answer = answered(ask(hub, f"{OBJECT % ('b0', second)} {OBJECT % ('b1', first)}"))

    assert answer == {"b0": {"text": "two", "isTruncated": False}, "b1": {"text": "one\r\n", "isTruncated": False}}


def test_what_is_no_text_or_not_there_is_null(hub: GitHubStandIn) -> None:
    """GraphQL gives null for what it cannot say."""
    binary = blob(hub, "a\0b")

    answer = answered(ask(hub, f"{OBJECT % ('b0', binary)} {OBJECT % ('b1', UNKNOWN)}"))

    assert answer == {"b0": {"text": None, "isTruncated": False}, "b1": None}


@pytest.mark.parametrize("objects", ["", "id", OBJECT % ("b0", "main"), f"{OBJECT % ('b0', UNKNOWN)} id"])
def test_another_query_is_refused_as_graphql_refuses(hub: GitHubStandIn, objects: str) -> None:
    """Status 200 with errors is GraphQL's no; half an answer would be worse."""
    response = ask(hub, objects)

    assert (response.status_code, list(response.json())) == (200, ["errors"])


def test_a_query_needs_a_token_and_a_repository(hub: GitHubStandIn) -> None:
    """The same doors as REST has."""
    assert ask(hub, OBJECT % ("b0", UNKNOWN), authorization="Bearer nobody").status_code == 401
    assert ask(hub, OBJECT % ("b0", UNKNOWN), name="elsewhere").status_code == 404
