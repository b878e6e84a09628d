"""Events that arrive together share one commit; each has its own outcome, and a lost race is run again."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from local.registry.lies import Lie
from local.world.names import REPOSITORY
from local.world.world import World
from shared.domain.errors import Rejected, Unavailable
from shared.domain.events import ImageResolved
from shared.domain.image import parse_name
from shared.domain.pin_commit import commit_message
from shared.domain.pinning import pin
from shared.domain.reading_back import NotAsIntendedError, edited
from shared.workflow.pin import News
from tests.company import DIGEST, POSTS, POSTS_FILE, pin_posts, small_world, workload
from tests.conftest import Logs
from tests.unit.domain.material import NAME, A, B, pod, read

HUB: Final = "docker.io/library"  # a registry that tells nobody, so that the story decides when the news comes
MINT: Final = "apps/create-installation-access-token"
MOVE: Final = "github.graphql/updateRefs"
LABELS: Final = "logging.googleapis.com/labels"
NAMES: Final = ("mongo", "postgres", "rabbitmq", "memcached", "traefik", "nats")


@pytest.fixture
def six(quiet_logging: None) -> Iterator[World]:
    """A world in which six images wait to be pinned."""
    with small_world({f"apps/{name}.yaml": workload(name, f"{HUB}/{name}:v1") for name in NAMES}) as world:
        yield world


@pytest.fixture
def rising(quiet_logging: None) -> Iterator[World]:
    """A world in which one line follows the versions of an image upwards."""
    with small_world({"apps/nats.yaml": workload("nats", f"{HUB}/nats:1.2.0 # follow: semver >=1.2 <2")}) as world:
        yield world


def announce(world: World, digests: Mapping[str, str]) -> None:
    """Publish image-resolved for images, all at once; each is v1 unless it says its tag."""
    media_type = "application/vnd.oci.image.manifest.v1+json"
    events = [
        {"image": image, "tag": tag or "v1", "digest": digest, "media_type": media_type}
        for (image, _, tag), digest in ((name.partition(":"), digest) for name, digest in digests.items())
    ]
    world.publish_together("image-resolved", [json.dumps(event).encode() for event in events])


def push_versions(world: World) -> dict[str, str]:
    """Push two versions above the line's own, whose events arrive together; answer their digests."""
    digests = {tag: world.push_image(f"{HUB}/nats", tag, content=tag.encode()) for tag in ("1.3.0", "1.4.0")}
    announce(world, {f"{HUB}/nats:{tag}": digest for tag, digest in digests.items()})
    return digests


def subjects_on_dev(world: World) -> list[str]:
    """The first lines of dev's commits since the world began, newest first."""
    subjects = [commit.commit.message.partition("\n")[0] for commit in world.repository.get_commits(sha="dev")]
    return subjects[: subjects.index("The Blog App")]


def test_six_images_that_arrive_together_are_one_commit(six: World) -> None:
    """A CI run pushes its images within a moment; dev moves once, so CI runs once."""
    digests = {f"{HUB}/{name}": six.push_image(f"{HUB}/{name}", "v1") for name in NAMES}

    announce(six, digests)
    six.settle()

    assert subjects_on_dev(six) == ["Pin 6 images"]
    for image, digest in digests.items():
        assert f"{image}@{digest} # tag: v1".encode() in six.file(f"apps/{image.rpartition('/')[2]}.yaml")


def test_a_bad_event_among_them_harms_no_other(six: World) -> None:
    """One image is gone, one registry is not ours: the others are pinned all the same."""
    digests = {f"{HUB}/{name}": six.push_image(f"{HUB}/{name}", "v1") for name in NAMES[:4]}

    announce(six, {f"{HUB}/gone": DIGEST, **digests, "ghcr.io/evil/app": DIGEST})
    six.settle()

    assert subjects_on_dev(six) == ["Pin 4 images"]
    assert sorted(message.reason for message in six.rejected) == ["unknown-image", "unknown-registry"]
    assert six.dead_letters == []


