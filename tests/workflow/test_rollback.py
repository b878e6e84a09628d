"""Going back: a person asks once, and their word stands once, however often its event comes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.world.looking import SeenPullRequest
from local.world.world import World
from tests.company import POSTS_FILE, release_posts, small_world
from tests.workflow.test_drift import HOTFIX, PATH, refused
from tests.workflow.test_open_releases import branch
from tests.workflow.test_promotion import complete_again, parents, release_status
from tests.workflow.test_release_check import check
from tests.workflow.test_superseded import open_heads

BURNS = {"reason": "it burns, see #7 @dana"}


@pytest.fixture
def back(quiet_logging: None) -> Iterator[tuple[World, str]]:
    """A world in which a person asked to go back to the older of two releases, and that older one."""
    with small_world() as world:
        older = release_posts(world, b"first")
        world.merge_release(older)
        world.merge_release(release_posts(world, b"second"))
        complete_again(world, older, rollback=BURNS)
        yield world, older


def the_open_one(world: World) -> SeenPullRequest:
    """The one open pull request."""
    (pull,) = [pull for pull in world.pull_requests if pull.state == "open"]
    return pull


def test_a_rollback_that_was_merged_is_settled_when_its_event_comes_again(back: tuple[World, str]) -> None:
    """The mend is released meanwhile: a replay of last week's events must not propose to take it back."""
    world, older = back
    world.repository.get_pull(the_open_one(world).number).merge(merge_method="merge")
    world.merge_release(release_posts(world, b"mended"))

    complete_again(world, older, rollback=BURNS)

    assert open_heads(world) == []
    assert release_status(world, older) == ("pending", "#3 was merged; ask with another reason to go back once more")


def test_a_rollback_that_a_person_closed_stays_closed(back: tuple[World, str]) -> None:
    """Nobody wants it any more; whoever does says why."""
    world, older = back
    world.repository.get_pull(the_open_one(world).number).edit(state="closed")

    complete_again(world, older, rollback=BURNS)
    assert open_heads(world) == []

    complete_again(world, older, rollback={"reason": "it burns again"})
    assert open_heads(world) == [branch(older)]
    assert "`it burns again`" in the_open_one(world).body


def test_an_open_rollback_is_found_again_and_another_reason_rewrites_it(back: tuple[World, str]) -> None:
    """The same request changes nothing; another one is another word on the same branch."""
    world, older = back
    before = world.lasting_state()
    complete_again(world, older, rollback=BURNS)
    assert world.lasting_state() == before

    complete_again(world, older, rollback={"reason": "it still burns"})

    assert len(world.pull_requests) == 3
    assert "`it still burns`" in the_open_one(world).body


def test_a_look_rebuilds_an_open_rollback_with_its_reason(back: tuple[World, str]) -> None:
    """Prod moved: the reason stands in the snapshot commit, so nobody has to ask again."""
    world, older = back
    world.commit_to("prod", {"README.md": b"x\n"})
    world.commit_to("prod", {"README.md": None})

    check(world)

    assert parents(world, branch(older)) == [world.head("prod")]
    assert "asked for by a person: `it burns, see #7 @dana`" in the_open_one(world).body


def test_an_open_rollback_turns_red_when_prod_gets_a_change_of_its_own(back: tuple[World, str]) -> None:
    """A look judges it as it judges every open release."""
    world, older = back
    world.commit_to("prod", {PATH: HOTFIX})

    check(world)

    assert release_status(world, world.head(branch(older)))[0] == "failure"
    assert world.rejected == []


def test_a_newer_rollback_replaces_the_open_one(back: tuple[World, str]) -> None:
    """One way back is open at a time, the one that was asked for last."""
    world, older = back
    even_older = world.pull_requests[0]
    assert even_older.head == branch(older)
    third = release_posts(world, b"third")
    world.merge_release(third)

    complete_again(world, third, rollback={"reason": "back to the third"})

    assert [pull.title[:12] for pull in world.pull_requests if pull.state == "open"] == ["Roll back to"]


