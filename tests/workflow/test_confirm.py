"""After the merge: what prod's tests found stands on the commit that prod runs, and on its pull request."""

from __future__ import annotations

import json
import re
import time

import pytest
import requests

from local.world.names import CONFIRM, REPOSITORY
from local.world.world import World
from tests.company import POSTS, release_posts, small_world
from tests.conftest import Logs
from tests.workflow.test_promotion import complete_again

RUN = "https://ci.mdo.example/prod/1"
OTHER_RUN = "https://ci.mdo.example/prod/2"


def merged(world: World, content: bytes = b"posts", how: str = "merge") -> tuple[str, str]:
    """Release and merge; answer the tested commit, and the one that prod runs."""
    tested = release_posts(world, content)
    return tested, world.merge_release(tested, how)


def finish(world: World, commit: str, **changed: str) -> None:
    """Have prod's CI say what it found, and let that be worked off."""
    world.finish_prod_tests(commit, **changed)
    world.settle()


def production(world: World, commit: str) -> list[tuple[str, str]]:
    """State and description of every status of ours on a commit of prod, newest first."""
    found = [s for s in world.statuses(commit) if s.context == "prodgate/production"]
    assert {s.creator for s in found} <= {CONFIRM.login}
    return [(s.state, s.description) for s in found]


@pytest.mark.parametrize("how", ["merge", "squash"])
def test_a_release_that_passed_in_prod_says_so_on_its_commit_and_its_pull_request(world: World, how: str) -> None:
    """Whoever merged sees, without leaving the page, that it works, and how long the way took."""
    _, commit = merged(world, how=how)

    finish(world, commit)

    assert production(world, commit) == [("success", "smoke passed in production")]
    (comment,) = world.comments(1)
    assert comment.startswith("> [!NOTE]\n> **In production, and its tests passed.**\n")
    assert f"`smoke` passed on `{commit[:12]}`: [its run]({RUN})" in comment
    stages = re.findall(r"^\| (.+?) \| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| \d+ min \d+ s \|$", comment, re.MULTILINE)
    begin = f"push, `{POSTS}:v1`"
    assert stages == [begin, "tested commit made", "pull request opened", "merged", "`smoke` finished in prod"]
    assert re.search(r"^\| in all \| \| \d+ min \d+ s \|$", comment, re.MULTILINE)
    assert "gcloud" not in comment


def test_a_replay_leaves_status_and_comment_as_they_are(world: World, logs: Logs) -> None:
    """The run is found on the commit, the comment on the pull request."""
    _, commit = merged(world)
    finish(world, commit)
    before = world.lasting_state(), world.comments(1), world.statuses(commit)
    logs()

    finish(world, commit)

    assert (world.lasting_state(), world.comments(1), world.statuses(commit)) == before
    (done,) = [e for e in logs() if e["logging.googleapis.com/labels"].get("event") == "event.done"]
    assert done["logging.googleapis.com/labels"]["changed"] == "False"


def test_a_failure_says_so_in_the_same_place_with_the_line_that_rolls_back(world: World) -> None:
    """At 3 a.m. nobody looks a command up: it is there, with the last release that prod's tests confirmed."""
    good, confirmed = merged(world, b"good")
    finish(world, confirmed)
    _, unconfirmed = merged(world, b"never confirmed")
    _, bad = merged(world, b"bad")

    finish(world, bad, verdict="failed", run=OTHER_RUN)

    assert production(world, bad) == [("failure", "smoke failed in production")]
    (comment,) = world.comments(3)
    assert comment.startswith("> [!CAUTION]\n> **Its tests failed in production.**\n")
    assert "To go back to #1, the last release that passed its tests in prod," in comment
    command = re.search(r"```sh\n(.+)\n```", comment)
    assert command is not None
    assert command[1].startswith("gcloud pubsub topics publish attestation-complete --project=mdo-gate --message='{")
    event = json.loads(command[1].partition("--message=")[2].strip("'"))
    assert (event["commit"], event["suite"]) == (good, "qa")
    assert event["rollback"] == {"reason": f"smoke failed in production, see {OTHER_RUN}"}
    assert unconfirmed != bad


