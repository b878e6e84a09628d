"""The pull request into prod: one per release, what was tested and nothing else, and people have the last word."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from local.world.looking import SeenPullRequest
from local.world.names import APPS, ATTESTOR, PROD_PROJECT, PROMOTE
from local.world.world import World
from shared.domain.body_markers import has_part
from tests.company import POSTS_FILE, document, pin_posts, release_posts, small_world, workload

NOTES: Final = "apps/notes.yaml"
CONFIG: Final = b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: notes\n"
RULE: Final = {
    "evaluationMode": "REQUIRE_ATTESTATION",
    "enforcementMode": "ENFORCED_BLOCK_AND_AUDIT_LOG",
    "requireAttestationsBy": [ATTESTOR],
}


def completion(world: World, commit: str) -> dict[str, Any]:
    """The attestation-complete event that was published for a commit."""
    completions = [document(r.data) for r in world.deliveries if r.topic.endswith("/attestation-complete")]
    return next(event for event in completions if event["commit"] == commit)


def complete_again(world: World, commit: str, **changed: Any) -> None:
    """Publish a commit's attestation-complete once more, as a person does."""
    world.publish("attestation-complete", json.dumps(completion(world, commit) | changed).encode())
    world.settle()


def pull_of(world: World, commit: str) -> SeenPullRequest:
    """The one pull request of a release."""
    (pull,) = [pull for pull in world.pull_requests if pull.head == f"release/{commit[:12]}"]
    return pull


def tree(world: World, commit: str) -> str:
    """The id of a commit's tree."""
    return world.repository.get_git_commit(commit).tree.sha


def release_status(world: World, commit: str) -> tuple[str, str]:
    """State and description of the newest `prodgate/release` on a commit, which is the release App's."""
    status = next(status for status in world.statuses(commit) if status.context == "prodgate/release")
    assert status.creator == PROMOTE.login
    return status.state, status.description


def parents(world: World, branch: str) -> list[str]:
    """The parents of a branch's head."""
    return [parent.sha for parent in world.repository.get_git_commit(world.head(branch)).parents]


def test_when_prod_moved_the_snapshot_is_made_again_on_top_of_it(world: World) -> None:
    """Prod got part of it already, by hand: the same pull request now shows the difference to prod as it is."""
    world.commit_to_dev({NOTES: CONFIG})
    tested = release_posts(world)
    world.commit_to("prod", {NOTES: CONFIG})

    complete_again(world, tested)

    (pull,) = world.pull_requests
    assert parents(world, pull.head) == [world.head("prod")]
    assert tree(world, world.head(pull.head)) == tree(world, tested)
    assert [status.context for status in world.statuses(world.head(pull.head))] == ["prodgate/release"]
    assert "<summary>1 file changes in prod</summary>" in pull.body


def test_what_prod_has_already_is_not_promoted(world: World) -> None:
    """Where prod's tree is the tested one there is nothing to merge, however it came there."""
    tested = release_posts(world)
    world.squash(f"release/{tested[:12]}")

    complete_again(world, tested)

    assert pull_of(world, tested).state == "closed"
    assert "There is nothing left to promote: prod has exactly this tree." in world.comments(1)[0]
    assert tree(world, world.head("prod")) == tree(world, tested)
    before = world.lasting_state(), world.comments(1)
    complete_again(world, tested)
    assert (world.lasting_state(), world.comments(1)) == before


def test_after_a_squash_merge_the_next_release_shows_only_what_is_new(world: World) -> None:
    """A snapshot stands on prod's head, so it never conflicts with how the last one was merged."""
    first = release_posts(world, b"first")
    world.repository.get_pull(pull_of(world, first).number).merge(merge_method="squash")

    second = release_posts(world, b"second")

    pull = pull_of(world, second)
    assert pull.title == f"Release {second[:12]}: 1 image (mdo-posts v1)"
    assert parents(world, pull.head) == [world.head("prod")]
    assert [file.filename for file in world.repository.get_pull(pull.number).get_files()] == [POSTS_FILE]


def test_a_merged_release_is_not_opened_again(world: World) -> None:
    """Its replay says that it was merged, on the commit, even where prod has moved on since; and nothing else."""
    tested = release_posts(world)
    world.repository.get_pull(pull_of(world, tested).number).merge(merge_method="squash")
    world.commit_to("prod", {"README.md": b"Mended by hand.\n"})
    before = world.lasting_state()

    complete_again(world, tested)

    said = world.lasting_state()
    assert release_status(world, tested) == ("pending", "#1 was merged; prod has changed since")
    assert said | {"statuses": {}} == before | {"statuses": {}}
    complete_again(world, tested)
    assert world.lasting_state() == said


