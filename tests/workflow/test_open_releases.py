"""Every release that is open: prod, its policy and dev may change under each, and none may stay green over that."""

from __future__ import annotations

import time
from typing import Final

import pytest
import requests
from github.GitRef import GitRef
from github.InputGitTreeElement import InputGitTreeElement

from local.world.names import ATTEST, REPOSITORY
from local.world.world import World
from tests.company import OPENING, POSTS, POSTS_FILE, open_one_by_one, pin_posts, release_posts, small_world
from tests.workflow.test_promotion import complete_again, completed, parents, pull_of, release_status, tree
from tests.workflow.test_release_check import TWO, check
from tests.workflow.test_superseded import open_heads

HOTFIX: Final = {"apps/hotfix.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: hotfix\n"}
OTHER: Final = {"apps/other.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n"}


def branch(commit: str) -> str:
    """The release branch of a commit."""
    return f"release/{commit[:12]}"


def attester_says(world: World, commit: str, state: str) -> None:
    """Set the status of the suite qa as attest_images does, without an event."""
    requests.post(
        f"{world.cloud.github.url}/repos/{REPOSITORY}/statuses/{commit}",
        json={"context": "prodgate/qa", "state": state, "target_url": "https://ci.mdo.example/runs/1"},
        headers={"Authorization": f"Bearer {world.steal_token(ATTEST)}"},
        timeout=10,
    ).raise_for_status()


def push_anew(world: World, base: str) -> str:
    """Push dev by force: from an older commit on, another line; answer its head, which is pinned and tested."""
    parent = world.repository.get_git_commit(base)
    files = world.repository.create_git_tree(
        [InputGitTreeElement("README.md", "100644", "blob", content="Another line.\n")], parent.tree
    )
    other = world.repository.create_git_commit("Another line", files, [parent])
    dev(world).edit(other.sha, force=True)
    world.announce(f"{POSTS}:v1")
    world.settle()
    world.pass_tests()
    world.settle()
    return world.head("dev")


def dev(world: World) -> GitRef:
    """Dev's reference."""
    return world.repository.get_git_ref("heads/dev")


def test_an_open_release_turns_red_when_the_next_one_is_refused_for_drift(world: World) -> None:
    """Prod got a hotfix: the next release is refused, and the one that is still open on the old parent too."""
    older = release_posts(world, b"one")
    world.commit_to("prod", HOTFIX)

    newer = release_posts(world, b"two")

    assert release_status(world, newer)[0] == "failure"
    assert release_status(world, world.head(branch(older)))[0] == "failure"
    assert [message.reason for message in world.rejected] == ["drift"]


def test_an_open_release_is_rebuilt_when_the_next_one_is_refused(world: World) -> None:
    """The next one has a fault of its own; prod moved meanwhile without a change that the open one would undo."""
    older = release_posts(world, b"one")
    world.commit_to("prod", {"README.md": b"x\n"})
    world.commit_to("prod", {"README.md": None})
    newer = world.commit_to_dev(OTHER)

    world.publish("attestation-complete", completed(newer))
    world.settle()

    assert [message.reason for message in world.rejected] == ["incomplete-release"]
    assert parents(world, branch(older)) == [world.head("prod")]
    assert release_status(world, world.head(branch(older)))[0] == "success"


def test_a_look_judges_an_older_open_release_too(world: World) -> None:
    """The newest complete commit is refused, so its event is gone; the schedule still sees what is open beside it."""
    older = release_posts(world, b"one")
    world.commit_to("prod", HOTFIX)
    world.faults.fail("github.repos/get-branch-rules", times=99)
    release_posts(world, b"two")
    world.faults.clear()
    world.dead_letters.clear()
    assert release_status(world, world.head(branch(older)))[0] == "success"

    check(world)

    assert release_status(world, world.head(branch(older)))[0] == "failure"
    world.commit_to("prod", dict.fromkeys(HOTFIX))
    check(world)
    assert [pull.state for pull in world.pull_requests] == ["closed", "open"]


