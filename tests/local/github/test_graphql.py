"""The stand-in's GraphQL: GitHub's own schema says what may be asked, and each answer is what REST says too."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from local.github import GitHubStandIn
from local.github.auth import Installation
from local.github.repository import Merging
from tests.local.github.client import Api

NAME = "mdo/environments"
QUERY = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { %s } }"
OBJECT = '%s: object(oid: "%s") { ... on Blob { text isTruncated } }'
UNKNOWN = "0" * 40
CHECK = {
    "type": "required_status_checks",
    "parameters": {
        "strict_required_status_checks_policy": True,
        "required_status_checks": [{"context": "prodgate/release", "integration_id": 4711}],
    },
}


def ask(
    hub: GitHubStandIn, asked: str, *, name: str = "environments", authorization: str = "Bearer pin-token"
) -> requests.Response:
    """Send a query about the repository."""
    body = {"query": QUERY % asked, "variables": {"owner": "mdo", "name": name}}
    return requests.post(f"{hub.url}/graphql", json=body, headers={"Authorization": authorization}, timeout=10)


def blob(hub: GitHubStandIn, content: str) -> str:
    """Store a blob; answer its id."""
    headers = {"Authorization": "Bearer ann-token"}
    body = {"content": content, "encoding": "utf-8"}
    made = requests.post(f"{hub.url}/repos/{NAME}/git/blobs", json=body, headers=headers, timeout=10)
    return str(made.json()["sha"])


def answered(response: requests.Response) -> Any:
    """What a query answers about the repository."""
    assert response.status_code == 200
    assert "errors" not in response.json(), response.json()
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


@pytest.mark.parametrize(
    "asked", ["(", "secrets", "ref { name }", OBJECT % ("b0", "0") + "(", "pullRequests(first: true) { totalCount }"]
)
def test_what_githubs_schema_does_not_allow_is_refused(asked: str, hub: GitHubStandIn) -> None:
    """Status 200 with errors is GraphQL's no."""
    response = ask(hub, asked)

    assert response.status_code == 200
    assert response.json()["errors"]


def test_a_query_needs_a_token_and_a_repository(hub: GitHubStandIn) -> None:
    """The door is REST's; that there is no such repository is said in GraphQL's own way."""
    assert ask(hub, OBJECT % ("b0", UNKNOWN), authorization="Bearer nobody").status_code == 401
    (error,) = ask(hub, OBJECT % ("b0", UNKNOWN), name="elsewhere").json()["errors"]
    assert error == {
        "type": "NOT_FOUND",
        "message": "Could not resolve to a Repository with the name 'mdo/elsewhere'.",
    }


def test_a_branch_shows_its_commit_its_history_and_its_rules(api: Api, hub: GitHubStandIn) -> None:
    """The same commit as REST's, and the same rules in GraphQL's spelling."""
    hub.set_rules(NAME, "dev", [CHECK, {"type": "deletion"}])
    head = api.get("/git/ref/heads/dev")["object"]["sha"]
    commit = api.get(f"/git/commits/{head}")

    asked = (
        'ref(qualifiedName: "refs/heads/dev") { target { ... on Commit { oid message committedDate tree { oid } '
        "parents(first: 2) { nodes { oid } } history(first: 1) { nodes { oid } } } } rules(first: 9) { nodes { type "
        "parameters { ... on RequiredStatusChecksParameters { strictRequiredStatusChecksPolicy requiredStatusChecks "
        "{ context integrationId } } } } } }"
    )
    branch = answered(ask(hub, asked))["ref"]

    assert branch["target"] == {
        "oid": head,
        "message": commit["message"],
        "committedDate": commit["committer"]["date"],
        "tree": {"oid": commit["tree"]["sha"]},
        "parents": {"nodes": [{"oid": parent["sha"]} for parent in commit["parents"]]},
        "history": {"nodes": [{"oid": head}]},
    }
    assert branch["rules"]["nodes"] == [
        {
            "type": "REQUIRED_STATUS_CHECKS",
            "parameters": {
                "strictRequiredStatusChecksPolicy": True,
                "requiredStatusChecks": [{"context": "prodgate/release", "integrationId": 4711}],
            },
        },
        {"type": "DELETION", "parameters": None},
    ]


def test_a_commit_shows_the_newest_status_of_each_context_and_a_bots_plain_name(api: Api, hub: GitHubStandIn) -> None:
    """A stranger's status hides ours, which is why somebody must look at all of them then."""
    head = api.get("/git/ref/heads/dev")["object"]["sha"]
    contexts = "contexts { context state creator { __typename login } }"
    asked = f'object(oid: "{head}") {{ ... on Commit {{ status {{ {contexts} }} }} }}'
    assert answered(ask(hub, asked, authorization="Bearer ann-token"))["object"] == {"status": None}
    hub.add_token("gate[bot]", "gate-token", {"statuses": "write"})
    for token in ("gate-token", "ann-token", "gate-token"):
        headers = {"Authorization": f"Bearer {token}"}
        status = {"context": "qa" if token == "gate-token" else "QA", "state": "success"}
        requests.post(f"{hub.url}/repos/{NAME}/statuses/{head}", json=status, headers=headers, timeout=10)

    (shown,) = answered(ask(hub, asked, authorization="Bearer ann-token"))["object"]["status"]["contexts"]

    assert shown == {"context": "qa", "state": "SUCCESS", "creator": {"__typename": "Bot", "login": "gate"}}


def test_what_a_token_may_not_see_is_null_with_an_error_beside_the_rest(hub: GitHubStandIn) -> None:
    """A permission that is missing takes a part of the answer, and says which."""
    hub.add_token("reader[bot]", "reader-token", {"contents": "read"})
    asked = "squashMergeAllowed pullRequests(first: 1) { totalCount }"

    response = ask(hub, asked, authorization="Bearer reader-token").json()

    assert response["data"] == {"repository": None}
    (error,) = response["errors"]
    assert (error["type"], error["path"]) == ("FORBIDDEN", ["repository", "pullRequests"])


@pytest.mark.parametrize(("asked", "kind"), [("", "MISSING_PAGINATION_BOUNDARIES"), ("(first: 101)", "EXCESSIVE_")])
def test_a_connection_must_say_how_much_is_wanted(asked: str, kind: str, hub: GitHubStandIn) -> None:
    """At most a hundred."""
    (error,) = ask(hub, f"pullRequests{asked} {{ totalCount }}", authorization="Bearer ann-token").json()["errors"]

    assert error["type"].startswith(kind)


def test_the_settings_of_merging_are_those_that_rest_shows(api: Api, hub: GitHubStandIn) -> None:
    """One source, two spellings."""
    hub.set_merging(NAME, Merging(squash=False, deletes_branch=True))

    answer = answered(ask(hub, "mergeCommitAllowed squashMergeAllowed rebaseMergeAllowed deleteBranchOnMerge"))

    rest = api.get("")
    assert list(answer.values()) == [True, False, True, True]
    assert [rest[f"allow_{way}"] for way in ("merge_commit", "squash_merge", "rebase_merge")] == [True, False, True]


def test_an_app_has_an_id_of_its_own() -> None:
    """Rules pin a check to the App, not to its installation."""
    assert Installation(7, {}, ()).app == 100_007