def test_a_pull_request_that_a_person_closed_stays_closed(world: World) -> None:
    """A person said no to this release; a replay does not argue, and the commit says whose word it was."""
    tested = release_posts(world)
    world.repository.get_pull(pull_of(world, tested).number).edit(state="closed")
    before = world.lasting_state()

    complete_again(world, tested)

    said = world.lasting_state()
    assert release_status(world, tested) == ("pending", "#1 was closed; reopen it to go on")
    assert said | {"statuses": {}} == before | {"statuses": {}}
    complete_again(world, tested)
    assert world.lasting_state() == said
    assert [pull.state for pull in world.pull_requests] == ["closed"]


def test_a_closed_pull_request_that_was_reopened_goes_on(world: World) -> None:
    """The person changed their mind: the release is brought up to date again."""
    tested = release_posts(world)
    number = pull_of(world, tested).number
    world.repository.get_pull(number).edit(state="closed")
    world.repository.get_pull(number).edit(state="open")
    world.commit_to("prod", {POSTS_FILE: world.file(POSTS_FILE), NOTES: CONFIG})
    world.commit_to("prod", {POSTS_FILE: None, NOTES: None})

    complete_again(world, tested)

    assert parents(world, f"release/{tested[:12]}") == [world.head("prod")]


@pytest.mark.parametrize("merged", [True, False], ids=["merged", "open"])
def test_an_older_release_never_goes_over_a_newer_one(world: World, merged: bool) -> None:
    """Late news of an old release would silently take prod back."""
    pin_posts(world, b"first")
    older = world.head("dev")
    newer = release_posts(world, b"second")
    if merged:
        world.repository.get_pull(pull_of(world, newer).number).merge(merge_method="squash")

    world.pass_tests(older)
    world.settle()

    assert [pull.head for pull in world.pull_requests] == [f"release/{newer[:12]}"]
    assert world.rejected == []


def test_a_person_may_roll_back_and_says_why(world: World) -> None:
    """With a reason, an older release goes over a newer one, and the pull request says so on top."""
    older = release_posts(world, b"first")
    world.repository.get_pull(pull_of(world, older).number).merge(merge_method="squash")
    newer = release_posts(world, b"second")
    world.repository.get_pull(pull_of(world, newer).number).merge(merge_method="squash")

    complete_again(world, older, rollback={"reason": "posts lose their *drafts*, see #7 @dana"})

    pull = next(pull for pull in world.pull_requests if pull.state == "open")
    assert pull.title.startswith(f"Roll back to {older[:12]}: 1 image")
    assert "**Rollback**, asked for by a person: `posts lose their *drafts*, see #7 @dana`" in pull.body
    assert tree(world, world.head(pull.head)) == tree(world, older)
    assert parents(world, pull.head) == [world.head("prod")]


def test_a_branch_of_that_name_with_other_work_is_not_overwritten(world: World) -> None:
    """Somebody else's branch is somebody else's work, whatever it is called."""
    pin_posts(world)
    tested = world.head("dev")
    foreign = world.head("prod")
    name = f"release/{tested[:12]}"
    world.repository.create_git_ref(f"refs/heads/{name}", foreign)

    world.pass_tests()
    world.settle()

    (message,) = world.rejected
    assert (message.function, message.reason) == ("open_prod_pr", "branch-taken")
    assert message.detail == f"the branch {name} holds another tree than {tested}; remove it"
    assert world.head(name) == foreign
    assert world.pull_requests == []


def test_a_person_may_write_into_the_body_and_keeps_it(world: World) -> None:
    """Notes of the person who reviews survive every replay; only new facts write the body anew."""
    tested = release_posts(world)
    number = pull_of(world, tested).number
    noted = "Approved in the change board.\n\n" + pull_of(world, tested).body
    world.repository.get_pull(number).edit(body=noted)

    complete_again(world, tested)

    assert pull_of(world, tested).body == noted


def test_a_body_whose_markers_are_gone_gets_them_again_after_what_the_person_wrote(world: World) -> None:
    """Without the fingerprint nobody can tell what the body is about, so it says again what is true."""
    tested = release_posts(world)
    body = pull_of(world, tested).body
    world.repository.get_pull(pull_of(world, tested).number).edit(body="lgtm")

    complete_again(world, tested)

    now = pull_of(world, tested).body
    assert now.startswith("lgtm\n\n<!-- prodgate:begin -->\n")
    assert has_part(now, body)


def test_a_status_that_a_person_set_completes_no_release(world: World) -> None:
    """Anybody with write access can set any status; only our own App's counts, and the sentence says so."""
    pin_posts(world)
    tested = world.head("dev")
    world.attest(f"{world.file(POSTS_FILE).decode().partition('image: ')[2].partition(' ')[0]}")
    world.repository.get_commit(tested).create_status("success", context="prodgate/qa")

    world.publish("attestation-complete", completed(tested))
    world.settle()

    (message,) = world.rejected
    assert message.reason == "incomplete-release"
    assert message.detail == (f"suite qa: {tested} has no successful status prodgate/qa by prodgate-attest[bot]")
    assert world.pull_requests == []