def test_when_dev_goes_back_to_what_prod_has_nothing_stays_open(world: World) -> None:
    """Dev was reverted: what was on its way in between is not wanted any more, and nobody may merge it."""
    first = release_posts(world, b"one")
    world.merge_release(first)
    good = world.file(POSTS_FILE)
    second = release_posts(world, b"two")
    back = world.commit_to_dev({POSTS_FILE: good})
    assert tree(world, back) == tree(world, world.head("prod"))

    world.pass_tests()
    world.settle()

    assert open_heads(world) == []
    (comment,) = world.comments(pull_of(world, second).number)
    assert comment.startswith(
        f"There is nothing left to promote: {back} is newer than this, and prod has exactly its tree"
    )
    assert "No other release supersedes this one." in comment


def test_a_commit_that_was_not_tested_closes_nothing(world: World) -> None:
    """Anybody may publish; that a commit is what prod has says nothing about the release that is on its way."""
    first = release_posts(world, b"one")
    world.merge_release(first)
    good = world.file(POSTS_FILE)
    second = release_posts(world, b"two")
    back = world.commit_to_dev({POSTS_FILE: good})

    world.publish("attestation-complete", completed(back))
    world.settle()

    assert open_heads(world) == [branch(second)]


def test_what_prod_has_says_so_where_something_else_stood(world: World) -> None:
    """The commit waited or was refused; now prod has its tree."""
    tested = release_posts(world)
    world.repository.get_pull(1).edit(state="closed")
    complete_again(world, tested)
    world.repository.get_git_ref("heads/prod").edit(world.head(branch(tested)))

    complete_again(world, tested)

    assert release_status(world, tested) == ("pending", "nothing to promote: prod has exactly this tree")


def test_a_commit_that_dev_has_not_any_more_turns_its_open_release_red(world: World) -> None:
    """Dev was pushed anew: nothing is judged any further, so the green light goes first, and the commit says why."""
    base = world.head("dev")
    tested = release_posts(world)
    dev(world).edit(base, force=True)

    complete_again(world, tested)

    assert [message.reason for message in world.rejected] == ["not-on-dev"]
    assert release_status(world, world.head(branch(tested))) == ("failure", f"commit: {tested} is not on dev")
    assert release_status(world, tested) == ("failure", f"commit: {tested} is not on dev")


