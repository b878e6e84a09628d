"""Replays, duplicates and late news: the same events again, in any order, change nothing."""

from __future__ import annotations

from local.world.looking import differences
from local.world.names import ATTEST, PIN, PROMOTE, RESOLVE
from local.world.world import World
from tests.company import POSTS, POSTS_FILE, USERS, USERS_FILE, pin_posts, release_posts, workload
from tests.conftest import Logs


def test_a_replay_of_every_event_changes_nothing_and_says_so(world: World, logs: Logs) -> None:
    """People replay when in doubt; each event finds its work done and leaves everything as it is."""
    release_posts(world)
    before = world.lasting_state()
    logs()

    replayed = world.replay()
    world.settle()

    assert differences(before, world.lasting_state()) == []
    ended = [entry for entry in logs() if entry["logging.googleapis.com/labels"].get("event") == "event.done"]
    assert replayed == 4
    assert len(ended) >= replayed
    assert {entry["logging.googleapis.com/labels"]["changed"] for entry in ended} == {"False"}


def test_a_replay_in_reverse_order_changes_nothing(world: World) -> None:
    """Topics keep no order, and nothing here depends on one."""
    release_posts(world)
    before = world.lasting_state()

    for record in list(reversed(world.deliveries)):
        world.publish(record.topic.rpartition("/")[2], record.data, record.attributes)
    world.settle()

    assert differences(before, world.lasting_state()) == []


def test_an_event_without_attributes_is_the_same_event(world: World) -> None:
    """A person's replay with gcloud has no attributes; they are computed, not required."""
    release_posts(world)
    before = world.lasting_state()

    for record in list(world.deliveries):
        world.publish(record.topic.rpartition("/")[2], record.data)
    world.settle()

    assert differences(before, world.lasting_state()) == []
    assert world.rejected == []


def test_events_delivered_twice_at_the_same_time_have_one_result(world: World) -> None:
    """At-least-once delivery may run the same work twice at once; one attestation, one status, one pull request."""
    for function in (RESOLVE, PIN, ATTEST, PROMOTE):
        world.cloud.pubsub.deliver_twice(function.subscription)

    tested = release_posts(world)

    assert len(world.attestations) == 1
    assert {status.context for status in world.statuses(tested)} == {"prodgate/qa"}
    assert [pull.state for pull in world.pull_requests] == ["open"]
    assert world.rejected == []
    assert world.dead_letters == []


def test_the_same_push_gathered_twice_is_committed_once(world: World) -> None:
    """Two copies of one event share a commit, and both are told that it is done."""
    world.cloud.pubsub.deliver_twice(PIN.subscription)

    pin_posts(world)

    assert [commit.commit.message.splitlines()[0] for commit in world.repository.get_commits(sha="dev")][0:2] == [
        "Pin mdo-posts:v1",
        "The Blog App",
    ]


def test_late_news_of_an_older_push_never_moves_a_line_back(world: World) -> None:
    """The registry is asked again before the commit: what the tag names now is written, whatever the event says."""
    old = world.push_image(POSTS, "v1", content=b"first")
    world.settle()
    new = world.push_image(POSTS, "v1", content=b"second")
    world.settle()
    head = world.head("dev")

    world.publish("gcr", f'{{"action":"INSERT","digest":"{POSTS}@{old}","tag":"{POSTS}:v1"}}'.encode())
    world.settle()

    assert f"{POSTS}@{new} # tag: v1".encode() in world.file(POSTS_FILE)
    assert world.head("dev") == head


def test_a_tag_moved_between_the_push_and_the_commit_is_written_as_it_is_now(world: World) -> None:
    """A retag tells nobody, so the digest of the push may be stale when the commit is made."""
    world.push_image(POSTS, "stable", content=b"second")
    world.settle()
    world.faults.fail("github.graphql", code="RATE_LIMIT_429")  # pinning starts over, a little later
    world.push_image(POSTS, "v1", content=b"first")
    now = world.retag(POSTS, "stable", "v1")

    world.settle()

    assert f"{POSTS}@{now} # tag: v1".encode() in world.file(POSTS_FILE)


def test_a_push_that_no_manifest_follows_commits_nothing(world: World) -> None:
    """Most pushes are nobody's business in this repository."""
    head = world.head("dev")

    world.push_image(USERS, "v1")
    world.settle()

    assert world.head("dev") == head
    assert world.rejected == []


def test_a_deletion_in_the_registry_changes_nothing(world: World) -> None:
    """Artifact Registry tells of deletions too; what is deployed stays pinned."""
    image = pin_posts(world)
    head = world.head("dev")

    world.publish("gcr", f'{{"action":"DELETE","digest":"{image}"}}'.encode())
    world.settle()

    assert world.head("dev") == head
    assert world.rejected == []


def test_a_line_that_cannot_carry_its_tag_is_left_as_it_is(world: World, logs: Logs) -> None:
    """In flow style there is no room for the comment, and without it the next push would not find the line."""
    inline = b"{apiVersion: v1, kind: Pod, spec: {containers: [{name: a, image: '" + f"{USERS}:v1".encode() + b"'}]}}\n"
    world.commit_to_dev({USERS_FILE: inline})

    world.push_image(USERS, "v1")
    world.settle()

    assert world.file(USERS_FILE) == inline
    why = "JSON has no comment that could carry its tag"
    said = [entry["message"] for entry in logs()]
    assert f"not pinned: {USERS_FILE} line 1: {why}" in said
    assert any(f"{USERS}:v1 is pinned nowhere; 1 place should move, and cannot" in message for message in said)


def test_a_manifest_that_cannot_be_read_does_not_stop_the_others_from_being_pinned(world: World, logs: Logs) -> None:
    """One team's broken file is its own problem until it wants to be released."""
    half = workload("users", f"{USERS}:v1") + b"---\na: [\n"
    world.commit_to_dev({"apps/broken.yaml": b"a: [", "apps/half.yaml": half, USERS_FILE: half.partition(b"---")[0]})

    digest = world.push_image(USERS, "v1")
    world.settle()

    for path in (USERS_FILE, "apps/half.yaml"):
        assert f"{USERS}@{digest} # tag: v1".encode() in world.file(path)
    assert any(entry["message"].startswith("not pinned: apps/broken.yaml line 2: it is not YAML") for entry in logs())