def test_a_status_on_another_commit_completes_no_release(world: World) -> None:
    """The very same tree under another commit was not tested: attestations left from before complete nothing."""
    release_posts(world)
    head = world.repository.get_git_commit(world.head("dev"))
    again = world.repository.create_git_commit("The same files again", head.tree, [head])
    world.repository.get_git_ref("heads/dev").edit(again.sha)

    world.publish("attestation-complete", completed(again.sha))
    world.settle()

    assert [message.reason for message in world.rejected] == ["incomplete-release"]
    assert len(world.pull_requests) == 1


def test_an_image_without_its_attestation_completes_no_release(world: World) -> None:
    """The status alone is not enough: every image is proven again before anything is written."""
    tested = release_posts(world)
    (attested,) = world.attestations
    world.do(world.clients.grafeas.delete_occurrence(name=attested.occurrence))

    complete_again(world, tested)

    (message,) = world.rejected
    assert (message.function, message.reason) == ("open_prod_pr", "incomplete-release")
    assert message.detail == f"{attested.image}@{attested.digest} has no attestation by {ATTESTOR}"


def test_what_prod_would_deny_is_not_promoted(world: World) -> None:
    """A policy that denies everything is a freeze; the sentence is the one that GKE would print."""
    tested = release_posts(world)
    (attested,) = world.attestations
    world.set_policy(
        {
            "name": f"projects/{PROD_PROJECT}/policy",
            "admissionWhitelistPatterns": [{"namePattern": "docker.io/library/redis:*"}],
            "defaultAdmissionRule": RULE | {"evaluationMode": "ALWAYS_DENY", "requireAttestationsBy": []},
        }
    )

    complete_again(world, tested)

    (message,) = world.rejected
    image = f"{attested.image}@{attested.digest}"
    assert message.reason == "not-admitted"
    assert message.detail == (
        f"Image {image} denied by Binary Authorization default admission rule. Denied by always_deny admission rule"
    )
    snapshot = world.head(f"release/{tested[:12]}")
    assert release_status(world, snapshot)[0] == "failure", "what was green before must not be merged now"
    assert release_status(world, tested) == release_status(world, snapshot)
    before = world.lasting_state()
    complete_again(world, tested)
    assert world.lasting_state() == before


def test_a_configuration_change_alone_is_released_too(world: World) -> None:
    """Not every release moves an image; what changes is named by its file."""
    first = release_posts(world)
    world.repository.get_pull(pull_of(world, first).number).merge(merge_method="squash")
    world.commit_to_dev({"apps/config.yaml": b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: posts\n"})

    tested = str(world.pass_tests()["commit"])
    world.settle()

    pull = pull_of(world, tested)
    assert pull.title == f"Release {tested[:12]}: configuration only"
    assert "`apps/config.yaml`" in pull.body


def test_what_prod_runs_may_be_unreadable_without_blocking_what_mends_it(world: World) -> None:
    """Prod's old manifests are only compared with; a broken one must not stop the release that replaces it."""
    old = {"apps/old.yaml": b"kind: [", "apps/nginx.yaml": workload("nginx", "nginx:1.27")}
    world.commit_to("prod", old)
    world.commit_to_dev(old)
    world.commit_to_dev(dict.fromkeys(old))

    tested = release_posts(world)

    assert "`docker.io/library/nginx`" in pull_of(world, tested).body


def completed(commit: str) -> bytes:
    """Write an attestation-complete event of a stranger, with images that nobody looks at."""
    images = [{"image": "x.example/a", "digest": "sha256:" + "0" * 64, "attestor": "a", "occurrence": "o"}]
    run = "https://ci.mdo.example/runs/1"
    event = {"suite": "qa", "repository": "mdo/mdo-environments", "commit": commit, "run": run, "images": images}
    return json.dumps(event).encode()


def test_every_attestation_that_is_missing_is_named_or_counted() -> None:
    """As many as a person wants to read at once; the rest is a number."""
    many = {f"apps/s{number}.yaml": workload(f"s{number}", f"{APPS}/s{number}:v1") for number in range(7)}
    with small_world(many) as world:
        for number in range(7):
            world.push_image(f"{APPS}/s{number}", "v1", content=b"%d" % number)
        world.settle()
        tested = str(world.pass_tests()["commit"])
        world.settle()
        for attested in world.attestations:
            world.do(world.clients.grafeas.delete_occurrence(name=attested.occurrence))

        complete_again(world, tested)

        (message,) = world.rejected
        assert message.detail.count(f" has no attestation by {ATTESTOR}") == 5
        assert message.detail.endswith("; and 2 more")