def test_a_tree_that_cannot_be_judged_turns_an_open_release_red(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is rejected before anything is judged: nobody can say any more that prod would admit it."""
    tested = release_posts(world)
    monkeypatch.setattr("shared.domain.limits.MANIFEST_FILES", 1)

    complete_again(world, tested)

    assert [message.reason for message in world.rejected] == ["malformed-manifest"]
    assert release_status(world, world.head(branch(tested))) == ("failure", "2 manifests; at most 1")
    assert release_status(world, tested) == ("failure", "2 manifests; at most 1")


def test_a_suite_that_does_not_hold_any_more_turns_an_open_release_red(world: World) -> None:
    """Its status was taken back, or configuration demands one more: until it has passed nobody may merge."""
    tested = release_posts(world)
    attester_says(world, tested, "failure")

    check(world)

    assert release_status(world, world.head(branch(tested))) == ("failure", "waits for qa")
    before = world.lasting_state()
    check(world)
    assert world.lasting_state() == before
    attester_says(world, tested, "success")
    check(world)
    assert release_status(world, world.head(branch(tested)))[0] == "success"


def test_after_dev_was_pushed_anew_the_new_line_replaces_what_is_open(world: World) -> None:
    """The open one is not newer, it is of a line that dev has not any more: its comment says so."""
    base = world.head("dev")
    old = release_posts(world, b"one")

    new = push_anew(world, base)

    assert open_heads(world) == [branch(new)]
    assert world.comments(1)[0].startswith(f"Superseded by #2, since dev does not hold {old} any more.")


def test_after_dev_was_pushed_anew_a_merged_release_of_the_old_line_stops_nothing(world: World) -> None:
    """Prod has something that dev has not: the new line goes on, and the body warns of what it takes back."""
    base = world.head("dev")
    old = release_posts(world, b"one")
    world.merge_release(old)
    world.push_image(POSTS, "v1", content=b"two")
    world.settle()

    new = push_anew(world, base)

    pull = pull_of(world, new)
    assert pull.state == "open"
    assert f"prod has #1, whose commit `{old}` is not on dev: what only that one had is taken back." in pull.body


def test_of_two_lines_that_dev_joined_the_one_does_not_go_over_the_other(world: World) -> None:
    """Neither commit holds the other and dev holds both: releasing the second would take the first one back."""
    fork = world.head("dev")
    released = release_posts(world, b"one")
    world.merge_release(released)
    world.repository.create_git_ref("refs/heads/side", fork)
    side = world.commit_to("side", OTHER)
    ends = [world.repository.get_git_commit(commit) for commit in (world.head("dev"), side)]
    dev(world).edit(world.repository.create_git_commit("Join", ends[0].tree, ends).sha)

    world.publish("attestation-complete", completed(side))
    world.settle()

    assert open_heads(world) == []
    state, description = release_status(world, side)
    assert (state, description[:40]) == ("pending", f"#1 releases {released}"[:40])


def test_an_older_commit_that_is_passed_over_says_so(world: World) -> None:
    """Whoever looks for the release of a commit finds why there is none."""
    pin_posts(world, b"one")
    older = world.head("dev")
    newer = release_posts(world, b"two")

    world.pass_tests(older)
    world.settle()

    assert release_status(world, older) == (
        "pending",
        f"#1 releases {newer}, which is newer; replay with rollback.reason to go back",
    )


def test_a_merged_trailer_that_names_no_commit_stops_nothing(world: World) -> None:
    """Anybody may write a trailer; one release branch of a person's must not end all promotion."""
    repository, prod = world.repository, world.repository.get_git_commit(world.head("prod"))
    files = repository.get_git_commit(world.head("dev")).tree
    forged = repository.create_git_commit(f"x\n\nProdgate-Release: {'a' * 40}\n", files, [prod])
    repository.create_git_ref("refs/heads/release/aaaaaaaaaaaa", forged.sha)
    repository.create_pull("prod", "release/aaaaaaaaaaaa", title="x", body="").merge()

    tested = release_posts(world)

    assert open_heads(world) == [branch(tested)]


def test_a_body_that_somebody_copied_is_no_release(world: World) -> None:
    """A hotfix whose description quotes ours: it does not become what prod's own changes are told from."""
    first = release_posts(world, b"one")
    world.merge_release(first)
    repository, prod = world.repository, world.repository.get_git_commit(world.head("prod"))
    content = HOTFIX["apps/hotfix.yaml"].decode()
    files = repository.create_git_tree(
        [InputGitTreeElement("apps/hotfix.yaml", "100644", "blob", content=content)], prod.tree
    )
    hotfix = repository.create_git_commit("Hotfix", files, [prod])
    repository.create_git_ref("refs/heads/hotfix", hotfix.sha)
    body = f"As the last release:\n{world.pull_requests[0].body}"
    repository.create_pull("prod", "hotfix", title="Hotfix", body=body).merge()

    second = release_posts(world, b"two")

    assert [message.reason for message in world.rejected] == ["drift"]
    assert branch(second) not in open_heads(world)


def test_an_adopted_pull_request_counts_as_the_release_that_it_is(world: World) -> None:
    """A person was faster in opening it; the commit and its status are ours, so nothing older goes over it."""
    pin_posts(world, b"one")
    older = world.head("dev")
    pin_posts(world, b"two")
    newer = world.head("dev")
    open_one_by_one(world)
    held = world.faults.hold("github.pulls/create")
    world.pass_tests()
    with held:
        world.repository.create_pull("prod", branch(newer), title="Mine", body="Was first.")
    world.settle()
    world.merge_release(newer)

    world.pass_tests(older)
    world.settle()

    assert open_heads(world) == []
    assert f"#1 releases {newer}" in release_status(world, older)[1]


def waiting_for_rules(world: World, content: bytes) -> str:
    """Bring the posts service as far as its release, which could not be judged; answer the tested commit."""
    world.faults.fail("github.repos/get-branch-rules", times=99)
    commit = release_posts(world, content)
    world.faults.clear()
    world.dead_letters.clear()
    return commit


def test_an_older_and_a_newer_event_at_once_leave_the_newer_release_alone_open(world: World) -> None:
    """Each would look before the other one wrote: within the one instance they take turns."""
    older, newer = waiting_for_rules(world, b"one"), waiting_for_rules(world, b"two")
    held = world.faults.hold("github.git/create-commit")
    world.publish("attestation-complete", completed(older))
    with held:
        world.publish("attestation-complete", completed(newer))
        time.sleep(0.3)  # the second event arrives, and has all the time it takes to go wrong
    world.settle()

    assert open_heads(world) == [branch(newer)]


def test_two_open_releases_are_one_after_the_next_look(world: World) -> None:
    """However the older one stayed open beside a newer one: a person reopened it."""
    older = release_posts(world, b"one")
    head = world.head(branch(older))
    newer = release_posts(world, b"two")
    world.repository.create_git_ref(f"refs/heads/{branch(older)}", head)
    world.repository.get_pull(1).edit(state="open")

    complete_again(world, older)

    assert open_heads(world) == [branch(newer)]
    assert len(world.comments(1)) == 1


def test_a_release_that_is_superseded_a_second_time_says_by_which(world: World) -> None:
    """Its comment of the first time leads to a pull request that a person closed meanwhile."""
    older = release_posts(world, b"one")
    head = world.head(branch(older))
    release_posts(world, b"two")
    world.repository.create_git_ref(f"refs/heads/{branch(older)}", head)
    world.repository.get_pull(1).edit(state="open")
    world.repository.get_pull(2).edit(state="closed")

    release_posts(world, b"three")

    assert [comment.partition(",")[0] for comment in world.comments(1)] == ["Superseded by #2", "Superseded by #3"]


def test_a_release_that_was_opened_while_prod_moved_is_made_anew(world: World) -> None:
    """GitHub says in its answer where prod is: the snapshot is not on top of that."""
    pin_posts(world)
    tested = world.head("dev")
    held = world.faults.hold(OPENING)
    world.pass_tests()
    with held:
        world.commit_to("prod", {"README.md": b"x\n"})
        world.commit_to("prod", {"README.md": None})
    world.settle()

    assert parents(world, branch(tested)) == [world.head("prod")]
    assert [record.status for record in world.deliveries if record.topic.endswith("complete")] == [503, 204]


def test_whoever_waits_for_a_suite_looks_at_everything_anew(
    quiet_logging: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prod moves in the seconds in which an event waits for a status that lags: the snapshot is on top of that."""
    monkeypatch.setattr("shared.workflow.promote.LOOK_AGAIN_S", (0.1, 0.1))
    with small_world(settling_s=300, variables=TWO) as world:
        pin_posts(world)
        tested = world.head("dev")
        # attest_images looks before it sets its own; the first look of open_prod_pr is one question to GraphQL
        second_look = world.faults.hold("github.repos/list-commit-statuses-for-ref", after=1)
        world.pass_tests(suite="load")
        with second_look:
            world.commit_to("prod", {"README.md": b"x\n"})
            world.commit_to("prod", {"README.md": None})
            attester_says(world, tested, "success")
        world.settle()

        assert parents(world, branch(tested)) == [world.head("prod")]
        assert world.faults.calls(OPENING) == {OPENING: 1}


def test_an_event_about_no_commit_is_rejected_and_looks_at_nothing_else(world: World) -> None:
    """Anybody may publish it; nothing can be said on a commit that there is not, and nothing has changed."""
    release_posts(world)
    before = world.lasting_state()

    world.publish("attestation-complete", completed("c" * 40))
    world.settle()

    assert [message.reason for message in world.rejected] == ["unknown-commit"]
    assert world.lasting_state() == before
