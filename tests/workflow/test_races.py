"""Somebody is faster: a branch, a pull request or an attestation appears between our look and our write."""

from __future__ import annotations

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grafeas.grafeas_v1 import Occurrence

from local.world.looking import differences
from local.world.world import World
from tests.company import OPENING, open_one_by_one, pin_posts
from tests.conftest import Logs


def faults(logs: Logs) -> list[str]:
    """The names of what was unavailable, in order."""
    labels = [entry["logging.googleapis.com/labels"] for entry in logs()]
    return [label["fault"] for label in labels if "fault" in label]


def test_an_attestation_stored_by_somebody_else_meanwhile_is_accepted(world: World) -> None:
    """Container Analysis says that there is one already: it is looked at, it verifies, and it counts."""
    image = pin_posts(world)
    held = world.faults.hold("grafeas.CreateOccurrence")
    commit = str(world.pass_tests()["commit"])
    with held:
        made = world.attest(image)
    world.settle()

    assert [seen.occurrence for seen in world.attestations] == [made]
    assert [status.context for status in world.statuses(commit)] == ["prodgate/qa"]
    assert {record.status for record in world.deliveries} == {204}


def test_an_attestation_changed_before_it_is_read_back_is_not_counted(world: World, logs: Logs) -> None:
    """What is stored is what counts, not what we meant to store: only the next delivery, which signs again, is done."""
    pin_posts(world)
    held = world.faults.hold("grafeas.ListNoteOccurrences", after=1)
    commit = str(world.pass_tests()["commit"])
    logs()
    with held:
        (made,) = world.attestations
        changed = Occurrence(attestation={"signatures": [{"public_key_id": made.key_id, "signature": b"forged"}]})
        mask = FieldMask(paths=["attestation.signatures"])
        update = {"name": made.occurrence, "occurrence": changed, "update_mask": mask}
        world.do(world.clients.grafeas.update_occurrence(request=update))
    world.settle()

    assert faults(logs) == ["signature-not-ours"]
    assert [seen.occurrence for seen in world.attestations] == [made.occurrence]
    assert world.faults.calls("kms.AsymmetricSign") == {"kms.AsymmetricSign": 2}
    assert [status.context for status in world.statuses(commit)] == ["prodgate/qa"]


def test_a_release_branch_made_by_somebody_else_meanwhile_is_adopted(world: World, logs: Logs) -> None:
    """Two deliveries of one release meet at the branch: the second finds the first one's, and goes on with it."""
    made = meet_at_the_branch(world, logs)

    assert faults(logs) == []
    assert world.head(f"release/{world.head('dev')[:12]}") == made
    assert [pull.state for pull in world.pull_requests] == ["open"]


def test_a_release_branch_that_is_there_and_cannot_be_read_yet_is_waited_for(world: World, logs: Logs) -> None:
    """GitHub says that the branch exists, and shows none: the next delivery finds it."""
    made = meet_at_the_branch(world, logs, unread=1)

    assert faults(logs) == ["lost-race"]
    assert world.head(f"release/{world.head('dev')[:12]}") == made
    assert len(world.pull_requests) == 1


def meet_at_the_branch(world: World, logs: Logs, *, unread: int = 0) -> str:
    """Make the snapshot and its branch just before open_prod_pr does; `unread` of its looks at the branch find none."""
    pin_posts(world)
    tested = world.head("dev")
    held = world.faults.hold(OPENING)
    world.pass_tests()
    logs()
    with held:
        snapshot = make_branch(world, tested, tree_of=tested)
        world.faults.fail("github.git/get-ref", code="NOT_FOUND", times=unread)
    world.settle()
    return snapshot


def make_branch(world: World, tested: str, *, tree_of: str) -> str:
    """Make the branch of a release with the tree of some commit, as a snapshot is made; answer its head."""
    repository = world.repository
    prod, tree = (repository.get_git_commit(commit) for commit in (world.head("prod"), tree_of))
    snapshot = repository.create_git_commit(f"Release\n\nProdgate-Release: {tested}\n", tree.tree, [prod])
    repository.create_git_ref(f"refs/heads/release/{tested[:12]}", snapshot.sha)
    return str(snapshot.sha)