def test_a_registry_that_does_not_answer_for_one_image_holds_up_no_other(six: World) -> None:
    """Five images are pinned at once; the sixth follows with its next delivery."""
    digests = {f"{HUB}/{name}": six.push_image(f"{HUB}/{name}", "v1") for name in NAMES}
    six.faults.fail("registry.head-manifest", code="PERMISSION_DENIED")

    announce(six, digests)
    six.settle()

    assert subjects_on_dev(six)[-1] == "Pin 5 images"
    assert len(subjects_on_dev(six)) == 2
    assert sorted(record.status or 0 for record in six.deliveries) == [204] * 6 + [503]


def test_the_commit_says_what_moved_from_where_to_where(world: World) -> None:
    """A person reads in the history which image moved, and which event asked for it."""
    first = pin_posts(world, b"first").partition("@")[2]
    second = pin_posts(world, b"second").partition("@")[2]

    message = world.repository.get_commit(world.head("dev")).commit.message

    told = [r for r in world.deliveries if r.topic.endswith("/image-resolved")][-1].attributes
    trailers = f"Prodgate-Event: {told['event_id']}\nProdgate-Pushed: {told['pushed_at']} {POSTS}:v1"
    assert message.rstrip() == f"Pin mdo-posts:v1\n\n- {POSTS}:v1 {first} -> {second}\n\n{trailers}"


def test_the_commit_names_no_event_that_moved_nothing(six: World) -> None:
    """Who looks for what an event did must not find a commit of others."""
    digests = {f"{HUB}/{name}": six.push_image(f"{HUB}/{name}", "v1") for name in (NAMES[0], "nobody")}

    announce(six, digests)
    six.settle()

    message = six.repository.get_commit(six.head("dev")).commit.message
    assert message.count("Prodgate-Event: ") == 1
    assert "Prodgate-Pushed" not in message  # nobody said when, and a guess would look like knowledge


def test_the_commit_says_which_tag_a_line_left() -> None:
    """A line that follows versions changes its tag with its digest, and a person reviews both."""
    text = pod(f"{NAME}@{B} # tag: 1.4.2 follow: semver >=1") + f"    - image: {NAME}:1.4.1 # follow: semver >=1\n"
    event = ImageResolved(parse_name(NAME), "1.5.0", A, "application/vnd.oci.image.index.v1+json")
    moves = pin(read(text), {(event.image, event.tag): A}).moves

    assert commit_message(moves, [event]).splitlines()[2:4] == [
        f"- {NAME}:1.5.0 1.4.2@{B} -> {A}",
        f"- {NAME}:1.5.0 tag 1.4.1 -> {A}",
    ]


def test_the_commit_says_when_what_it_writes_was_pushed() -> None:
    """The first time of the digest that is written: neither that of a replay, nor that of a push which it replaced."""
    moves = pin(read(pod(f"{NAME}:1 # tag: 1")), {(parse_name(NAME), "1"): A}).moves
    events = [ImageResolved(parse_name(NAME), tag, digest, "a/b") for tag, digest in (("1", A), ("1", B), ("2", A))]
    at = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    times = [(events[0], at), (events[0], at + timedelta(days=1)), (events[0], at + timedelta(hours=1))]
    others = [(events[1], at - timedelta(days=1)), (events[2], at - timedelta(days=1))]

    message = commit_message(moves, events, times + others)

    assert re.findall("^Prodgate-Pushed: .*$", message, re.MULTILINE) == [
        f"Prodgate-Pushed: 2026-11-26T12:00:00Z {NAME}:1"
    ]


def test_a_tag_that_is_gone_is_wrong_for_an_old_event_and_may_be_invisible_for_a_young_one() -> None:
    """Each event of a batch has its own age: one that is young must not keep an old one alive."""
    event = ImageResolved(parse_name(NAME), "gone", A, "application/vnd.oci.image.index.v1+json")

    assert isinstance(News(event, settling=False).missing(), Rejected)
    assert isinstance(News(event, settling=True).missing(), Unavailable)


def test_a_digest_that_its_registry_cannot_show_is_not_committed(world: World) -> None:
    """HEAD says whatever it likes; the bytes are read, and held against their digest, before a line names it."""
    registry = world.cloud.registries["us-docker.pkg.dev"]
    head = world.head("dev")
    registry.lie("mdo/apps/mdo-posts", "v1", Lie.WRONG_DIGEST_HEADER)
    digest = world.push_image(POSTS, "v1")
    world.settle()
    assert world.head("dev") == head
    registry.tell_the_truth()

    world.replay()
    world.settle()

    assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)


