"""The strategy `branch`: one pull request from dev into prod, and what it cannot promise is in its body."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from local.world.names import PROMOTE, REPOSITORY
from local.world.world import World
from tests.company import pin_posts, release_posts, small_world
from tests.workflow.test_promotion import complete_again, release_status


@pytest.fixture
def classic(quiet_logging: None) -> Iterator[World]:
    """A world that promotes dev itself."""
    with small_world(variables={"PRODGATE_STRATEGY": "branch"}) as fresh:
        yield fresh


def test_dev_itself_is_proposed_and_the_tested_commit_is_green(classic: World) -> None:
    """As people know it; where prod has nothing of its own, merging is exactly what was tested."""
    tested = release_posts(classic)

    (pull,) = classic.pull_requests
    assert (pull.head, pull.base, pull.state) == ("dev", "prod", "open")
    assert pull.title == f"Release {tested[:12]}: 1 image (mdo-posts v1)"
    assert "Merging runs exactly the tree that was tested: prod has nothing that dev has not." in pull.body
    assert "Whatever is pushed to dev until then is merged with it" in pull.body
    assert release_status(classic, tested)[0] == "success"
    before = classic.lasting_state()
    complete_again(classic, tested)
    assert classic.lasting_state() == before


def test_the_next_release_updates_the_same_pull_request(classic: World) -> None:
    """There is only one from dev into prod, and only its newest tested commit is green."""
    release_posts(classic, b"first")

    second = release_posts(classic, b"second")

    (pull,) = classic.pull_requests
    assert pull.title.startswith(f"Release {second[:12]}: ")
    assert classic.comments(pull.number) == []


def test_late_news_of_an_older_commit_does_not_write_over_a_newer_one(classic: World) -> None:
    """The body would tell of another commit than the one that is merged."""
    first = release_posts(classic, b"first")
    release_posts(classic, b"second")
    before = classic.lasting_state()

    complete_again(classic, first)

    assert classic.lasting_state() == before


def test_after_a_squash_the_body_says_that_merging_may_differ(classic: World) -> None:
    """GitHub joins both histories then, and nobody tested the result."""
    release_posts(classic, b"first")
    classic.squash("dev")
    classic.commit_to("prod", {"README.md": b"Mended by hand.\n"})

    release_posts(classic, b"second")

    (pull,) = [pull for pull in classic.pull_requests if pull.state == "open"]
    assert "Merging may run something else than what was tested: prod has commits that dev has not" in pull.body


def test_when_prod_has_it_all_the_pull_request_is_closed_and_dev_stays(classic: World) -> None:
    """Dev is not a release branch: it is never deleted."""
    tested = release_posts(classic)
    classic.squash("dev")

    complete_again(classic, tested)

    assert [pull.state for pull in classic.pull_requests] == ["closed"]
    assert "There is nothing left to promote" in classic.comments(1)[0]
    assert classic.head("dev") == tested


def test_a_closed_one_stays_closed_for_its_commit_and_not_for_the_next(classic: World) -> None:
    """A person said no to that commit, and not to everything after it."""
    first = release_posts(classic, b"first")
    classic.repository.get_pull(1).edit(state="closed")
    complete_again(classic, first)
    assert [pull.state for pull in classic.pull_requests] == ["closed"]

    release_posts(classic, b"second")

    assert [pull.state for pull in classic.pull_requests] == ["closed", "open"]


def test_a_rollback_is_a_snapshot_whatever_the_strategy(classic: World) -> None:
    """Dev cannot be merged backwards."""
    older = release_posts(classic, b"first")
    classic.repository.get_pull(1).merge(merge_method="merge")
    release_posts(classic, b"second")
    classic.repository.get_pull(2).merge(merge_method="merge")

    complete_again(classic, older, rollback={"reason": "it burns"})

    (pull,) = [pull for pull in classic.pull_requests if pull.state == "open"]
    assert pull.head == f"release/{older[:12]}"
    assert classic.repository.get_pull(pull.number).user.login == PROMOTE.login


@pytest.mark.parametrize("named", ["no commit", "a commit of another branch"])
def test_a_marker_that_somebody_wrote_stops_nothing(classic: World, named: str) -> None:
    """Whoever may edit the body could otherwise end all promotion with a commit that is newer than dev."""
    first = release_posts(classic, b"first")
    classic.repository.create_git_ref("refs/heads/feature", classic.head("dev"))
    other = "c" * 40 if named == "no commit" else classic.commit_to("feature", {"README.md": b"x\n"})
    pull = classic.repository.get_pull(1)
    pull.edit(body=pull.body.replace(f"commit={first}", f"commit={other}"))

    second = release_posts(classic, b"second")

    assert classic.pull_requests[0].title.startswith(f"Release {second[:12]}: ")


def test_what_the_strategy_branch_left_open_is_replaced_by_a_snapshot(world: World) -> None:
    """Configuration changed: a pull request of dev itself names no tested commit, and stops no release."""
    pin_posts(world)
    tested = world.head("dev")
    marker = f"<!-- prodgate:begin -->\nx\n\n<!-- prodgate:v1 commit={tested} fingerprint={'0' * 64} -->"
    requests.post(
        f"{world.cloud.github.url}/repos/{REPOSITORY}/pulls",
        json={"head": "dev", "base": "prod", "title": "Release", "body": marker},
        headers={"Authorization": f"Bearer {world.steal_token(PROMOTE)}"},
        timeout=10,
    ).raise_for_status()
    world.commit_to_dev({"README.md": b"newer\n"})

    world.pass_tests(tested)
    world.settle()

    assert [(pull.head, pull.state) for pull in world.pull_requests] == [
        ("dev", "closed"),
        (f"release/{tested[:12]}", "open"),
    ]
    assert world.comments(1)[0].startswith("Superseded by #2, a snapshot: what is merged is not dev itself any more.")
