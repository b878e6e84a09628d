"""A branch and its pull request at once: only an open pull request counts, whatever else GitHub says."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from shared.clients.github import GitHub, GitHubSettings, StoredToken
from shared.clients.github.openings import NewBranch
from shared.clients.github.pulls import PullRequest
from shared.domain.errors import Fault, Unavailable
from tests.clients.github.answering import AnsweringGitHub, Serve
from tests.clients.github.given import Given

NAME: Final = "mdo/environments"
OURS, THEIRS, PROD = ("b" * 40, "c" * 40, "d" * 40)
BRANCH: Final = NewBranch("R_1", "release/abc", OURS)


def pull(head: str = OURS, **changed: Any) -> dict[str, Any]:
    """A pull request as GraphQL tells it."""
    when = "2026-11-26T16:00:00Z"
    ends = {"headRefName": "release/abc", "headRefOid": head, "baseRefName": "prod", "baseRefOid": PROD}
    said = {"number": 7, "title": "One", "body": "Two", "state": "OPEN", "url": "https://github.example/pull/7"}
    times = {"createdAt": when, "updatedAt": when, "mergedAt": None, "mergeCommit": None}
    people = {
        "author": {"__typename": "Bot", "login": "prodgate-release"},
        "headRepository": {"nameWithOwner": NAME},
        "labels": {"nodes": []},
        "assignees": {"nodes": []},
        "reviewRequests": {"nodes": []},
    }
    return {**said, **ends, **times, **people, **changed}


def told(opened: Any, *errors: dict[str, Any], branch: Any = None) -> tuple[int, Any]:
    """An answer of GraphQL's to both mutations."""
    data = {"updateRefs": branch, "createPullRequest": opened}
    return 200, {"data": data, **({"errors": list(errors)} if errors else {})}


MADE: Final = told({"pullRequest": pull()}, branch={"clientMutationId": None})


async def _open(github: GitHub, times: int) -> PullRequest | None:
    for _ in range(times):
        async with github.repository() as repository:
            opened = await repository.openings.open(BRANCH, "prod", title="One", body="Two", draft=True)
    return opened


def open_at(server: AnsweringGitHub, tokens: Given | None = None, *, times: int = 1) -> PullRequest | None:
    """Open the pull request, once or in several events of one function."""
    url = f"http://127.0.0.1:{server.server_port}"
    settings = GitHubSettings(NAME, StoredToken("secret"), "dana", url, url)
    with ThreadPoolExecutor(2) as executor:
        return asyncio.run(_open(GitHub(settings, tokens or Given("token"), executor), times))


def test_the_branch_is_made_only_where_there_is_none(serve: Serve) -> None:
    """Without `beforeOid` somebody else's branch would be moved."""
    server = serve(PROD, MADE)

    opened = open_at(server)

    assert opened is not None
    assert (opened.number, opened.head_sha, opened.base_sha) == (7, OURS, PROD)
    assert (opened.author, opened.is_ours, opened.is_open) == ("prodgate-release[bot]", True, True)
    ((where, asked),) = server.asked
    assert where == "POST /graphql"
    assert asked["variables"] == {
        "branch": {
            "repositoryId": "R_1",
            "refUpdates": [{"name": "refs/heads/release/abc", "beforeOid": "0" * 40, "afterOid": OURS, "force": False}],
        },
        "pull": {
            "repositoryId": "R_1",
            "baseRefName": "prod",
            "headRefName": "release/abc",
            "title": "One",
            "body": "Two",
            "draft": True,
        },
    }


def test_one_that_opened_on_another_commit_is_answered_as_it_is(serve: Serve) -> None:
    """The branch could not be made, since there was one: whoever asked looks at the head."""
    opened = open_at(serve(PROD, told({"pullRequest": pull(THEIRS)}, {"type": "STALE_DATA", "message": "?"})))

    assert opened is not None
    assert opened.head_sha == THEIRS


UNSEEN: Final[list[dict[str, Any]]] = [
    {"reviewRequests": {"nodes": [{"requestedReviewer": None}, None]}},
    {"reviewRequests": None, "labels": None},
    {"labels": {"nodes": None}, "assignees": {"nodes": [None]}},
]


@pytest.mark.parametrize("unseen", UNSEEN)
def test_an_error_beside_it_makes_it_no_less_open(unseen: dict[str, Any], serve: Serve) -> None:
    """A field that the token may not see, such as a team that is asked for its review, is null with an error."""
    error, tokens = {"type": "FORBIDDEN", "message": "Resource not accessible by integration"}, Given("token")

    opened = open_at(
        serve(PROD, told({"pullRequest": pull(**unseen)}, error, branch={"clientMutationId": None})), tokens
    )

    assert opened is not None
    assert (opened.number, opened.teams, opened.labels, tokens.forgotten) == (7, frozenset(), frozenset(), 0)


NONE_OPENED: Final = {
    "refused": told({"pullRequest": None}, {"type": "UNPROCESSABLE", "message": "No commits between prod and x"}),
    "no payload": told(None, {"type": "FORBIDDEN", "message": "Resource not accessible by integration"}),
    "no payload and no error": told(None, branch={"clientMutationId": None}),
    "no pull request and no error": told({"pullRequest": None}, branch={"clientMutationId": None}),
    "nothing": (200, {"data": None}),
    "not even an object": (200, {"data": "?", "errors": [{"message": "?"}]}),
    "a list": (200, []),
    "forbidden by status": (403, {"message": "Resource not accessible by integration"}),
    "not found": (404, {"message": "Not Found"}),
}


@pytest.mark.parametrize("what", NONE_OPENED)
def test_whatever_else_github_says_none_was_opened(what: str, serve: Serve) -> None:
    """REST is asked then, whose refusals are known."""
    assert open_at(serve(PROD, NONE_OPENED[what])) is None


@pytest.mark.parametrize("what", ["no payload", "forbidden by status"])
def test_a_token_without_the_permission_is_thrown_away(what: str, serve: Serve) -> None:
    """What is granted later counts at the next delivery."""
    tokens = Given("token")

    open_at(serve(PROD, NONE_OPENED[what]), tokens)

    assert tokens.forgotten == 1


COUNTED: Final = (200, {"data": None, "errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]})


@pytest.mark.parametrize(
    ("answer", "fault"), [((502, {}), Fault.UNREACHABLE), (COUNTED, Fault.RATE_LIMITED)], ids=["lost", "counted"]
)
def test_what_may_have_been_done_is_not_done_again_at_once(answer: tuple[int, Any], fault: Fault, serve: Serve) -> None:
    """The next delivery looks first."""
    server = serve(PROD, answer)

    with pytest.raises(Unavailable) as raised:
        open_at(server)

    assert (raised.value.fault, len(server.asked)) == (fault, 1)


def test_a_github_that_lacks_another_field_is_asked_again(serve: Serve) -> None:
    """Only that it cannot compare and swap is remembered."""
    undefined = {"message": "Field 'slug' doesn't exist on type 'Team'", "extensions": {"code": "undefinedField"}}
    server = serve(PROD, (200, {"errors": [undefined]}))

    assert open_at(server, times=3) is None
    assert len(server.asked) == 3


def test_a_github_without_the_mutation_is_asked_once(serve: Serve) -> None:
    """A GHES before 3.13 makes neither: the document does not fit its schema."""
    undefined = {"message": "Field 'updateRefs' doesn't exist", "extensions": {"code": "undefinedField"}}
    server = serve(PROD, (200, {"errors": [undefined]}))

    assert open_at(server, times=3) is None
    assert len(server.asked) == 1
