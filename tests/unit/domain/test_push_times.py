"""When images were pushed: carried as an attribute, written into commits, and read from them by whoever doubts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.domain import limits
from shared.domain.envelope import Delivery
from shared.domain.image import parse_name
from shared.domain.pull_request import commit_message, released_commit, says_request
from shared.domain.push_times import (
    BroughtPushes,
    Push,
    brought_pushes,
    of_images,
    pin_trailers,
    pinned_pushes,
    push_attributes,
    pushed_at,
    release_trailers,
    released_pushes,
)
from tests.unit.domain.material import COMMIT

AT = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
MONGO = parse_name("docker.io/library/mongo")
POSTS = parse_name("us-docker.pkg.dev/mdo/apps/mdo-posts")
HOUR = timedelta(hours=1)
FIRST, LAST = Push(AT, MONGO, "7"), Push(AT + HOUR, POSTS, "v1")


def test_the_time_of_a_push_goes_along_in_whole_seconds_of_utc() -> None:
    """Pub/Sub's is finer and may have any offset; a person reads one form."""
    published = datetime(2026, 11, 26, 14, 0, 0, 999_999, tzinfo=timezone(2 * HOUR))

    attributes = push_attributes(published)

    assert attributes == {"pushed_at": "2026-11-26T12:00:00Z"}
    assert pushed_at(Delivery(b"", attributes, published=published)) == AT


@pytest.mark.parametrize("published", [None, datetime.min.replace(tzinfo=timezone(HOUR))])
def test_a_time_that_is_not_known_is_not_written(published: datetime | None) -> None:
    """A message that came without one, or with one that no calendar has in UTC."""
    assert push_attributes(published) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-26T12:00:01Z",
        "9999-12-31T23:59:59Z",
        "2026-02-31T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-11-26T12:00:00",
        "2026-11-26T12:00:00+00:00",
        "2026-11-26T12:00:00Z\n",
        "2026-11-26 12:00:00Z",
        "\uff12026-11-26T12:00:00Z",
        "2026-11-26T12:00:00Z" * 50,
    ],
)
def test_a_time_that_cannot_be_is_not_known(text: str) -> None:
    """Whoever may publish may set the attribute; no push is later than the message that follows from it."""
    assert pushed_at(Delivery(b"", {"pushed_at": text}, published=AT)) is None


def test_a_delivery_without_a_time_of_its_own_has_nothing_to_hold_the_push_against() -> None:
    """A frame without publishTime is one of tests and emulators; its commit is looked at later all the same."""
    assert pushed_at(Delivery(b"", {"pushed_at": "2026-11-26T12:00:00Z"})) == AT
    assert pushed_at(Delivery(b"", {}, published=AT)) is None


def test_a_pinning_commit_says_each_image_once_with_its_first_time() -> None:
    """Two deliveries of one push are one push."""
    lines = pin_trailers([LAST, FIRST, Push(AT + HOUR, MONGO, "7")])

    assert lines == [
        "Prodgate-Pushed: 2026-11-26T12:00:00Z docker.io/library/mongo:7",
        "Prodgate-Pushed: 2026-11-26T13:00:00Z us-docker.pkg.dev/mdo/apps/mdo-posts:v1",
    ]
    assert pinned_pushes("\n".join(["Pin 2 images", "", *lines, ""]), AT + HOUR) == (FIRST, LAST)


