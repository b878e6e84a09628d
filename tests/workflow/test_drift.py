"""Drift: a release never undoes what people changed on prod alone, and says what it would have undone."""

from __future__ import annotations

from local.world.world import World
from tests.company import POSTS_FILE, pin_posts, release_posts
from tests.workflow.test_promotion import complete_again, pull_of, release_status

HOTFIX = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hotfix\n"
PATH = "apps/hotfix.yaml"


def refused(world: World) -> str:
    """The sentence of the one event that was rejected for drift."""
    (message,) = world.rejected
    assert (message.function, message.reason) == ("open_prod_pr", "drift")
    world.rejected.clear()
    return message.detail


def test_a_change_that_only_prod_has_stops_the_release_and_is_named(world: World) -> None:
    """Somebody mended prod by hand at night: the next release would silently take that back."""
    world.commit_to("prod", {PATH: HOTFIX})

    tested = release_posts(world)

    assert refused(world) == (
        f"prod holds changes that this release would undo, in {PATH}; bring them to dev and test them, or revert them "
        "on prod"
    )
    assert world.pull_requests == []
    assert f"release/{tested[:12]}" not in {branch.name for branch in world.repository.get_branches()}
    state, description = release_status(world, tested)
    assert state == "failure"
    assert description.startswith(f"prod holds changes that this release would undo, in {PATH}; ")


def test_a_release_that_is_open_turns_red_when_prod_gets_a_change_of_its_own(world: World) -> None:
    """Merged now, it would be something that nobody tested; the replay takes its green light away, once."""
    tested = release_posts(world)
    world.commit_to("prod", {PATH: HOTFIX})

    complete_again(world, tested)

    snapshot = world.head(f"release/{tested[:12]}")
    assert release_status(world, snapshot)[0] == "failure"
    refused(world)
    before = world.lasting_state()
    complete_again(world, tested)
    assert world.lasting_state() == before


def test_bringing_the_change_to_dev_lets_the_release_go_on(world: World) -> None:
    """The first way out: what is tested has it too."""
    world.commit_to("prod", {PATH: HOTFIX})
    world.commit_to_dev({PATH: HOTFIX})

    tested = release_posts(world)

    assert pull_of(world, tested).state == "open"


def test_a_change_that_dev_had_once_and_left_behind_is_no_drift(world: World) -> None:
    """Brought to dev, tested, and replaced by something better since: dev's history explains what prod has."""
    world.commit_to("prod", {PATH: HOTFIX})
    world.commit_to_dev({PATH: HOTFIX})
    world.commit_to_dev({PATH: None})

    tested = release_posts(world)

    assert pull_of(world, tested).state == "open"


def test_a_change_that_dev_got_after_the_tested_commit_is_drift_for_that_one(world: World) -> None:
    """The commit that is released does not have it yet, so its release would undo it until the next one."""
    pin_posts(world)
    tested = world.head("dev")
    world.commit_to("prod", {PATH: HOTFIX})
    world.commit_to_dev({PATH: HOTFIX})

    world.pass_tests(tested)
    world.settle()

    assert PATH in refused(world)


def test_reverting_the_change_on_prod_lets_the_release_go_on(world: World) -> None:
    """The second way out."""
    world.commit_to("prod", {PATH: HOTFIX})
    tested = release_posts(world)
    refused(world)
    world.commit_to("prod", {PATH: None})

    complete_again(world, tested)

    assert pull_of(world, tested).state == "open"
    state, description = release_status(world, tested)
    assert (state, description) == ("pending", "proven; #1 releases it, and its head is what to merge")


def test_after_a_release_only_what_people_changed_since_is_drift(world: World) -> None:
    """The last release explains what it brought; a file that was edited and one that was deleted are named."""
    world.commit_to_dev({PATH: HOTFIX})
    first = release_posts(world, b"first")
    world.merge_release(first, "squash")
    pinned = world.file(POSTS_FILE, "prod")
    world.commit_to("prod", {POSTS_FILE: pinned + b"# mended by hand\n", PATH: None})

    release_posts(world, b"second")

    assert f"in {PATH}, {POSTS_FILE};" in refused(world)


def test_a_release_that_prod_took_back_by_hand_is_no_drift_for_the_next(world: World) -> None:
    """`git revert` brings what an earlier release had; going on from there undoes nothing that is unknown."""
    first = release_posts(world, b"first")
    world.merge_release(first)
    earlier = world.file(POSTS_FILE, "prod")
    second = release_posts(world, b"second")
    world.merge_release(second)
    world.commit_to("prod", {POSTS_FILE: earlier})

    third = release_posts(world, b"third")

    assert pull_of(world, third).state == "open"


def test_more_changes_than_are_looked_up_are_all_drift_and_counted(world: World) -> None:
    """Whoever changed that much by hand wants to be asked."""
    many = {f"apps/hand-{number:02}.yaml": HOTFIX for number in range(21)}
    world.commit_to("prod", many)
    world.commit_to_dev(many)
    world.commit_to_dev(dict.fromkeys(many))

    release_posts(world)

    assert "apps/hand-09.yaml and 11 more; bring them to dev" in refused(world)


def test_a_rollback_too_leaves_alone_what_people_changed_on_prod(world: World) -> None:
    """At night one does not remember what was mended the day before."""
    older = release_posts(world, b"first")
    world.merge_release(older)
    newer = release_posts(world, b"second")
    world.merge_release(newer)
    world.commit_to("prod", {PATH: HOTFIX})

    complete_again(world, older, rollback={"reason": "it burns"})

    assert PATH in refused(world)
    world.commit_to_dev({PATH: HOTFIX})
    complete_again(world, older, rollback={"reason": "it burns"})
    assert [pull.title[:12] for pull in world.pull_requests if pull.state == "open"] == ["Roll back to"]


def test_a_prod_without_a_past_is_held_against_the_tested_tree_alone(world: World) -> None:
    """Its history was thrown away, so there is nothing to compare with: what it has must be what was tested."""
    prod = world.repository.get_git_commit(world.head("prod"))
    orphan = world.repository.create_git_commit("Begin again", prod.tree, [])
    world.repository.get_git_ref("heads/prod").edit(orphan.sha, force=True)

    tested = release_posts(world)

    assert pull_of(world, tested).state == "open"
    assert "commits on dev since" not in pull_of(world, tested).body
