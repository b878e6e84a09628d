"""Moving a branch from the head that was read: no answer of GitHub's is believed against what the branch names then."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from shared.clients.github import GitHub, GitHubSettings, StoredToken
from shared.domain.errors import Fault, Unavailable
from tests.clients.github.answering import AnsweringGitHub, Hidden, Serve
from tests.clients.github.given import Given

NAME: Final = "mdo/environments"
HEAD, OURS, THEIRS = ("a" * 40, "b" * 40, "c" * 40)
MOVED: Final = {"data": {"updateRefs": {"clientMutationId": None}}}
UNDEFINED: Final = {
    "errors": [
        {
            "message": "Field 'updateRefs' doesn't exist on type 'Mutation'",
            "path": ["mutation", "updateRefs"],
            "extensions": {"code": "undefinedField", "typeName": "Mutation", "fieldName": "updateRefs"},
        }
    ]
}


def error(message: str, **more: Any) -> dict[str, Any]:
    """An answer of GraphQL's that is an error, as mutations give it."""
    return {"data": {"updateRefs": None}, "errors": [{"message": message, "path": ["updateRefs"], **more}]}


async def _replace(github: GitHub, times: int) -> bool:
    for _ in range(times):
        async with github.repository() as repository:
            moved = await repository.heads.replace("dev", HEAD, OURS)
    return moved


def replace(server: AnsweringGitHub, tokens: Given | None = None, *, times: int = 1) -> bool:
    """Replace the head, once or in several events of one function."""
    url = f"http://127.0.0.1:{server.server_port}"
    settings = GitHubSettings(NAME, StoredToken("secret"), "dana", url, url)
    with ThreadPoolExecutor(2) as executor:
        return asyncio.run(_replace(GitHub(settings, tokens or Given("token"), executor), times))


def verbs(server: AnsweringGitHub) -> list[str]:
    """What was asked, in order."""
    return [what.replace(f"/repos/{NAME}", "") for what, _ in server.asked]


LOOK: Final = "GET /git/ref/heads/dev"
MUTATE: Final = "POST /graphql"
IDENTITY: Final = "GET "


def test_the_mutation_says_from_where_to_where(serve: Serve) -> None:
    """Without `beforeOid` it would be REST's fast-forward, and with `force` worse than that."""
    server = serve(HEAD, (200, MOVED))

    assert replace(server)

    assert verbs(server) == [IDENTITY, MUTATE]
    assert server.asked[-1][1]["variables"]["input"] == {
        "repositoryId": "R_1",
        "refUpdates": [{"name": "refs/heads/dev", "beforeOid": HEAD, "afterOid": OURS, "force": False}],
    }


NOT_UNDERSTOOD: Final = {
    "elsewhere": (200, error("Expected branch to point to ... but it did not.", type="STALE_DATA")),
    "ruleset": (200, error("Repository rule violations found", type="UNPROCESSABLE")),
    "protected": (200, error("Protected branch update failed", type="BRANCH_PROTECTION_RULE_VIOLATION")),
    "forbidden": (200, error("Resource not accessible by integration", type="FORBIDDEN")),
    "forbidden by status": (403, {"message": "Resource not accessible by integration"}),
    "not found": (404, {"message": "Not Found"}),
    "no type": (200, error("Something went wrong while executing your query.")),
    "not even an error": (200, {"errors": ["?"]}),
    "an error beside the payload": (200, MOVED | {"errors": [{"message": "and yet"}]}),
    "another code": (200, {"errors": [{"message": "?", "extensions": {"code": "argumentNotAccepted"}}]}),
    "no data": (200, {"data": None}),
    "empty data": (200, {"data": {}}),
    "no payload": (200, {"data": {"updateRefs": None}}),
    "no object": (200, []),
    "credentials": (401, {"message": "Bad credentials"}),
}


@pytest.mark.parametrize("what", NOT_UNDERSTOOD)
def test_whatever_github_says_the_branch_tells(what: str, serve: Serve) -> None:
    """Ours: it was done. Another's: somebody was faster. The one that was read: it was refused, and never "done"."""
    answer = NOT_UNDERSTOOD[what]

    assert replace(serve(OURS, answer)) is True
    assert replace(serve(THEIRS, answer)) is False
    refusing = serve(HEAD, answer)
    with pytest.raises(Unavailable) as caught:
        replace(refusing)

    assert caught.value.fault is Fault.REFUSED
    assert verbs(refusing) == [IDENTITY, MUTATE, LOOK]