def test_the_line_that_rolls_back_does(world: World) -> None:
    """What the comment prints, published as it stands, opens the pull request of the older release."""
    good, confirmed = merged(world, b"good")
    finish(world, confirmed)
    _, bad = merged(world, b"bad")
    finish(world, bad, verdict="failed")
    message = re.search(r"--message='(.+)'", world.comments(2)[0])
    assert message is not None

    world.publish("attestation-complete", message[1].encode())
    world.settle()

    (pull,) = [pull for pull in world.pull_requests if pull.state == "open"]
    assert pull.title.startswith(f"Roll back to {good[:12]}: 1 image")


def test_without_a_confirmed_release_the_one_before_is_offered_as_what_it_is(world: World) -> None:
    """Nobody tested it in prod; it is still the best guess, and called one."""
    good, _ = merged(world, b"good")
    _, bad = merged(world, b"bad")

    finish(world, bad, verdict="failed")

    (comment,) = world.comments(2)
    assert "To go back to #1, the release before this one; no test in prod has confirmed it," in comment
    assert good in comment


def test_the_first_release_has_nothing_to_go_back_to(world: World) -> None:
    """No line is better than one that does not work."""
    _, bad = merged(world)

    finish(world, bad, verdict="failed")

    assert "There is no earlier release to go back to." in world.comments(1)[0]


def test_a_suite_that_passes_does_not_turn_green_what_another_one_found(world: World) -> None:
    """Two suites share one status; it is green only when none of them is red."""
    _, commit = merged(world)
    finish(world, commit, verdict="failed")

    finish(world, commit, suite="load", run=OTHER_RUN)

    assert production(world, commit)[0] == ("failure", "load passed in production; still failed: smoke")
    (comment,) = world.comments(1)
    assert "`load` passed" in comment
    assert "`smoke` failed" in comment


def test_a_suite_that_passes_at_its_second_run_turns_green(world: World) -> None:
    """The first run's failure stays on the page; what counts is the newest of each suite. One comment tells it."""
    _, commit = merged(world)
    finish(world, commit, verdict="failed")

    finish(world, commit, run=OTHER_RUN)

    assert production(world, commit) == [
        ("success", "smoke passed in production"),
        ("failure", "smoke failed in production"),
    ]
    (comment,) = world.comments(1)
    assert comment.startswith("> [!NOTE]")


def test_a_commit_that_no_pull_request_brought_gets_its_status_only(world: World, logs: Logs) -> None:
    """Somebody pushed to prod by hand; its tests say something all the same."""
    commit = world.commit_to("prod", {"README.md": b"By hand.\n"})

    finish(world, commit)

    assert production(world, commit) == [("success", "smoke passed in production")]
    assert "no pull request was merged as this commit" in " ".join(entry["message"] for entry in logs())


