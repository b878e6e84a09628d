"""How little open_prod_pr asks: each event reads what it decides by, once, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from github import Auth, Github

from local.world.names import ATTEST, REPOSITORY
from local.world.world import World
from tests.company import OPENING, RUN, pin_posts, release_posts, small_world
from tests.conftest import Logs
from tests.workflow.test_github_moods import ended
from tests.workflow.test_promotion import complete_again, pull_of
from tests.workflow.test_protection import APP, rules

MINT: Final = "apps/create-installation-access-token"
NOT_ASKED_BY_US: Final = ("pubsub", "secrets")


def asked(world: World, what: Callable[[], object]) -> Counter[str]:
    """Count the calls that something makes, without those of Pub/Sub itself."""
    before = Counter(world.faults.calls())
    what()
    world.settle()
    made = Counter(world.faults.calls()) - before
    return Counter({name: count for name, count in made.items() if not name.startswith(NOT_ASKED_BY_US)})


def test_what_prod_has_is_seen_before_anything_else_is_read(world: World) -> None:
    """Two tree ids are enough; no file, no policy and no attestation can change the answer."""
    tested = release_posts(world)
    world.merge_release(tested)

    made = asked(world, lambda: complete_again(world, tested))

    assert not [name for name in made if name.startswith(("binauthz", "grafeas", "github.git/get-tree"))]


@pytest.fixture
def guarded(quiet_logging: None) -> Iterator[World]:
    """A world whose prod has the rules that it should have, and whose pull requests get a label."""
    variables = {"PRODGATE_GITHUB_APP_ID": str(APP), "PRODGATE_PULL_REQUEST": json.dumps({"labels": ["release"]})}
    with small_world(variables=variables) as fresh:
        fresh.cloud.github.set_rules(REPOSITORY, "prod", rules())
        yield fresh


def of_github(made: Counter[str]) -> dict[str, int]:
    """The requests to GitHub."""
    found = {name.removeprefix("github."): count for name, count in made.items() if name.startswith("github.")}
    return dict(sorted(found.items()))


def withheld(world: World, content: bytes) -> str:
    """Have a release attested while GitHub makes no snapshot of it; answer its commit."""
    pin_posts(world, content)
    event = world.pass_tests()
    world.faults.fail("github.git/create-commit", code="UNAVAILABLE", times=99)
    world.settle()
    world.faults.clear()
    world.dead_letters.clear()
    return str(event["commit"])


def test_an_unchanged_replay_is_two_requests(guarded: World) -> None:
    """A token, and one question for all that it is decided by; what never changes is known."""
    tested = release_posts(guarded)

    made = asked(guarded, lambda: complete_again(guarded, tested))

    assert of_github(made) == {MINT: 1, "graphql": 1}


def test_a_new_pull_request_is_eight_requests_at_most(guarded: World) -> None:
    """Its files were read when it was withheld: a token, one question and four writes, the branch in one with it."""
    guarded.merge_release(release_posts(guarded, b"first"))
    tested = withheld(guarded, b"second")

    made = asked(guarded, lambda: complete_again(guarded, tested))

    opening = OPENING.removeprefix("github.")
    writes = ["git/create-commit", opening, "issues/add-labels", "repos/create-commit-status"]
    assert of_github(made) == {MINT: 1, "graphql": 1, **dict.fromkeys(writes, 1)}


def test_rules_that_leave_something_open_are_asked_for_again(world: World) -> None:
    """GraphQL is believed where it says that all is well, and nowhere else."""
    tested = release_posts(world)

    made = asked(world, lambda: complete_again(world, tested))

    assert of_github(made) == {MINT: 1, "graphql": 1, "repos/get-branch-rules": 1}


def test_a_strangers_status_hides_nothing(guarded: World) -> None:
    """GraphQL shows the newest of each context; where that is not ours, every one is read."""
    tested = release_posts(guarded)
    guarded.repository.get_commit(tested).create_status("failure", context="prodgate/qa", description="mine")
    before = pull_of(guarded, tested).body

    made = asked(guarded, lambda: complete_again(guarded, tested))

    assert of_github(made) == {MINT: 1, "graphql": 1, "repos/list-commit-statuses-for-ref": 1}
    assert pull_of(guarded, tested).body == before
    assert guarded.rejected == []


def test_a_person_named_like_our_app_is_not_our_app(guarded: World) -> None:
    """GraphQL writes bots without the suffix that REST gives them; a person's account of that name is no bot."""
    pin_posts(guarded)
    commit = guarded.head("dev")
    name = ATTEST.login.removesuffix("[bot]")
    guarded.cloud.github.add_user(name, "token-of-a-namesake")
    namesake = Github(auth=Auth.Token("token-of-a-namesake"), base_url=guarded.cloud.github.url)
    namesake.get_repo(REPOSITORY).get_commit(commit).create_status("success", RUN, context="prodgate/qa")
    event = {"suite": "qa", "repository": REPOSITORY, "commit": commit, "run": RUN}

    guarded.publish("attestation-complete", json.dumps(event).encode())
    guarded.settle()

    (message,) = guarded.rejected
    assert message.detail.startswith(f"suite qa: {commit} has no successful status prodgate/qa by {ATTEST.login}")


def test_a_commit_that_dev_had_long_ago_is_asked_for(guarded: World) -> None:
    """The one question names dev's newest hundred commits; for an older one GitHub compares."""
    tested = release_posts(guarded)
    guarded.merge_release(tested)
    for nth in range(3):
        guarded.commit_to_dev({"apps/notes.yaml": f"a: {nth}\n".encode()})
    guarded.faults.hide("github.graphql", '"message"', times=1)  # no commit of any history

    made = asked(guarded, lambda: complete_again(guarded, tested))

    assert made["github.repos/compare-commits"] == 1


def test_open_pull_requests_that_did_not_change_lately_are_listed_by_themselves(guarded: World) -> None:
    """The one question lists the fifty that changed last; an open one that is not among them is never overlooked."""
    tested = release_posts(guarded)
    guarded.faults.hide("github.graphql", '"title"')  # the pull requests, but not the numbers of the open ones

    made = asked(guarded, lambda: complete_again(guarded, tested))

    assert (made["github.graphql"], made["github.pulls/list"]) == (1, 1)
    assert "github.repos/get-branch-rules" not in made
    assert len(guarded.pull_requests) == 1


def test_a_head_of_prod_that_cannot_be_read_yet_is_waited_for(world: World, logs: Logs) -> None:
    """GitHub named the commit itself a moment ago, so that it has none is no answer about the release."""
    tested = release_posts(world)
    world.commit_to("prod", {"README.md": b"x\n"})
    world.commit_to("prod", {"README.md": None})
    world.faults.fail("github.graphql", code="GRAPHQL_ERROR", times=99)
    world.faults.fail("github.git/get-commit", code="NOT_FOUND")  # prod's is the only one that is not known yet

    complete_again(world, tested)

    assert [fault for fault, _ in ended(logs)] == ["not-visible-yet"]
    assert pull_of(world, tested).state == "open"
