"""The mutation `updateRefs`: each ref moves only from where its caller says that it is, and all of them or none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from local.faults import Faults
from local.github import GitHubStandIn
from local.github.graphql import defects_of
from local.github.objects import ABSENT
from tests.local.github.client import Api

NAME = "mdo/environments"
MUTATION = "mutation($input: UpdateRefsInput!) { updateRefs(input: $input) { clientMutationId } }"
DEV = "refs/heads/dev"
UNKNOWN = "1" * 40


def ask(hub: GitHubStandIn, text: str, variables: Any, account: str = "pin") -> Any:
    """Send something to GraphQL; answer its JSON."""
    body = {"query": text, "variables": variables}
    headers = {"Authorization": f"Bearer {account}-token"}
    response = requests.post(f"{hub.url}/graphql", json=body, headers=headers, timeout=10)
    assert response.status_code == 200
    return response.json()


def identity(hub: GitHubStandIn) -> str:
    """The repository's global id, as a query tells it."""
    text = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { id } }"
    return str(ask(hub, text, {"owner": "mdo", "name": "environments"})["data"]["repository"]["id"])


def update(hub: GitHubStandIn, *updates: dict[str, Any], account: str = "pin") -> Any:
    """Make the mutation."""
    asked = {"repositoryId": identity(hub), "refUpdates": list(updates), "clientMutationId": "ours"}
    return ask(hub, MUTATION, {"input": asked}, account)


def refused(answer: Any) -> tuple[str, str]:
    """The type and the message of the one error; nothing was answered beside it."""
    assert answer["data"] == {"updateRefs": None}
    (error,) = answer["errors"]
    assert error["path"] == ["updateRefs"]
    return error["type"], error["message"]


def move(after: str, *, before: str | None = None, name: str = DEV, **more: Any) -> dict[str, Any]:
    """One update."""
    return {"name": name, "afterOid": after, **({"beforeOid": before} if before else {}), **more}


def test_a_ref_that_is_where_it_should_be_moves(api: Api, hub: GitHubStandIn) -> None:
    """The answer says back only what the caller sent along."""
    head = api.head("dev")
    new = api.commit({"README.md": "two\n"}, head)

    assert update(hub, move(new, before=head)) == {"data": {"updateRefs": {"clientMutationId": "ours"}}}
    assert api.head("dev") == new


def test_a_ref_that_is_elsewhere_stays(api: Api, hub: GitHubStandIn) -> None:
    """Somebody took dev back: a fast-forward from there would bring back what was taken, and is not made."""
    good = api.head("dev")
    bad = api.advance("dev", {"README.md": "bad\n"})
    new = api.commit({"README.md": "new\n"}, bad)
    api.patch("/git/refs/heads/dev", {"sha": good, "force": True})

    kind, said = refused(update(hub, move(new, before=bad)))

    assert (kind, api.head("dev")) == ("STALE_DATA", good)
    assert said == f'Expected {DEV} to point to "{bad}" but it did not.'


def test_without_a_value_that_it_should_have_only_the_history_counts(api: Api, hub: GitHubStandIn) -> None:
    """`beforeOid` may be left out; then it is REST's fast-forward."""
    new = api.commit({"README.md": "two\n"}, api.head("dev"))

    update(hub, move(new))

    assert api.head("dev") == new


def test_what_is_no_fast_forward_needs_force(api: Api, hub: GitHubStandIn) -> None:
    """Even from the right place."""
    first = api.head("dev")
    second = api.advance("dev", {"README.md": "two\n"})

    assert refused(update(hub, move(first, before=second)))[1] == "Update is not a fast forward"
    assert api.head("dev") == second
    update(hub, move(first, before=second, force=True))
    assert api.head("dev") == first


def test_zeros_stand_for_no_ref(api: Api, hub: GitHubStandIn) -> None:
    """Before: there must be none. After: there will be none."""
    head = api.head("dev")

    update(hub, move(head, before=ABSENT, name="refs/heads/new"))
    assert api.head("new") == head
    assert refused(update(hub, move(head, before=ABSENT, name="refs/heads/new")))[0] == "STALE_DATA"
    update(hub, move(ABSENT, before=head, name="refs/heads/new"))
    api.get("/git/ref/heads/new", status=404)


def test_all_move_or_none(api: Api, hub: GitHubStandIn) -> None:
    """The first would have been fine, and so it would where only Git itself refuses the other: below a file is none."""
    head = api.head("dev")
    new = api.commit({"README.md": "two\n"}, head)

    for other in (move(new, before=new, name="refs/heads/prod"), move(new, before=ABSENT, name=f"{DEV}/below")):
        refused(update(hub, move(new, before=head), other))
        assert (api.head("dev"), api.head("prod")) == (head, head)
    update(hub, move(new, before=head), move(new, before=head, name="refs/heads/prod"))
    assert (api.head("dev"), api.head("prod")) == (new, new)


