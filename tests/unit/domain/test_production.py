"""What prod's tests found: how a status remembers it, and the comment that people read."""

from __future__ import annotations

import dataclasses
import json
import shlex
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.image import parse_name
from shared.domain.production import (
    COMMENT_MARKER,
    EarlierRelease,
    Finding,
    Lifetime,
    ProductionReport,
    comment,
    describe,
    remembered,
    rollback_command,
    standing,
)
from shared.domain.push_times import BroughtPushes, Push
from tests.unit.domain.material import COMMIT

AT = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
RUN = "https://ci.example/1"
PASSED = Finding("smoke", passed=True, run=RUN, at=AT + timedelta(minutes=9, seconds=5))
FAILED = dataclasses.replace(PASSED, passed=False)
EARLIER = EarlierRelease(3, COMMIT, "qa", RUN, confirmed=True)
LIFETIME = Lifetime(AT, AT + timedelta(minutes=1), AT + timedelta(minutes=2))
POSTS = Push(AT, parse_name("ghcr.io/m/posts"), "v1")
REPORT = ProductionReport(
    repository="mdo/environments",
    project="mdo-gate",
    commit="c" * 40,
    findings=(PASSED,),
    lifetime=LIFETIME,
    earlier=None,
)


@pytest.mark.parametrize(
    "description", ["smoke passed in production", "smoke failed in production; still failed: load", "a-1 passed"]
)
def test_a_status_of_ours_is_remembered(description: str) -> None:
    """The statuses on the commit are all the memory there is."""
    name, verb = description.split()[:2]

    assert remembered(description, RUN, AT) == Finding(name, verb == "passed", RUN, AT)


@pytest.mark.parametrize("description", ["", "smoke", "smoke passedx", "Smoke passed", "smoke is fine"])
def test_a_status_about_something_else_is_not(description: str) -> None:
    """What somebody wrote by hand with our App's token is no finding."""
    assert remembered(description, RUN, AT) is None


def test_the_newest_of_each_suite_stands() -> None:
    """Given newest first, as GitHub lists them."""
    load = dataclasses.replace(FAILED, suite="load")

    assert standing([PASSED, load, FAILED]) == {"load": load, "smoke": PASSED}


def test_a_status_names_the_others_that_failed() -> None:
    """So that a pass does not look like the whole truth."""
    others = {"smoke": FAILED, "load": dataclasses.replace(FAILED, suite="load"), "a11y": PASSED}

    assert describe("smoke", passed=True, others=others) == "smoke passed in production; still failed: load"
    assert describe("smoke", passed=False, others={}) == "smoke failed in production"


def test_the_comment_says_verdict_run_and_how_long_it_took() -> None:
    """From the pin on dev to the tests in prod."""
    lines = comment(REPORT).splitlines()

    assert lines[:4] == [
        "> [!NOTE]",
        "> **In production, and its tests passed.**",
        ">",
        f"> - `smoke` passed on `{'c' * 12}`: [its run]({RUN})",
    ]
    assert "| `smoke` finished in prod | 2026-11-22 12:09:05 | 9 min 5 s |" in lines
    assert lines[-1] == COMMENT_MARKER


def rows_with(pushes: BroughtPushes | None) -> list[str]:
    """The table of a comment, without its head."""
    lifetime = dataclasses.replace(LIFETIME, pushes=pushes)
    table = [line for line in comment(dataclasses.replace(REPORT, lifetime=lifetime)).splitlines() if line[:1] == "|"]
    return table[2:]


def test_the_table_begins_at_the_first_push_that_the_release_brought() -> None:
    """From push to prod is what people want to know; each later stage is counted from there."""
    mongo = Push(AT - timedelta(hours=1), parse_name("mongo"), "7")

    rows = rows_with(BroughtPushes(mongo, POSTS))

    assert rows == [
        "| first push, `docker.io/library/mongo:7` | 2026-11-22 11:00:00 | 0 min 0 s |",
        "| last push, `ghcr.io/m/posts:v1` | 2026-11-22 12:00:00 | 1 h 0 min |",
        "| tested commit made | 2026-11-22 12:00:00 | 1 h 0 min |",
        "| pull request opened | 2026-11-22 12:01:00 | 1 h 1 min |",
        "| merged | 2026-11-22 12:02:00 | 1 h 2 min |",
        "| `smoke` finished in prod | 2026-11-22 12:09:05 | 1 h 9 min |",
        "| in all | | 1 h 9 min |",
    ]


def test_one_push_is_one_row_and_what_is_not_known_whole_is_called_so() -> None:
    """A release of more commits than were looked at may have begun earlier; one without a push begins where it did."""
    one = rows_with(BroughtPushes(POSTS, POSTS))
    cut = rows_with(BroughtPushes(POSTS, POSTS, or_earlier=True))

    assert one[0] == "| push, `ghcr.io/m/posts:v1` | 2026-11-22 12:00:00 | 0 min 0 s |"
    assert cut[0].startswith("| push that is known, `ghcr.io/m/posts:v1` |")
    assert cut[-1] == "| in all, at least | | 9 min 5 s |"
    assert rows_with(None)[0].startswith("| tested commit made |")


def test_a_stage_that_is_not_known_is_left_out_and_a_long_way_is_told_in_hours() -> None:
    """A tested commit may be gone; clocks may differ by a second."""
    late = dataclasses.replace(PASSED, at=AT + timedelta(hours=30, minutes=4))
    text = comment(
        dataclasses.replace(REPORT, findings=(late,), lifetime=Lifetime(None, AT, AT - timedelta(seconds=1)))
    )

    assert "tested commit made" not in text
    assert "| merged | 2026-11-22 11:59:59 | 0 min 0 s |" in text
    assert "| 30 h 4 min |" in text


def test_a_failure_prints_the_line_that_goes_back() -> None:
    """One line, to be pasted as it stands into any shell."""
    report = dataclasses.replace(REPORT, findings=(PASSED, FAILED), earlier=EARLIER)

    text = comment(report)

    assert text.startswith("> [!CAUTION]\n> **Its tests failed in production.**")
    assert f"```sh\n{rollback_command(report, EARLIER)}\n```" in text
    *command, message = shlex.split(rollback_command(report, EARLIER))
    assert command == ["gcloud", "pubsub", "topics", "publish", "attestation-complete", "--project=mdo-gate"]
    assert json.loads(message.removeprefix("--message=")) == {
        "repository": "mdo/environments",
        "commit": COMMIT,
        "suite": "qa",
        "run": RUN,
        "rollback": {"reason": f"smoke failed in production, see {RUN}"},
    }


@pytest.mark.parametrize(
    ("earlier", "sentence"),
    [
        (None, "There is no earlier release to go back to."),
        (EARLIER, "#3, the last release that passed its tests in prod, publish"),
        (dataclasses.replace(EARLIER, confirmed=False), "no test in prod has confirmed it, publish"),
    ],
)
def test_the_way_back_says_how_good_it_is(earlier: EarlierRelease | None, sentence: str) -> None:
    """A guess is called one."""
    assert sentence in comment(dataclasses.replace(REPORT, findings=(FAILED,), earlier=earlier))
