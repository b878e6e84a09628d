"""The mutation `createPullRequest`, alone and behind `updateRefs` in one document, as open_prod_pr sends them."""

from __future__ import annotations

from typing import Any

import pytest

from local.github import GitHubStandIn
from local.github.objects import ABSENT
from tests.local.github.client import Api
from tests.local.github.test_ref_updates import ask, identity

NAME = "mdo/environments"
CREATE = "mutation($pull: CreatePullRequestInput!) { createPullRequest(input: $pull) { pullRequest { number } } }"
BOTH = """
mutation($branch: UpdateRefsInput!, $pull: CreatePullRequestInput!) {
  updateRefs(input: $branch) { clientMutationId }
  createPullRequest(input: $pull) {
    pullRequest { number title body isDraft headRefName headRefOid baseRefName baseRefOid author { login } }
  }
}
"""


def wanted(hub: GitHubStandIn, **changed: Any) -> dict[str, Any]:
    """What asks for a pull request from `new` to `prod`."""
    fields = {"baseRefName": "prod", "headRefName": "new", "title": "One", "body": "Two"}
    return {"repositoryId": identity(hub), **fields, **changed}


def create(hub: GitHubStandIn, account: str = "pin", **changed: Any) -> Any:
    """Make the mutation."""
    return ask(hub, CREATE, {"pull": wanted(hub, **changed)}, account)


def both(hub: GitHubStandIn, commit: str, account: str = "pin") -> Any:
    """Make the branch `new` and its pull request in one request."""
    update = {"name": "refs/heads/new", "beforeOid": ABSENT, "afterOid": commit}
    branch = {"repositoryId": identity(hub), "refUpdates": [update]}
    return ask(hub, BOTH, {"branch": branch, "pull": wanted(hub, draft=True)}, account)


def refused(answer: Any) -> tuple[str, str]:
    """The type and the message of the one error; its payload has no pull request."""
    assert answer["data"] == {"createPullRequest": {"pullRequest": None}}
    (error,) = answer["errors"]
    return error["type"], error["message"]


def test_a_branch_and_its_pull_request_come_in_one_request(api: Api, hub: GitHubStandIn) -> None:
    """The second mutation sees what the first one made."""
    commit = api.commit({"README.md": "two\n"}, api.head("prod"))

    answer = both(hub, commit)

    assert answer["data"]["createPullRequest"]["pullRequest"] == {
        "number": 1,
        "title": "One",
        "body": "Two",
        "isDraft": True,
        "headRefName": "new",
        "headRefOid": commit,
        "baseRefName": "prod",
        "baseRefOid": api.head("prod"),
        "author": {"login": "prodgate-pin"},
    }
    assert api.get("/pulls/1")["draft"] is True


def test_the_second_is_made_although_the_first_one_failed(api: Api, hub: GitHubStandIn) -> None:
    """Somebody else's branch of that name is there: the pull request opens on theirs."""
    theirs = api.commit({"README.md": "theirs\n"}, api.head("prod"))
    api.branch("new", theirs)

    answer = both(hub, api.commit({"README.md": "ours\n"}, api.head("prod")))

    assert [error["type"] for error in answer["errors"]] == ["STALE_DATA"]
    assert answer["data"]["updateRefs"] is None
    assert answer["data"]["createPullRequest"]["pullRequest"]["headRefOid"] == theirs


def test_a_head_that_is_no_branch_is_refused(api: Api, hub: GitHubStandIn) -> None:
    """The sentence is GitHub's, which calls both commits blank."""
    said = (
        "Head sha can't be blank, Base sha can't be blank, No commits between prod and new, Head ref must be a branch"
    )

    assert refused(create(hub)) == ("UNPROCESSABLE", said)


def test_what_has_one_or_needs_none_is_refused(api: Api, hub: GitHubStandIn) -> None:
    """One open pull request for two branches, and only where there is something between them."""
    assert refused(create(hub, headRefName="dev"))[1] == "No commits between prod and dev"
    both(hub, api.commit({"README.md": "two\n"}, api.head("prod")))
    assert refused(create(hub))[1] == "A pull request already exists for mdo:new."


def test_a_title_that_is_too_long_is_refused(api: Api, hub: GitHubStandIn) -> None:
    """The limit is REST's."""
    said = "title is too long (maximum is 256 characters)"

    assert refused(create(hub, headRefName="dev", title="x" * 257)) == ("UNPROCESSABLE", said)


@pytest.mark.parametrize("why", ["permission", "archived"])
def test_whoever_may_not_write_opens_nothing(api: Api, hub: GitHubStandIn, why: str) -> None:
    """There is no payload at all then."""
    if why == "archived":
        hub.archive(NAME)

    answer = create(hub, "attest" if why == "permission" else "pin", headRefName="dev")

    assert answer["data"] == {"createPullRequest": None}
    assert [error["type"] for error in answer["errors"]] == ["FORBIDDEN"]


def test_a_repository_that_nobody_knows_has_no_pull_requests(api: Api, hub: GitHubStandIn) -> None:
    """It is named by its global id."""
    answer = ask(hub, CREATE, {"pull": wanted(hub, repositoryId="R_nothing")})

    assert [error["type"] for error in answer["errors"]] == ["NOT_FOUND"]
