"""How a release pull request is dressed: labels, people, draft and texts, as configured."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from local.world.names import PERSON
from local.world.world import World
from tests.company import release_posts, small_world
from tests.conftest import Logs
from tests.workflow.test_promotion import complete_again, pull_of

DRESS = {
    "labels": ["release", "prod"],
    "reviewers": [PERSON],
    "assignees": [PERSON],
    "draft": True,
    "title": "[$repository] $verb $commit: $images",
    "body": "Read the checklist first.\n\n$summary\n\n$images\n\n$promise\n\n$runbook",
    "runbook": "https://wiki.mdo.example/release",
}


@pytest.fixture
def dressed(quiet_logging: None) -> Iterator[World]:
    """A world with everything configured."""
    with small_world(variables={"PRODGATE_PULL_REQUEST": json.dumps(DRESS)}) as fresh:
        yield fresh


def test_labels_people_draft_and_texts_are_as_configured(dressed: World) -> None:
    """Teams have their ways."""
    tested = release_posts(dressed)

    pull = dressed.repository.get_pull(pull_of(dressed, tested).number)
    assert sorted(label.name for label in pull.labels) == ["prod", "release"]
    assert [person.login for person in pull.requested_reviewers] == [PERSON]
    assert [person.login for person in pull.assignees] == [PERSON]
    assert pull.draft
    assert pull.title == f"[mdo/mdo-environments] Release {tested[:12]}: 1 image (mdo-posts v1)"
    lines = pull.body.splitlines()
    assert lines[:4] == ["<!-- prodgate:begin -->", "Read the checklist first.", "", "> [!NOTE]"]
    assert "[the runbook](https://wiki.mdo.example/release)" in pull.body
    assert "### Evidence" not in pull.body


def test_a_label_that_is_missing_is_put_on_again_and_a_reviewer_is_not_asked_again(dressed: World) -> None:
    """Labels steer other tools; people know what they did."""
    tested = release_posts(dressed)
    dressed.faults.clear()
    record = dressed.cloud.github._repositories["mdo/mdo-environments"].records.pulls
    record[1] = type(record[1])(**{f: getattr(record[1], f) for f in record[1].__slots__} | {"labels": ()})
    asked = dressed.faults.calls("github.pulls/request-reviewers")

    complete_again(dressed, tested)

    assert sorted(label.name for label in dressed.repository.get_pull(1).labels) == ["prod", "release"]
    assert dressed.faults.calls("github.pulls/request-reviewers") == asked


def test_a_reviewer_who_has_left_holds_nothing_up(quiet_logging: None, logs: Logs) -> None:
    """The release is open; that nobody was asked is in the log."""
    with small_world(variables={"PRODGATE_PULL_REQUEST": '{"reviewers":["gone"]}'}) as world:
        tested = release_posts(world)

        assert pull_of(world, tested).state == "open"
    said = [e["message"] for e in logs() if e["logging.googleapis.com/labels"].get("event") == "release.not-decorated"]
    assert len(said) == 1
    assert "is not a collaborator" in said[0]


def test_what_people_write_around_prodgates_part_stays_when_that_changes(world: World) -> None:
    """Notes of the person who reviews survive new facts too."""
    tested = release_posts(world)
    part = pull_of(world, tested).body
    world.repository.get_pull(1).edit(body=f"Approved by the board.\n\n{part}\n\n- [x] checked\n")
    world.commit_to("prod", {"apps/notes.yaml": b"kind: List\napiVersion: v1\nitems: []\n"})
    world.commit_to("prod", {"apps/notes.yaml": None})
    world.repository.get_pull(1).edit(body=world.repository.get_pull(1).body.replace("fingerprint=", "fingerprint=0"))

    complete_again(world, tested)

    body = pull_of(world, tested).body
    assert body.startswith("Approved by the board.\n\n")
