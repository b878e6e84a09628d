"""From the push to prod: the comment of confirm_prod begins when the first image of the release was pushed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from local.world.world import World
from shared.clients.github.git import Commit, Comparison
from shared.workflow.brought import pushes_between
from tests.company import POSTS, POSTS_FILE, REDIS, pin_posts, release_posts, small_world, workload
from tests.workflow.test_confirm import finish, merged
from tests.workflow.test_promotion import complete_again
from tests.workflow.test_requests import asked

MONGO: Final = "docker.io/library/mongo"  # its registry tells nobody, so the story says when it was pushed
NOW: Final = datetime.now(UTC).replace(microsecond=0)
HOUR: Final = timedelta(hours=1)
FROM_THE_COMMIT: Final = ["tested commit made", "pull request opened", "merged", "`smoke` finished in prod"]


@pytest.fixture
def two(quiet_logging: None) -> Iterator[World]:
    """A world that runs a service, and a platform image that a person announces."""
    files = {POSTS_FILE: workload("mdo-posts", f"{POSTS}:v1"), "apps/mongo.yaml": workload("mongo", f"{MONGO}:7")}
    with small_world(files) as fresh:
        yield fresh


@pytest.fixture
def classic(quiet_logging: None) -> Iterator[World]:
    """A world that promotes dev itself."""
    with small_world(variables={"PRODGATE_STRATEGY": "branch"}) as fresh:
        yield fresh


def written(at: datetime) -> str:
    """A time as attributes and commits have it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def resolved(world: World, image: str, tag: str, pushed_at: str | None, content: bytes = b"x") -> None:
    """Push an image, and have it resolved by hand: pushed then, or nobody says when."""
    digest = world.push_image(image, tag, content=content)
    world.settle()
    media_type = "application/vnd.oci.image.manifest.v1+json"
    event = {"image": image, "tag": tag, "digest": digest, "media_type": media_type}
    world.publish("image-resolved", json.dumps(event).encode(), {"pushed_at": pushed_at} if pushed_at else {})
    world.settle()


def release(world: World) -> str:
    """Test what dev has, merge it, have prod's tests pass; answer the tested commit."""
    tested = str(world.pass_tests()["commit"])
    world.settle()
    finish(world, world.merge_release(tested))
    return tested


def table(world: World, number: int) -> list[tuple[str, str]]:
    """The stages in the comment on a pull request, with their times."""
    (comment,) = world.comments(number)
    return re.findall(r"^\| (.+?) \| (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \| .+ \|$", comment, re.MULTILINE)


def shown(at: datetime) -> str:
    """A time as the comment has it."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def test_the_table_begins_when_the_registry_announced_the_push(world: World) -> None:
    """The time is Pub/Sub's own of the message of `gcr`, all the way to the comment."""
    _, commit = merged(world)

    finish(world, commit)

    announced = next(r.message.publish_time for r in world.deliveries if r.topic.endswith("/gcr"))
    assert table(world, 1)[0] == (f"push, `{POSTS}:v1`", shown(announced))
    assert [stage for stage, _ in table(world, 1)[1:]] == FROM_THE_COMMIT


def test_of_several_images_the_first_and_the_last_push_are_told(two: World) -> None:
    """Each stage is counted from the first; a push that another one replaced on dev never reached prod."""
    resolved(two, MONGO, "7", written(NOW - 9 * HOUR), b"replaced")
    resolved(two, MONGO, "7", written(NOW - 2 * HOUR), b"kept")
    pin_posts(two)

    release(two)

    first, last = table(two, 1)[:2]
    assert first == (f"first push, `{MONGO}:7`", shown(NOW - 2 * HOUR))
    assert last[0] == f"last push, `{POSTS}:v1`"
    assert "| merged | " in two.comments(1)[0]
    assert re.search(r"^\| in all \| \| 2 h \d{1,2} min \|$", two.comments(1)[0], re.MULTILINE)


def test_what_an_earlier_release_brought_is_not_brought_again(two: World) -> None:
    """The second release begins at its own push."""
    resolved(two, MONGO, "7", written(NOW - 2 * HOUR))
    pin_posts(two, b"first")
    release(two)
    pin_posts(two, b"second")

    release(two)

    assert [stage for stage, _ in table(two, 2)] == [f"push, `{POSTS}:v1`", *FROM_THE_COMMIT]


def test_a_release_of_configuration_begins_with_its_commit(world: World) -> None:
    """Nothing was pushed."""
    _, commit = merged(world)
    finish(world, commit)
    world.commit_to_dev({"apps/settings.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"})

    release(world)

    assert [stage for stage, _ in table(world, 2)] == FROM_THE_COMMIT