def test_a_digest_whose_bytes_are_others_is_not_committed(world: World) -> None:
    """What does not hash to its digest would be refused by every cluster, or is somebody's attempt."""
    head = world.head("dev")
    digest = world.push_image(POSTS, "build", content=b"posts")
    world.settle()
    world.cloud.registries["us-docker.pkg.dev"].lie("mdo/apps/mdo-posts", digest, Lie.WRONG_BODY)

    world.push_image(POSTS, "v1", content=b"posts")
    world.settle()

    assert world.head("dev") == head
    assert any(record.status == 503 for record in world.deliveries if record.topic.endswith("/image-resolved"))


def test_of_versions_that_no_registry_can_show_none_is_committed(rising: World) -> None:
    """A range whose newest tag is refuted turns to the one below, and that one is read as well before dev names it."""
    head = rising.head("dev")
    made = {tag: rising.push_image(f"{HUB}/nats", tag, content=tag.encode()) for tag in ("1.3.0", "1.4.0")}
    for digest in made.values():
        rising.cloud.registries["docker.io"].lie("library/nats", digest, Lie.WRONG_BODY)

    assert push_versions(rising) == made
    rising.settle()

    assert rising.head("dev") == head
    assert {record.status for record in rising.deliveries} == {503}


def test_below_a_version_that_its_registry_cannot_show_the_next_is_pinned_once_it_was_read(rising: World) -> None:
    """The newest follows as soon as its registry shows it; what was read once is not read again."""
    rising.faults.fail("registry.get-manifest", code="PERMISSION_DENIED")

    digests = push_versions(rising)
    rising.settle()

    assert subjects_on_dev(rising) == ["Pin nats:1.4.0", "Pin nats:1.3.0"]
    assert f"{HUB}/nats@{digests['1.4.0']} # tag: 1.4.0".encode() in rising.file("apps/nats.yaml")
    assert rising.faults.calls("registry.get-manifest") == {"registry.get-manifest": 3}


def test_what_was_read_is_not_read_again_where_another_is_refuted(six: World) -> None:
    """Pinning runs again without the one, and knows what it read of the others."""
    digests = {f"{HUB}/{name}": six.push_image(f"{HUB}/{name}", "v1") for name in NAMES}
    six.faults.fail("registry.get-manifest", code="PERMISSION_DENIED")

    announce(six, digests)
    six.settle()

    assert subjects_on_dev(six)[-1] == "Pin 5 images"
    assert six.faults.calls("registry.get-manifest") == {"registry.get-manifest": 7}  # six, and the one once more