REJECTED = {
    "another repository": ({"repository": "mdo/other"}, "unknown-repository"),
    "an unknown commit": ({"commit": "c" * 40}, "unknown-commit"),
    "the tested commit": ({}, "not-on-prod"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_what_prod_does_not_run_is_rejected_and_marks_nothing(world: World, case: str) -> None:
    """A green status on the wrong commit would be the last good release of somebody's next bad night."""
    changed, reason = REJECTED[case]
    tested = release_posts(world)

    finish(world, changed.get("commit", tested), **{k: v for k, v in changed.items() if k != "commit"})

    (message,) = world.rejected
    assert (message.function, message.reason) == ("confirm_prod", reason)
    assert production(world, tested) == []


def test_a_young_event_about_a_commit_that_is_not_there_yet_is_retried() -> None:
    """GitHub may show a merge a little later than it tells CI."""
    with small_world(settling_s=300) as world:
        world.faults.fail("github.repos/compare-commits", code="NOT_FOUND", times=1)

        finish(world, world.head("prod"))

        assert production(world, world.head("prod"))
        assert 503 in [record.status for record in world.deliveries]


@pytest.mark.parametrize(
    "method",
    [
        "github.repos/compare-commits",
        "github.repos/list-commit-statuses-for-ref",
        "github.repos/list-pull-requests-associated-with-commit",
        "github.issues/list-comments",
        "github.repos/create-commit-status",
        "github.issues/create-comment",
    ],
)
def test_whatever_fails_once_is_there_once_in_the_end(world: World, method: str) -> None:
    """Each call refused once, and each reply lost once: one status, one comment."""
    _, commit = merged(world)
    world.faults.fail(method, code="PERMISSION_DENIED")
    finish(world, commit)
    world.faults.lose_reply(method)

    finish(world, commit, run=OTHER_RUN)

    assert [state for state, _ in production(world, commit)] == ["success", "success"]
    assert len(world.comments(1)) == 1
    assert world.dead_letters == []


def test_somebody_elses_status_and_comment_are_not_ours(world: World) -> None:
    """Anybody may set the context and copy the marker; neither is taken for what confirm_prod said."""
    _, commit = merged(world)
    world.repository.get_commit(commit).create_status(
        "success", target_url=RUN, description="smoke passed in production", context="prodgate/production"
    )
    world.repository.get_pull(1).create_issue_comment("<!-- prodgate:production:v1 -->")

    finish(world, commit)

    (ours,) = [s for s in world.statuses(commit) if s.creator == CONFIRM.login]
    assert ours.state == "success"
    assert len(world.comments(1)) == 2


def say_elsewhere(world: World, commit: str, state: str, description: str, run: str) -> None:
    """Set a status as another instance of confirm_prod does."""
    requests.post(
        f"{world.cloud.github.url}/repos/{REPOSITORY}/statuses/{commit}",
        json={"context": "prodgate/production", "state": state, "description": description, "target_url": run},
        headers={"Authorization": f"Bearer {world.steal_token(CONFIRM)}"},
        timeout=10,
    ).raise_for_status()


def test_a_suite_that_failed_while_another_one_was_about_to_pass_keeps_the_commit_red(world: World) -> None:
    """Between look and word another instance says that smoke failed: the last word must not be a success for good."""
    _, commit = merged(world)
    held = world.faults.hold("github.repos/create-commit-status")
    world.finish_prod_tests(commit, suite="load", run=OTHER_RUN)
    with held:
        say_elsewhere(world, commit, "failure", "smoke failed in production", RUN)
    world.settle()

    assert production(world, commit)[0] == ("failure", "load passed in production; still failed: smoke")
    assert world.comments(1)[0].startswith("> [!CAUTION]")


def test_a_last_word_that_is_not_true_is_mended_by_a_replay(world: World) -> None:
    """A crash between the word and the second look leaves a lie; the next delivery of either event finds it."""
    _, commit = merged(world)
    finish(world, commit, verdict="failed")
    say_elsewhere(world, commit, "success", "load passed in production", OTHER_RUN)

    finish(world, commit, verdict="failed")

    newest, *earlier = production(world, commit)
    assert newest == ("failure", "load passed in production; still failed: smoke")
    assert len(earlier) == 2
    finish(world, commit, suite="load", run=OTHER_RUN)
    assert production(world, commit) == [newest, *earlier]


def test_two_suites_that_finish_together_are_worked_off_one_after_the_other(world: World) -> None:
    """Within the one instance the second sees what the first one said: two words, one comment, and it is red."""
    _, commit = merged(world)
    held = world.faults.hold("github.repos/create-commit-status")
    world.finish_prod_tests(commit, suite="load", run=OTHER_RUN)
    with held:
        world.finish_prod_tests(commit, verdict="failed")
        time.sleep(0.3)  # the second event arrives, and has all the time it takes to speak out of turn
    world.settle()

    assert [state for state, _ in production(world, commit)] == ["failure", "success"]
    assert len(world.comments(1)) == 1
    assert world.comments(1)[0].startswith("> [!CAUTION]")


def test_a_status_that_github_does_not_list_yet_is_not_said_again(world: World) -> None:
    """GitHub's list may lag behind our own word."""
    _, commit = merged(world)
    world.faults.hide("github.repos/list-commit-statuses-for-ref", "smoke passed", times=1, after=1)

    finish(world, commit)

    assert production(world, commit) == [("success", "smoke passed in production")]


def test_where_others_are_always_faster_the_event_comes_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delivery says so many words and no more; what it could not make sure of, the next one does."""
    monkeypatch.setattr("shared.workflow.confirm._MOST_WORDS", 0)
    _, commit = merged(world)

    finish(world, commit)

    assert [record.status for record in world.deliveries if record.topic.endswith("finished")] == [503, 204]
    assert production(world, commit) == [("success", "smoke passed in production")]


def warnings(logs: Logs) -> list[str]:
    """What the log says about prod's tests."""
    entries = [entry for entry in logs() if entry["severity"] == "WARNING"]
    event = "release.prod-tests-failed"
    return [e["message"] for e in entries if e["logging.googleapis.com/labels"].get("event") == event]


def test_a_failure_of_a_commit_that_no_pull_request_brought_is_in_the_log_with_the_way_back(
    world: World, logs: Logs
) -> None:
    """Somebody pushed to prod by hand and it burns: there is no page to say so, and people must hear of it."""
    good, confirmed = merged(world, b"good")
    finish(world, confirmed)
    commit = world.commit_to("prod", {"README.md": b"By hand.\n"})
    logs()

    finish(world, commit, verdict="failed")

    (said,) = warnings(logs)
    assert said.startswith(
        f"smoke failed on {commit}. To go back to #1, the last release that passed its tests in prod,"
    )
    assert "publish: gcloud pubsub topics publish attestation-complete" in said
    assert good in said


def test_a_failure_of_a_release_is_in_the_log_too(world: World, logs: Logs) -> None:
    """An alert reads the log, not pages."""
    _, bad = merged(world)
    logs()

    finish(world, bad, verdict="failed")

    assert warnings(logs) == [f"smoke failed on {bad}. There is no earlier release to go back to."]


def test_a_rollback_that_fails_is_not_answered_with_itself(world: World) -> None:
    """The older release passed when it was new; now its tree fails, and the one in between failed before."""
    older, confirmed = merged(world, b"first")
    finish(world, confirmed)
    newer, failed = merged(world, b"second")
    finish(world, failed, verdict="failed")
    complete_again(world, older, rollback={"reason": "it burns"})
    back = str(world.repository.get_pull(3).merge(merge_method="merge").sha)

    finish(world, back, verdict="failed", run=OTHER_RUN)

    (comment,) = world.comments(3)
    assert "There is no earlier release to go back to." in comment
    assert (older in comment, newer in comment) == (False, False)


def test_the_way_back_asks_for_a_suite_that_the_attester_said(world: World) -> None:
    """Anybody who may write can set a status called prodgate/…, with a link of their own."""
    good, confirmed = merged(world, b"good")
    finish(world, confirmed)
    world.repository.get_commit(good).create_status(
        "success", target_url="https://evil.example/x", context="prodgate/zzz"
    )
    world.repository.create_git_ref("refs/heads/hotfix", world.head("prod"))
    hotfix = world.commit_to("hotfix", {"README.md": b"By hand.\n"})
    world.repository.get_commit(hotfix).create_status("success", target_url=RUN, context="prodgate/zzz")
    finish(world, str(world.repository.create_pull("prod", "hotfix", title="Hotfix", body="").merge().sha))
    world.commit_to_dev({"README.md": b"By hand.\n"})
    _, bad = merged(world, b"bad")

    finish(world, bad, verdict="failed")

    (comment,) = world.comments(3)
    assert "To go back to #1, the last release that passed its tests in prod," in comment
    assert '"suite":"qa"' in comment
    assert "evil.example" not in comment


def many_pull_requests(world: World) -> None:
    """Open and close more pull requests into prod than one page of a list has."""
    prod = world.repository.get_git_commit(world.head("prod"))
    for number in range(51):
        commit = world.repository.create_git_commit(f"c{number}", prod.tree, [prod])
        world.repository.create_git_ref(f"refs/heads/f{number}", commit.sha)
        world.repository.create_pull("prod", f"f{number}", title="t", body="").edit(state="closed")


def test_however_many_pull_requests_there_were_releases_are_found(world: World) -> None:
    """The merged one for its comment, the one before it to go back to, and both by whatever is older."""
    older, _ = merged(world, b"first")
    newer, commit = merged(world, b"second")
    waiting = release_posts(world, b"third")
    world.repository.get_pull(3).edit(state="closed")
    many_pull_requests(world)
    newest = release_posts(world, b"fourth")

    finish(world, commit, verdict="failed")
    assert f'"commit":"{older}"' in world.comments(2)[0]
    many = len(world.pull_requests)
    complete_again(world, older)
    complete_again(world, waiting)

    assert len(world.pull_requests) == many
    assert newest != newer