def test_a_rollback_to_a_release_that_was_closed_is_one_in_its_commit_too(world: World) -> None:
    """Its branch still stands on prod's head, with the message of a release: the next release would close it."""
    release_posts(world, b"first")
    tested = world.head("dev")
    world.repository.get_pull(1).edit(state="closed")

    complete_again(world, tested, rollback={"reason": "wanted anyway"})

    message = world.repository.get_git_commit(world.head(branch(tested))).message
    assert message.startswith("Roll back to ")
    newer = release_posts(world, b"second")
    assert set(open_heads(world)) == {branch(tested), branch(newer)}


def test_a_branch_that_a_person_wrote_on_is_made_anew_once_they_removed_it(world: World) -> None:
    """The way out that the sentence names: deleting the branch closes the pull request, and that was no decision."""
    tested = release_posts(world)
    world.commit_to(branch(tested), {"README.md": b"A fix on the branch.\n"})
    complete_again(world, tested)
    assert [message.reason for message in world.rejected] == ["branch-taken"]
    world.repository.get_git_ref(f"heads/{branch(tested)}").delete()

    complete_again(world, tested)

    assert open_heads(world) == [branch(tested)]
    assert release_status(world, world.head(branch(tested)))[0] == "success"


def test_what_prod_took_back_by_hand_does_not_come_back_with_something_else(world: World) -> None:
    """`git revert` on prod, then an unrelated change on dev: the bad release would be back, and nobody said so."""
    world.merge_release(release_posts(world, b"good"))
    good = world.file(POSTS_FILE, "prod")
    world.merge_release(release_posts(world, b"bad"))
    world.commit_to("prod", {POSTS_FILE: good})

    tested = world.commit_to_dev({PATH: HOTFIX})
    world.pass_tests()
    world.settle()

    assert refused(world) == (
        f"prod took back {POSTS_FILE}, which this release would bring back unchanged; change or revert that on dev, "
        "or replay with rollback.reason to bring it back"
    )
    assert release_status(world, tested)[0] == "failure"
    complete_again(world, tested, rollback={"reason": "it was the network"})
    assert open_heads(world) == [branch(tested)]


def test_what_a_rollback_took_back_does_not_come_back_with_something_else(back: tuple[World, str]) -> None:
    """The same where prodgate itself took it back."""
    world, _ = back
    world.repository.get_pull(the_open_one(world).number).merge(merge_method="merge")

    world.commit_to_dev({PATH: HOTFIX})
    world.pass_tests()
    world.settle()

    assert POSTS_FILE in refused(world)


def test_a_mend_of_what_prod_took_back_goes_on_and_names_what_comes_back_with_it(world: World) -> None:
    """One file of two is new: it may be the mend, so people decide, and read what else comes back."""
    other = "apps/config.yaml"
    world.commit_to_dev({other: HOTFIX})
    world.merge_release(release_posts(world, b"good"))
    good = world.file(POSTS_FILE, "prod")
    world.commit_to_dev({other: HOTFIX + b"data: {}\n"})
    world.merge_release(release_posts(world, b"bad"))
    world.commit_to("prod", {POSTS_FILE: good, other: HOTFIX})

    release_posts(world, b"mended")

    body = the_open_one(world).body
    assert f"> [!CAUTION]\n> prod took back `{other}`: merging brings that back as the last release had it." in body


def test_a_change_that_dev_had_and_dropped_since_the_last_release_is_no_taking_back(world: World) -> None:
    """Prod got it by hand, dev too, and dev moved on from it: nothing is brought back that was taken back."""
    world.merge_release(release_posts(world, b"first"))
    world.commit_to("prod", {PATH: HOTFIX})
    world.commit_to_dev({PATH: HOTFIX})
    world.commit_to_dev({PATH: None})
    world.commit_to_dev({"apps/other.yaml": HOTFIX})

    world.pass_tests()
    world.settle()

    assert "CAUTION]\n> prod took back" not in the_open_one(world).body
