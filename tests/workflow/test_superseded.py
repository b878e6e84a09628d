"""Release after release: one is open at a time, the newest; the others say where to look."""

from __future__ import annotations

from local.world.world import World
from tests.company import release_posts
from tests.workflow.test_promotion import complete_again, pull_of


def open_heads(world: World) -> list[str]:
    """The heads of the open pull requests."""
    return [pull.head for pull in world.pull_requests if pull.state == "open"]


def branches(world: World) -> set[str]:
    """The names of all branches."""
    return {branch.name for branch in world.repository.get_branches()}


def test_a_newer_release_closes_the_open_one_with_a_link_and_deletes_its_branch(world: World) -> None:
    """Two open pull requests would let somebody merge the wrong one."""
    older = release_posts(world, b"first")

    newer = release_posts(world, b"second")

    assert open_heads(world) == [f"release/{newer[:12]}"]
    assert pull_of(world, older).state == "closed"
    (comment,) = world.comments(1)
    assert comment.startswith("Superseded by #2, which has everything that this one has.")
    assert f"release/{older[:12]}" not in branches(world)


def test_a_replay_of_the_superseded_release_changes_nothing(world: World) -> None:
    """It is closed, and it is older; nothing brings it back but a person's reason."""
    older = release_posts(world, b"first")
    release_posts(world, b"second")
    before = world.lasting_state(), world.comments(1)

    complete_again(world, older)

    assert (world.lasting_state(), world.comments(1)) == before


def test_a_closing_that_failed_is_finished_by_the_next_delivery_with_one_comment(world: World) -> None:
    """The comment is there, the branch is not gone yet: the redelivery finds the first and does the second."""
    older = release_posts(world, b"first")
    world.faults.fail("github.git/delete-ref", code="PERMISSION_DENIED")

    newer = release_posts(world, b"second")

    assert open_heads(world) == [f"release/{newer[:12]}"]
    assert len(world.comments(1)) == 1
    assert f"release/{older[:12]}" not in branches(world)


def test_a_release_branch_of_a_person_is_theirs(world: World) -> None:
    """What somebody else opened is not closed, whatever its branch is called."""
    repository, prod = world.repository, world.repository.get_git_commit(world.head("prod"))
    head = repository.create_git_commit("Mine", repository.get_git_commit(world.head("dev")).tree, [prod]).sha
    repository.create_git_ref("refs/heads/release/0123456789ab", head)
    world.repository.create_pull("prod", "release/0123456789ab", title="Mine", body="")

    tested = release_posts(world)

    assert set(open_heads(world)) == {"release/0123456789ab", f"release/{tested[:12]}"}
    assert world.head("release/0123456789ab") == head


def test_a_rollback_and_an_open_release_leave_each_other_alone(world: World) -> None:
    """A person asked for the one; the other may hold the mend that everybody waits for."""
    older = release_posts(world, b"first")
    world.merge_release(older)
    newer = release_posts(world, b"second")
    world.merge_release(newer)
    third = release_posts(world, b"third")

    complete_again(world, older, rollback={"reason": "it burns"})
    assert set(open_heads(world)) == {f"release/{third[:12]}", f"release/{older[:12]}"}

    fourth = release_posts(world, b"fourth")

    titles = sorted(pull.title.partition(":")[0] for pull in world.pull_requests if pull.state == "open")
    assert titles == [f"Release {fourth[:12]}", f"Roll back to {older[:12]}"]


def test_what_was_rolled_back_from_is_not_opened_again_by_late_news(world: World) -> None:
    """Prod went back on purpose: only something newer than what burned goes forward."""
    older = release_posts(world, b"first")
    world.merge_release(older)
    newer = release_posts(world, b"second")
    world.merge_release(newer)
    complete_again(world, older, rollback={"reason": "it burns"})
    (rollback,) = [pull for pull in world.pull_requests if pull.state == "open"]
    world.repository.get_pull(rollback.number).merge(merge_method="merge")

    complete_again(world, newer)
    assert open_heads(world) == []

    third = release_posts(world, b"third")
    assert open_heads(world) == [f"release/{third[:12]}"]