def test_a_refusal_says_what_was_to_be_done_and_what_github_said(serve: Serve) -> None:
    """Whoever is on call reads it in the log."""
    with pytest.raises(Unavailable) as caught:
        replace(serve(HEAD, NOT_UNDERSTOOD["ruleset"]))

    assert str(caught.value) == f"GitHub, moving dev to {OURS}: 200 Repository rule violations found"


@pytest.mark.parametrize("what", ["forbidden", "forbidden by status", "credentials"])
def test_a_token_without_the_permission_is_thrown_away(what: str, serve: Serve) -> None:
    """Once an administrator has given the permission, only another token has it."""
    tokens = Given("token")

    with pytest.raises(Unavailable):
        replace(serve(HEAD, NOT_UNDERSTOOD[what]), tokens)

    assert tokens.forgotten


def test_what_was_not_answered_is_said_once_more(serve: Serve) -> None:
    """From the same head twice is once; and the branch is looked at in between."""
    server = serve(HEAD, (502, {}), (200, MOVED))
    assert replace(server)
    assert verbs(server) == [IDENTITY, MUTATE, LOOK, MUTATE]

    away = serve(HEAD, (502, {}))
    with pytest.raises(Unavailable) as caught:
        replace(away)
    assert caught.value.fault is Fault.UNREACHABLE
    assert verbs(away) == [IDENTITY, MUTATE, LOOK, MUTATE, LOOK]


def test_a_reply_that_was_lost_is_found_done(serve: Serve) -> None:
    """The branch names our commit: it is not made to again."""
    server = serve(OURS, (502, {}))

    assert replace(server)
    assert verbs(server) == [IDENTITY, MUTATE, LOOK]


@pytest.mark.parametrize(
    "answer",
    [
        (200, error("API rate limit exceeded", type="RATE_LIMITED")),
        (403, {"message": "You have exceeded a secondary rate limit."}),
        (429, {"message": "Too many requests"}),
    ],
)
def test_where_requests_are_counted_no_look_is_sent_after_it(answer: tuple[int, Any], serve: Serve) -> None:
    """It was not made, and the look would be refused the same."""
    server = serve(OURS, answer)

    with pytest.raises(Unavailable) as caught:
        replace(server)

    assert caught.value.fault is Fault.RATE_LIMITED
    assert verbs(server) == [IDENTITY, MUTATE]


def test_a_github_without_the_mutation_is_looked_at_and_moved(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """An old GHES; it is asked once, and said once."""
    server = serve(HEAD, (200, UNDEFINED))

    with caplog.at_level(logging.INFO, "prodgate.github"):
        assert replace(server, times=2)

    move = "PATCH /git/refs/heads/dev"
    assert verbs(server) == [IDENTITY, MUTATE, LOOK, move, LOOK, move]
    assert server.asked[-1][1] == {"sha": OURS, "force": False}
    (said,) = [record for record in caplog.records if record.name == "prodgate.github"]
    assert said.levelno == logging.INFO
    assert said.getMessage().startswith("GitHub has no updateRefs")


def test_without_the_mutation_a_head_that_is_another_by_then_is_not_moved(serve: Serve) -> None:
    """The look is all that stands between a reset and its undoing there."""
    server = serve(THEIRS, (200, UNDEFINED))

    assert replace(server) is False
    assert verbs(server) == [IDENTITY, MUTATE, LOOK]


def test_a_repository_that_does_not_show_itself_is_unavailable(serve: Serve) -> None:
    """Without its id there is nothing to ask GraphQL."""
    server = serve(HEAD, (200, MOVED))
    server.RequestHandlerClass = Hidden

    with pytest.raises(Unavailable) as caught:
        replace(server)

    assert str(caught.value) == f"GitHub, {NAME}: 404 Not Found"


def test_a_head_with_more_parents_than_were_told_is_not_kept(serve: Serve) -> None:
    """What is kept is believed by whoever asks for parents later."""
    row = {"oid": HEAD, "message": "m", "committedDate": "2026-01-01T00:00:00Z", "tree": {"oid": THEIRS}}
    told = row | {"parents": {"totalCount": 3, "nodes": [{"oid": OURS}, {"oid": THEIRS}]}}
    server = serve(HEAD, (200, {"data": {"repository": {"id": "R_1", "ref": {"target": told}}}}))

    url = f"http://127.0.0.1:{server.server_port}"
    with ThreadPoolExecutor(2) as executor:
        github = GitHub(GitHubSettings(NAME, StoredToken("s"), "dana", url, url), Given("token"), executor)

        async def story() -> None:
            async with github.repository() as repository:
                assert (await repository.heads.read("dev")).tree == THEIRS
                with pytest.raises(KeyError):  # the server has no commit to show: it was asked
                    await repository.git.commit(HEAD)

        asyncio.run(story())
