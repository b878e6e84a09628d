"""Times of pushes in commit messages: what is written is read again, and whatever else stands there does nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.domain import limits
from shared.domain.envelope import Delivery
from shared.domain.image import parse_name
from shared.domain.production import Finding, Lifetime, ProductionReport, comment
from shared.domain.pull_request import commit_message, released_commit, rollback_reason, says_request
from shared.domain.push_times import (
    Push,
    brought_pushes,
    pin_trailers,
    pinned_pushes,
    push_attributes,
    pushed_at,
    release_trailers,
    released_pushes,
)
from tests.property.github_markdown import active
from tests.property.test_readers import name, tag
from tests.unit.domain.material import COMMIT

QUICK = settings(deadline=None, max_examples=100, derandomize=True)
COMMITTED = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
LINE = f"Prodgate-Pushed: 2026-11-26T11:00:00Z docker.io/library/mongo:7\nProdgate-Release: {COMMIT}\n"
seconds = st.integers(0, limits.PUSH_DAYS * 86_400)
pushes = st.builds(
    lambda ago, image, tag: Push(COMMITTED - timedelta(seconds=ago), parse_name(image), tag), seconds, name, tag
)
zones = st.integers(-24 * 60 + 1, 24 * 60 - 1).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(timezones=zones)
wild = st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(microsecond=0))
pieces = st.sampled_from(
    ["Prodgate-Pushed: ", "Prodgate-First-Push: ", "Prodgate-Last-Push: ", "2026-11-26T11:00:00Z", "mongo:7", "\n", " "]
) | st.text(max_size=6)
messages = st.lists(pieces | st.sampled_from([LINE, "docker.io/library/mongo:7", "|", "`", "@octocat"]), max_size=14)


@QUICK
@given(st.lists(pushes, max_size=6), st.text(max_size=60))
def test_what_a_pinning_commit_says_is_read_again(told: list[Push], before: str) -> None:
    """Each image once, with its first time, whatever stands above it."""
    first = {str(push): push for push in sorted(told, key=lambda push: push.at, reverse=True)}

    found = pinned_pushes("\n".join([before, "", *pin_trailers(told)]), COMMITTED)

    assert sorted(map(str, found)) == sorted(first)
    assert set(found) == set(first.values())


@QUICK
@given(st.lists(pushes, max_size=6), st.booleans())
def test_what_a_snapshot_says_is_read_again(told: list[Push], or_earlier: bool) -> None:
    """The first is never after the last, and the message says what it releases as it did before."""
    brought = brought_pushes(told, or_earlier=or_earlier)

    message = commit_message(COMMIT, None, brought)

    assert released_pushes(message, COMMITTED) == brought
    assert brought is None or brought.first.at <= brought.last.at
    assert (released_commit(message), rollback_reason(message)) == (COMMIT, None)
    assert says_request(message, COMMIT, None)


@QUICK
@given(messages.map("".join), wild)
@example(LINE, COMMITTED)
@example(LINE, datetime.min.replace(tzinfo=UTC))
@example(LINE, datetime.max.replace(tzinfo=UTC))
def test_whatever_a_commit_says_is_a_push_that_can_have_been_or_nothing(message: str, committed: datetime) -> None:
    """Anybody who may write to dev may write it. It cannot make a line of its own, in a commit or in the comment."""
    found = pinned_pushes(message, committed)

    for push in found:
        assert timedelta(minutes=-1) <= committed - push.at <= timedelta(days=limits.PUSH_DAYS)
    brought = brought_pushes(found, or_earlier=False)
    assert release_trailers(brought).count("\n") == (0 if brought is None else 2)
    finding = Finding("smoke", passed=True, run="https://ci.example/1", at=COMMITTED)
    plain = ProductionReport("mdo/e", "gate", COMMIT, (finding,), Lifetime(COMMITTED, COMMITTED, COMMITTED), None)
    told = Lifetime(COMMITTED, COMMITTED, COMMITTED, released_pushes(message, committed) or brought)
    assert active(comment(replace(plain, lifetime=told))) == active(comment(plain))


@QUICK
@given(st.text(max_size=30) | moments.map(str) | wild.map(lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}"), moments)
def test_whatever_the_attribute_says_is_a_time_before_the_message_or_nothing(text: str, published: datetime) -> None:
    """Whoever may publish may set it."""
    at = pushed_at(Delivery(b"", {"pushed_at": text}, published=published))

    assert at is None or at <= published


@QUICK
@given(moments)
def test_a_time_goes_along_and_comes_back(published: datetime) -> None:
    """To the second; at the ends of the calendar there may be none."""
    attributes = push_attributes(published)

    at = pushed_at(Delivery(b"", attributes, published=published))

    assert (at is None) == (attributes == {})
    assert at is None or timedelta(0) <= published - at < timedelta(seconds=1)