def test_a_pull_request_that_opened_on_somebody_elses_branch_is_closed(world: World) -> None:
    """GraphQL opens it although the branch could not be made, since a branch of that name was there: nothing stays."""
    branch = f"release/{taken(world)[:12]}"

    assert [message.reason for message in world.rejected] == ["branch-taken"]
    assert [(pull.state, pull.head) for pull in world.pull_requests] == [("closed", branch)]
    (comment,) = world.comments(1)
    assert comment.startswith("This branch does not hold the tree that was tested.")
    assert world.statuses(world.head(branch)) == []


@pytest.mark.parametrize("call", ["pulls/update", "issues/create-comment", "git/get-ref"])
def test_one_that_could_not_be_closed_is_closed_by_the_next_delivery(world: World, call: str) -> None:
    """Nothing that was not tested stays open under our name."""
    tested = taken(world, call)

    assert [message.reason for message in world.rejected] == ["branch-taken"]
    assert [(pull.state, pull.head) for pull in world.pull_requests] == [("closed", f"release/{tested[:12]}")]


def test_once_the_branch_is_removed_a_replay_opens_the_release(world: World) -> None:
    """That we closed it is no decision of a person's, whatever the commit on it said of itself."""
    tested = taken(world)
    world.repository.get_git_ref(f"heads/release/{tested[:12]}").delete()

    world.pass_tests(tested)
    world.settle()

    assert [pull.state for pull in world.pull_requests] == ["closed", "open"]


def test_a_persons_pull_request_of_that_branch_stays_open(world: World) -> None:
    """Nothing of it is ours; the release is refused all the same."""
    pin_posts(world)
    tested = world.head("dev")
    make_branch(world, tested, tree_of=world.commit_to_dev({"apps/posts.yaml": None}))
    world.repository.create_pull("prod", f"release/{tested[:12]}", title="Mine", body="")

    world.pass_tests(tested)
    world.settle()

    assert [message.reason for message in world.rejected] == ["branch-taken"]
    assert [(pull.state, pull.title) for pull in world.pull_requests] == [("open", "Mine")]
    assert world.comments(1) == []


def taken(world: World, failing: str = "") -> str:
    """Have somebody make the release's branch with another tree meanwhile; answer the tested commit."""
    pin_posts(world)
    tested = world.head("dev")
    theirs = world.commit_to_dev({"apps/posts.yaml": None})
    held = world.faults.hold(OPENING)
    world.pass_tests(tested)
    with held:
        make_branch(world, tested, tree_of=theirs)
        if failing:
            world.faults.fail(f"github.{failing}", times=3)  # GitHub's client tries twice more
    world.settle()
    return tested


def test_a_pull_request_opened_by_a_person_meanwhile_is_adopted(world: World) -> None:
    """There can be only one for the branch; whoever opened it, it gets the title and the body of the release."""
    pin_posts(world)
    tested = world.head("dev")
    open_one_by_one(world)
    held = world.faults.hold("github.pulls/create")
    world.pass_tests()
    with held:
        world.repository.create_pull("prod", f"release/{tested[:12]}", title="Mine", body="Was first.")
    world.settle()

    (pull,) = world.pull_requests
    assert pull.title.startswith(f"Release {tested[:12]}: ")
    assert "Every image that needs an attestation has one (1)" in pull.body
    assert {record.status for record in world.deliveries} == {204}


def test_a_release_that_a_person_merged_by_hand_meanwhile_needs_no_pull_request(world: World, logs: Logs) -> None:
    """GitHub says that there is nothing between the branches; the next look finds prod with the tested tree."""
    pin_posts(world)
    tested = world.head("dev")
    open_one_by_one(world)
    held = world.faults.hold("github.pulls/create")
    world.pass_tests()
    logs()
    with held:
        snapshot = world.head(f"release/{tested[:12]}")
        world.repository.get_git_ref("heads/prod").edit(snapshot)
    world.settle()

    assert faults(logs) == ["lost-race"]
    assert world.pull_requests == []
    assert world.rejected == []


def test_two_deliveries_of_one_completion_at_once_open_one_pull_request(world: World) -> None:
    """Both look, both find nothing, both write: the loser adopts what the winner made."""
    pin_posts(world)
    first = world.faults.hold(OPENING)
    world.cloud.pubsub.deliver_twice("projects/mdo-gate/subscriptions/attestation-complete-push")
    world.pass_tests()
    with first:
        pass
    world.settle()
    before = world.lasting_state()

    world.replay()
    world.settle()

    assert len(world.pull_requests) == 1
    assert differences(before, world.lasting_state()) == []