def test_a_file_that_does_not_read_back_is_left_alone_and_holds_up_no_other(
    quiet_logging: None, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own text would make every event fail for ever. No such text is known, so the verification is made to fail."""

    def never_as_intended(text: str, edits: Iterable[Any]) -> str:
        if "name: held" in text:
            raise NotAsIntendedError
        return edited(text, edits)

    monkeypatch.setattr("shared.domain.pinning.edited", never_as_intended)
    held = workload("held", f"{POSTS}:v1")
    with small_world({POSTS_FILE: workload("mdo-posts", f"{POSTS}:v1"), "apps/held.yaml": held}) as world:
        digest = world.push_image(POSTS, "v1")
        world.settle()

        assert world.file("apps/held.yaml") == held
        assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)
        assert {record.status for record in world.deliveries} == {204}
    (entry,) = [entry for entry in logs() if entry["logging.googleapis.com/labels"].get("event") == "pin.defect"]
    assert entry["severity"] == "ERROR"
    assert entry["message"].startswith("not pinned: apps/held.yaml line ")


def test_a_race_that_is_lost_is_run_again_from_the_new_head(world: World) -> None:
    """Somebody commits to dev between our look and our commit: nothing of theirs is lost, and nothing of ours."""
    held = world.faults.hold(MOVE)
    digest = world.push_image(POSTS, "v1")
    with held:
        meanwhile = world.commit_to_dev({"README.md": b"Meanwhile.\n"}, "Say what this is")
    world.settle()

    assert subjects_on_dev(world) == ["Pin mdo-posts:v1", "Say what this is"]
    assert world.repository.get_commit(world.head("dev")).parents[0].sha == meanwhile
    assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)
    assert {record.status for record in world.deliveries} == {204}


def test_a_commit_that_a_person_took_back_meanwhile_does_not_return(world: World) -> None:
    """Our commit stands on the head that was read; were the branch to follow it, what was taken back would be there."""
    good = world.head("dev")
    bad = world.commit_to_dev({"README.md": b"Bad.\n"})
    held = world.faults.hold("github.git/create-commit")
    digest = world.push_image(POSTS, "v1")
    with held:
        world.repository.get_git_ref("heads/dev").edit(good, force=True)
    world.settle()

    assert subjects_on_dev(world) == ["Pin mdo-posts:v1"]
    assert bad not in [commit.sha for commit in world.repository.get_commits(sha="dev")]
    assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)


def test_between_the_look_and_the_move_nobody_can_take_anything_back(world: World) -> None:
    """Looking and moving are one request, GitHub's: dev is reset when that is on its way, and nothing of it returns."""
    good = world.head("dev")
    bad = world.commit_to_dev({"README.md": b"Bad.\n"})
    held = world.faults.hold(MOVE)
    digest = world.push_image(POSTS, "v1")
    with held:
        world.repository.get_git_ref("heads/dev").edit(good, force=True)
    world.settle()

    assert subjects_on_dev(world) == ["Pin mdo-posts:v1"]
    assert bad not in [commit.sha for commit in world.repository.get_commits(sha="dev")]
    assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)
    assert {record.status for record in world.deliveries} == {204}


def test_a_move_whose_reply_is_lost_is_one_commit_and_no_redelivery(world: World) -> None:
    """The branch is looked at, and names our commit."""
    world.faults.lose_reply(MOVE)

    digest = pin_posts(world).partition("@")[2]

    assert subjects_on_dev(world) == ["Pin mdo-posts:v1"]
    assert f"{POSTS}@{digest} # tag: v1".encode() in world.file(POSTS_FILE)
    assert {record.status for record in world.deliveries} == {204}
    assert world.faults.calls(MOVE) == {MOVE: 1}


def test_a_move_whose_reply_is_lost_and_then_built_upon_is_not_made_again(world: World) -> None:
    """Dev names another commit by then, which holds ours: what it pins is found there."""
    world.faults.lose_reply(MOVE)
    looking = world.faults.hold("github.git/get-ref")
    world.push_image(POSTS, "v1")
    with looking:
        meanwhile = world.commit_to_dev({"README.md": b"Meanwhile.\n"}, "Say what this is")
    world.settle()

    assert subjects_on_dev(world) == ["Say what this is", "Pin mdo-posts:v1"]
    assert world.head("dev") == meanwhile
    assert {record.status for record in world.deliveries} == {204}


def test_a_move_that_never_arrives_is_made_with_the_next_delivery(world: World) -> None:
    """GitHub answered neither time, and dev is where it was."""
    world.faults.fail(MOVE, times=2)

    pin_posts(world)

    assert subjects_on_dev(world) == ["Pin mdo-posts:v1"]
    assert [record.status for record in world.deliveries].count(503) == 1


def test_a_github_that_cannot_compare_is_looked_at_and_moved(world: World, logs: Logs) -> None:
    """An old GHES: pinned all the same, and a head that is another by then is still a race that was lost."""
    world.faults.fail(MOVE, code="UNDEFINED_FIELD", times=99)
    logs()
    pin_posts(world, b"first")
    held = world.faults.hold("github.git/create-commit")
    good = world.head("dev")
    bad = world.commit_to_dev({"README.md": b"Bad.\n"})
    world.push_image(POSTS, "v1", content=b"second")
    with held:
        world.repository.get_git_ref("heads/dev").edit(good, force=True)
    world.settle()

    assert subjects_on_dev(world) == ["Pin mdo-posts:v1"] * 2
    assert bad not in [commit.sha for commit in world.repository.get_commits(sha="dev")]
    assert world.faults.calls(MOVE) == {MOVE: 1}
    said = [entry for entry in logs() if entry["message"].startswith("GitHub has no updateRefs")]
    assert [entry["severity"] for entry in said] == ["INFO"]


