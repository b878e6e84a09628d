"""The strategy `branch`: one pull request from dev into prod, and what it cannot promise is in its body."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.world.names import PROMOTE
from local.world.world import World
from tests.company import release_posts, small_world
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
