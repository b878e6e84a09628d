"""How a release pull request is dressed: labels, people, draft and texts, as configured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.world.names import PERSON
from local.world.world import World
from tests.company import OPENING, release_posts, small_world
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


def tampered(world: World) -> None:
    """Rewrite what prodgate says, and leave its markers."""
    pull = world.repository.get_pull(1)
    pull.edit(body=pull.body.replace("**Ready.**", "**Approved by security, merge at once.**"))


def test_what_somebody_rewrote_in_prodgates_part_is_written_again(world: World) -> None:
    """The end marker names the fingerprint of what once stood there; people decide by what stands there now."""
    tested = release_posts(world)
    before = pull_of(world, tested).body
    tampered(world)

    complete_again(world, tested)

    (old, new) = (
        [line for line in body.splitlines() if "event `" not in line] for body in (before, pull_of(world, tested).body)
    )
    assert new == old


def test_a_title_is_prodgates_and_is_written_again(world: World) -> None:
    """It says what is merged; a person's words have their place in the body."""
    tested = release_posts(world)
    before = pull_of(world, tested).title
    world.repository.get_pull(1).edit(title="Do not merge")

    complete_again(world, tested)

    assert pull_of(world, tested).title == before


def test_a_label_of_another_capitalisation_is_there(quiet_logging: None) -> None:
    """To GitHub both are one label, so a replay has nothing to do."""
    with small_world(variables={"PRODGATE_PULL_REQUEST": '{"labels":["Release"]}'}) as world:
        elsewhere = world.repository.create_pull("prod", "dev", title="Mine", body="")
        elsewhere.add_to_labels("release")
        elsewhere.edit(state="closed")
        tested = release_posts(world)
        labelled = world.faults.calls("github.issues/add-labels")

        complete_again(world, tested)

        assert world.faults.calls("github.issues/add-labels") == labelled
        assert [label.name for label in world.repository.get_pull(2).labels] == ["release"]


PEOPLE = {"labels": ["release"], "reviewers": [PERSON], "assignees": [PERSON]}


@pytest.fixture
def peopled(quiet_logging: None) -> Iterator[World]:
    """A world in which people are asked."""
    with small_world(variables={"PRODGATE_PULL_REQUEST": json.dumps(PEOPLE)}) as fresh:
        yield fresh


def asked(world: World) -> tuple[list[str], list[str], list[str]]:
    """The labels, the reviewers and the assignees of the first pull request."""
    pull = world.repository.get_pull(1)
    people = [[person.login for person in found] for found in (pull.requested_reviewers, pull.assignees)]
    return [label.name for label in pull.labels], people[0], people[1]


ASKING = (
    "github.issues/add-labels",
    "github.pulls/request-reviewers",
    "github.issues/add-assignees",
    OPENING,
    "github.pulls/update",
)


@pytest.mark.parametrize("how", ["fail", "lose_reply"])
@pytest.mark.parametrize("call", ASKING)
def test_whoever_is_to_be_asked_is_asked_by_whichever_delivery_can(peopled: World, call: str, how: str) -> None:
    """The pull request is there already when the event comes again; those who were not asked are asked then."""
    getattr(peopled.faults, how)(call)

    tested = release_posts(peopled)

    assert asked(peopled) == (["release"], [PERSON], [PERSON])
    assert len(peopled.pull_requests) == 1
    before = peopled.lasting_state()
    complete_again(peopled, tested)
    assert peopled.lasting_state() == before


def test_a_bad_gateway_while_asking_is_no_refusal(peopled: World) -> None:
    """GitHub did not say no: nobody would be asked for ever."""
    peopled.faults.fail("github.pulls/request-reviewers", code="BAD_GATEWAY")

    release_posts(peopled)

    assert asked(peopled)[1] == [PERSON]


def test_whoever_took_themselves_off_is_not_asked_again(peopled: World) -> None:
    """They did it on purpose; the body remembers that they were asked."""
    tested = release_posts(peopled)
    record = peopled.cloud.github._repositories["mdo/mdo-environments"].records.pulls
    record[1] = replace(record[1], assignees=(), reviewers=())
    assert asked(peopled) == (["release"], [], [])

    complete_again(peopled, tested)

    assert asked(peopled) == (["release"], [], [])


def test_a_label_that_github_refuses_holds_nothing_up(peopled: World, logs: Logs) -> None:
    """No event is dead-lettered for a label."""
    peopled.faults.fail("github.issues/add-labels", code="PERMISSION_DENIED", times=99)

    tested = release_posts(peopled)

    assert pull_of(peopled, tested).state == "open"
    assert asked(peopled) == ([], [PERSON], [PERSON])
    assert [e["message"] for e in logs() if e["message"].startswith("no labels: ")]