def test_a_commit_that_comes_after_the_look_is_a_race_that_was_lost_there_too(world: World) -> None:
    """REST refuses what would lose a commit of others; that much it can tell."""
    world.faults.fail(MOVE, code="UNDEFINED_FIELD")
    held = world.faults.hold("github.git/update-ref")
    world.push_image(POSTS, "v1")
    with held:
        world.commit_to_dev({"README.md": b"Meanwhile.\n"}, "Say what this is")
    world.settle()

    assert subjects_on_dev(world) == ["Pin mdo-posts:v1", "Say what this is"]
    assert {record.status for record in world.deliveries} == {204}


@pytest.mark.parametrize("rule", ["pull_request", "update"])
def test_a_dev_that_is_protected_says_so_and_is_pinned_once_it_is_not(world: World, logs: Logs, rule: str) -> None:
    """Nobody merges a pin by hand: a person gives the App its bypass, and the event comes again."""
    head = world.head("dev")
    world.cloud.github.set_rules(REPOSITORY, "dev", [{"type": rule}])
    logs()

    pin_posts(world)

    assert world.head("dev") == head
    said = {entry["message"] for entry in logs() if entry["severity"] == "ERROR"}
    assert len(world.dead_letters) == 1
    assert all("moving dev to" in sentence and "Repository rule violations found" in sentence for sentence in said)
    world.cloud.github.set_rules(REPOSITORY, "dev", [])
    world.publish("image-resolved", world.dead_letters[0].data)
    world.settle()
    assert subjects_on_dev(world) == ["Pin mdo-posts:v1"]


def test_a_dev_that_is_not_there_is_named(world: World, logs: Logs) -> None:
    """The question answers without a branch, and REST says whose fault that is."""
    head = world.head("dev")
    world.repository.get_git_ref("heads/dev").delete()
    logs()

    world.push_image(POSTS, "v1")
    world.settle()

    faults = {(entry[LABELS].get("fault"), entry["message"]) for entry in logs() if entry["severity"] == "ERROR"}
    assert faults == {("misconfigured", f"{REPOSITORY} has no branch dev, or this App may not read it")}
    world.repository.create_git_ref("refs/heads/dev", head)


def test_a_commit_on_dev_is_seven_requests(world: World) -> None:
    """A token, one question, the tree, the file that changed, and a write each for tree, commit and branch."""
    pin_posts(world, b"first")
    before = Counter(world.faults.calls("github."))

    pin_posts(world, b"second")

    made = Counter(world.faults.calls("github.")) - before
    once = ["graphql", "git/get-tree", "git/get-blob", "git/create-tree", "git/create-commit", "graphql/updateRefs"]
    assert made == {f"github.{name}": 1 for name in [MINT, *once]}


def test_a_tag_that_moves_while_a_race_is_lost_is_asked_for_again(world: World) -> None:
    """Every new attempt asks the registry anew, so that old news is never written late."""
    held = world.faults.hold(MOVE)
    world.push_image(POSTS, "v1", content=b"first")
    with held:
        now = world.push_image(POSTS, "v1", content=b"second")
        world.commit_to_dev({"README.md": b"Meanwhile.\n"})
    world.settle()

    assert f"{POSTS}@{now} # tag: v1".encode() in world.file(POSTS_FILE)
    assert subjects_on_dev(world) == ["Pin mdo-posts:v1", "Change the manifests"]


def test_a_branch_that_never_stands_still_is_tried_again_later(world: World) -> None:
    """After eight lost races the event goes back to Pub/Sub rather than spin until its deadline."""
    held = world.faults.hold(MOVE)
    world.push_image(POSTS, "v1")
    for nth in range(8):
        with held:
            world.commit_to_dev({"README.md": f"{nth}\n".encode()}, "Bump")
            held = world.faults.hold(MOVE)
    with held:
        pass
    world.settle()

    pins = [record.status for record in world.deliveries if record.topic.endswith("/image-resolved")]
    assert pins == [503, 204]
    assert subjects_on_dev(world) == ["Pin mdo-posts:v1", *["Bump"] * 8]