@pytest.mark.parametrize(
    "line",
    [
        "Prodgate-Pushed: 2026-11-26T12:00:00Z mongo:7",
        "Prodgate-Pushed: 2026-11-26T12:00:00Z docker.io/library/mongo",
        f"Prodgate-Pushed: 2026-11-26T12:00:00Z docker.io/library/mongo:7@sha256:{'a' * 64}",
        "Prodgate-Pushed: 2026-11-26T12:00:00Z docker.io/library/mongo:7 |",
        "Prodgate-Pushed: 2026-11-26T12:00:00Z docker.io/library/`@octocat`:7",
        "Prodgate-Pushed: 2026-11-26T12:00:00Z docker.io/library/m\u00f6ngo:7",
        f"Prodgate-Pushed: 2026-11-26T12:00:00Z docker.io/{'a/' * 600}b:7",
        "Prodgate-Pushed: 2026-02-31T12:00:00Z docker.io/library/mongo:7",
        "Prodgate-Pushed: 2026-11-26T12:02:00Z docker.io/library/mongo:7",
        "Prodgate-Pushed: 2026-10-26T11:59:59Z docker.io/library/mongo:7",
        " Prodgate-Pushed: 2026-11-26T12:00:00Z docker.io/library/mongo:7",
        "Prodgate-Pushed:  2026-11-26T12:00:00Z docker.io/library/mongo:7",
    ],
)
def test_a_line_that_prodgate_would_not_write_is_none(line: str) -> None:
    """Anybody who may write to dev may write one: a name that is none, a time after the commit or long before it."""
    assert pinned_pushes(f"Change it\n\n{line}\n", AT + timedelta(seconds=30)) == ()


def test_the_clocks_of_pubsub_and_github_may_differ_and_a_message_may_have_waited() -> None:
    """Neither makes a true time unknown."""
    message = "\n".join(pin_trailers([FIRST]))

    assert pinned_pushes(message, AT - timedelta(seconds=59)) == (FIRST,)
    assert pinned_pushes(message, AT + timedelta(days=limits.PUSH_DAYS)) == (FIRST,)


def test_of_one_commit_no_more_lines_are_read_than_a_release_has_images() -> None:
    """A message of a megabyte is somebody's joke."""
    lines = [f"Prodgate-Pushed: 2026-11-26T12:00:00Z docker.io/library/i{n}:7" for n in range(1100)]

    assert len(pinned_pushes("\n".join(lines), AT)) == limits.IMAGES_PER_RELEASE


def test_a_push_that_was_replaced_on_dev_is_none_that_prod_gets() -> None:
    """What was pushed in the morning and again at noon reaches prod as it was at noon."""
    early = Push(AT - HOUR, POSTS, "v1")

    assert brought_pushes([early, LAST, FIRST], or_earlier=False) == BroughtPushes(FIRST, LAST)
    assert brought_pushes([early, LAST], or_earlier=True) == BroughtPushes(LAST, LAST, or_earlier=True)
    assert brought_pushes([], or_earlier=True) is None
    assert of_images([early, FIRST], {MONGO}) == [FIRST]


@pytest.mark.parametrize("or_earlier", [False, True])
def test_a_snapshot_says_its_first_and_its_last_push(or_earlier: bool) -> None:
    """And is known again by what it releases, as before."""
    brought = BroughtPushes(FIRST, LAST, or_earlier)

    message = commit_message(COMMIT, None, brought)

    assert released_pushes(message, AT + HOUR) == brought
    assert released_commit(message) == COMMIT
    assert says_request(message, COMMIT, None)


@pytest.mark.parametrize(
    "trailers",
    [
        "",
        release_trailers(None),
        release_trailers(BroughtPushes(LAST, FIRST)),
        release_trailers(BroughtPushes(FIRST, Push(AT + 2 * HOUR, POSTS, "v1"))),
        release_trailers(BroughtPushes(FIRST, LAST)).partition("\n")[0] + "\n",
        release_trailers(BroughtPushes(FIRST, LAST)).partition("\n")[2],
        release_trailers(BroughtPushes(FIRST, LAST)).replace("docker.io", "|"),
        release_trailers(BroughtPushes(FIRST, LAST)).replace("mdo-posts:v1", "mdo-posts"),
    ],
)
def test_what_a_snapshot_cannot_have_brought_is_not_known(trailers: str) -> None:
    """The last before the first, one after the commit, one of the two missing, a name that is none."""
    assert released_pushes(f"Release\n\n{trailers}Prodgate-Release: {COMMIT}\n", AT + HOUR) is None