def test_of_many_that_move_one_ref_from_one_place_one_wins(api: Api, hub: GitHubStandIn) -> None:
    """Looking and moving are one step."""
    head = api.head("dev")
    news = [api.commit({"README.md": f"{nth}\n"}, head) for nth in range(6)]

    with ThreadPoolExecutor(6) as executor:
        answers = list(executor.map(lambda new: update(hub, move(new, before=head)), news))

    (won,) = [new for new, answer in zip(news, answers, strict=True) if "errors" not in answer]
    assert api.head("dev") == won
    assert {refused(answer)[0] for answer in answers if "errors" in answer} == {"STALE_DATA"}


@pytest.mark.parametrize(
    ("rule", "forced", "words"),
    [
        ("pull_request", False, "Changes must be made through a pull request."),
        ("update", False, "Cannot update this protected ref."),
        ("non_fast_forward", True, "Cannot force-push to this branch"),
    ],
)
def test_the_rules_of_a_branch_hold(api: Api, hub: GitHubStandIn, rule: str, *, forced: bool, words: str) -> None:
    """The same that REST and git keep."""
    first = api.head("dev")
    head = api.advance("dev", {"README.md": "two\n"})
    new = first if forced else api.commit({"README.md": "three\n"}, head)
    hub.set_rules(NAME, "dev", [{"type": rule}])

    kind, said = refused(update(hub, move(new, before=head, force=forced)))

    assert kind == "UNPROCESSABLE"
    assert said == f"Repository rule violations found\n\n{words}\n\n"
    assert api.head("dev") == head


def test_it_takes_the_permission_to_write_contents(api: Api, hub: GitHubStandIn) -> None:
    """And a repository that still takes writes."""
    head = api.head("dev")
    new = api.commit({"README.md": "two\n"}, head)

    expected = ("FORBIDDEN", "Resource not accessible by integration")
    assert refused(update(hub, move(new, before=head), account="attest")) == expected
    hub.archive(NAME)
    assert refused(update(hub, move(new, before=head)))[0] == "FORBIDDEN"
    assert api.head("dev") == head


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"afterOid": UNKNOWN}, "Object does not exist"),
        ({"afterOid": "dev"}, "Object does not exist"),
        ({"name": "refs/heads/../dev"}, "refs/heads/../dev is not a valid ref name."),
    ],
)
def test_what_names_nothing_is_refused(api: Api, hub: GitHubStandIn, wrong: dict[str, str], words: str) -> None:
    """Neither the commit nor the ref is made up."""
    assert refused(update(hub, move(api.head("dev")) | wrong)) == ("UNPROCESSABLE", words)


def test_a_repository_that_is_not_there_or_not_seen_is_not_found(api: Api, hub: GitHubStandIn) -> None:
    """Its global id is all that names it."""
    asked = {"repositoryId": "R_other", "refUpdates": [move(api.head("dev"))]}

    kind, said = refused(ask(hub, MUTATION, {"input": asked}))

    assert (kind, said) == ("NOT_FOUND", "Could not resolve to a node with the global id of 'R_other'")


def test_a_mutation_has_a_name_of_its_own_among_the_faults(api: Api, hub: GitHubStandIn, faults: Faults) -> None:
    """So that a test can lose its reply and no query's."""
    head = api.head("dev")
    new = api.commit({"README.md": "two\n"}, head)
    faults.fail("github.graphql/updateRefs", code="UNDEFINED_FIELD")

    answer = update(hub, move(new, before=head))

    assert answer["errors"] == [
        {
            "extensions": {"code": "undefinedField"},
            "message": "Field 'updateRefs' doesn't exist on type 'Mutation'",
        }
    ]
    assert faults.calls("github.graphql") == {"github.graphql": 1, "github.graphql/updateRefs": 1}


def test_its_variables_are_held_against_the_schema_too() -> None:
    """Everything that matters stands in them."""
    good = {"repositoryId": "R_1", "refUpdates": [move(UNKNOWN, before=UNKNOWN, force=False)]}

    assert defects_of(MUTATION, {"input": good}) == []
    (misspelt,) = defects_of(MUTATION, {"input": good | {"refUpdates": [move(UNKNOWN, beforeOID=UNKNOWN)]}})
    assert "unknown field 'beforeOID'" in misspelt.message
    (missing,) = defects_of(MUTATION, {})
    assert "to be provided" in missing.message