UNKNOWN: Final = {
    "none": None,
    "no time": "yesterday",
    "to come": written(NOW + 99 * HOUR),
    "older than Pub/Sub keeps": written(NOW - timedelta(days=60)),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_push_whose_time_is_not_known_is_not_guessed(two: World, case: str) -> None:
    """A person's message has no such attribute; a time to come, or one that Pub/Sub cannot have kept, is none."""
    pin_posts(two)
    resolved(two, MONGO, "7", None, b"first")
    release(two)
    resolved(two, MONGO, "7", UNKNOWN[case], b"second")

    release(two)

    assert [stage for stage, _ in table(two, 2)] == FROM_THE_COMMIT


def test_replaying_everything_makes_no_push_new(world: World) -> None:
    """A replay of `gcr` has a time of its own, and moves no line: no commit, no other comment."""
    _, commit = merged(world)
    finish(world, commit)
    before = world.lasting_state(), world.comments(1)

    world.replay()
    world.settle()

    assert (world.lasting_state(), world.comments(1)) == before


def test_telling_the_pushes_asks_nothing_more(world: World) -> None:
    """The snapshot's commit is read anyway, to know what was tested."""
    _, commit = merged(world)

    made = asked(world, lambda: finish(world, commit))

    assert made["github.repos/compare-commits"] == 1  # is it on prod?
    assert "github.repos/list-commits" not in made


def test_a_rollback_brings_no_push(world: World) -> None:
    """It goes back to what was pushed long ago, and takes back what was pushed since."""
    older, _ = merged(world, b"first")
    merged(world, b"second")
    complete_again(world, older, rollback={"reason": "it burns"})

    finish(world, str(world.repository.get_pull(3).merge(merge_method="merge").sha))

    assert [stage for stage, _ in table(world, 3)] == FROM_THE_COMMIT


FORGED: Final = {
    "an image that is not brought": f"Prodgate-Pushed: {written(NOW - HOUR)} docker.io/library/evil:1",
    "no name": f"Prodgate-Pushed: {written(NOW - HOUR)} {POSTS}:`|@octocat",
    "long ago": f"Prodgate-Pushed: {written(NOW - timedelta(days=400))} {POSTS}:v1",
    "to come": f"Prodgate-Pushed: {written(NOW + 99 * HOUR)} {POSTS}:v1",
    "a snapshot's first": f"Prodgate-First-Push: {written(NOW - HOUR)} {POSTS}:v1",
    "a snapshot's last": f"Prodgate-Last-Push: {written(NOW - HOUR)} {POSTS}:v1",
}


@pytest.mark.parametrize("case", FORGED)
def test_a_line_that_somebody_else_wrote_on_dev_changes_nothing(world: World, case: str) -> None:
    """An image that is not brought, a name that is none, a time that cannot be, a line that only snapshots have."""
    pin_posts(world)
    world.commit_to_dev({"README.md": b"Hello.\n"}, f"Say hello\n\n{FORGED[case]}")

    release(world)

    assert [stage for stage, _ in table(world, 1)] == [f"push, `{POSTS}:v1`", *FROM_THE_COMMIT]
    assert datetime.fromisoformat(f"{table(world, 1)[0][1]}Z") >= NOW - timedelta(minutes=1)


def test_a_time_is_for_people_and_whoever_may_write_to_dev_can_write_one(world: World) -> None:
    """What they can do with it is a wrong row in a comment; the release itself is what it was."""
    pin_posts(world)
    world.commit_to_dev({"README.md": b"Hello.\n"}, f"Hello\n\nProdgate-Pushed: {written(NOW - HOUR)} {POSTS}:forged")

    tested = release(world)

    assert table(world, 1)[0] == (f"first push, `{POSTS}:forged`", shown(NOW - HOUR))
    assert world.repository.get_pull(1).title == f"Release {tested[:12]}: 1 image (mdo-posts v1)"


def test_where_dev_itself_is_merged_its_commits_say_it(classic: World) -> None:
    """There is no snapshot; what GitHub compares is kept, so a replay asks for it no more."""
    release_posts(classic)
    commit = str(classic.repository.get_pull(1).merge(merge_method="merge").sha)

    made = asked(classic, lambda: finish(classic, commit))

    assert [stage for stage, _ in table(classic, 1)] == [f"push, `{POSTS}:v1`", *FROM_THE_COMMIT]
    again = asked(classic, lambda: finish(classic, commit))
    assert (made["github.repos/compare-commits"], again["github.repos/compare-commits"]) == (2, 1)
    release_posts(classic, b"second")
    finish(classic, str(classic.repository.get_pull(2).merge(merge_method="merge").sha))
    assert [stage for stage, _ in table(classic, 2)] == [f"push, `{POSTS}:v1`", *FROM_THE_COMMIT]


def test_commits_that_github_does_not_have_any_more_tell_nothing(classic: World) -> None:
    """A base that is gone, or a head: the comment is written without them."""
    release_posts(classic)
    commit = str(classic.repository.get_pull(1).merge(merge_method="merge").sha)
    classic.faults.fail("github.repos/compare-commits", code="NOT_FOUND", after=1)

    finish(classic, commit)

    assert [stage for stage, _ in table(classic, 1)] == FROM_THE_COMMIT


def test_a_snapshot_that_is_gone_tells_nothing(world: World) -> None:
    """Its branch was deleted, and Git's garbage collected: not even the tested commit is known then."""
    _, commit = merged(world)
    world.faults.fail("github.git/get-commit", code="NOT_FOUND", times=2)

    finish(world, commit)

    assert [stage for stage, _ in table(world, 1)] == FROM_THE_COMMIT[1:]


def test_of_more_commits_than_github_lists_the_first_push_is_one_that_is_known() -> None:
    """Whatever was pinned before the newest ones may have been pushed earlier."""
    message = f"Pin redis\n\nProdgate-Pushed: {written(NOW)} {REDIS}\n"
    commits = (Commit("c" * 40, "t" * 40, (), message, NOW),)

    whole = pushes_between(Comparison(True, "t" * 40, commits, 1))
    cut = pushes_between(Comparison(True, "t" * 40, commits, 201))

    assert whole is not None
    assert cut is not None
    assert (whole.or_earlier, cut.or_earlier) == (False, True)
    assert str(whole.first) == str(cut.first) == REDIS
