"""Merging: pinned to a SHA, refused with GitHub's words, and bound by the rules of the branch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from local.github import GitHubStandIn
from local.github.auth import Installation
from local.github.repository import Merging
from tests.local.github.client import Api

REQUIRE_QA = {
    "type": "required_status_checks",
    "parameters": {
        "required_status_checks": [{"context": "prodgate/qa"}],
        "strict_required_status_checks_policy": False,
    },
}


@pytest.fixture
def opened(api: Api) -> Api:
    """A repository with an open pull request from dev to prod."""
    api.advance("dev", {"k8s/web.yaml": "image: web:2\n"})
    api.open_pull()
    return api


def merge(api: Api, **body: str) -> str:
    """Merge the pull request and give the new head of prod."""
    answer = api.ask("PUT", "/pulls/1/merge", body)
    assert (answer["merged"], answer["message"]) == (True, "Pull Request successfully merged")
    assert answer["sha"] == api.head("prod")
    return str(answer["sha"])


def test_a_merge_has_both_parents(opened: Api) -> None:
    """Merge, and read the commit and the pull request."""
    before, dev = opened.head("prod"), opened.head("dev")
    commit = opened.get(f"/git/commits/{merge(opened, sha=dev)}")
    assert [parent["sha"] for parent in commit["parents"]] == [before, dev]
    assert commit["message"] == "Merge pull request #1 from mdo/dev\n\nRelease"
    pull = opened.get("/pulls/1")
    assert (pull["merged"], pull["state"], pull["merge_commit_sha"]) == (True, "closed", commit["sha"])
    assert pull["merged_by"]["login"] == "prodgate-pin[bot]"


def test_a_squash_has_one_parent_and_the_words_that_were_given(opened: Api) -> None:
    """Squash with a title and a message."""
    before = opened.head("prod")
    sha = merge(opened, merge_method="squash", commit_title="Release 1", commit_message="all of it")
    commit = opened.get(f"/git/commits/{sha}")
    assert [parent["sha"] for parent in commit["parents"]] == [before]
    assert commit["message"] == "Release 1\n\nall of it"


def test_another_head_than_the_pinned_one_is_not_merged(opened: Api) -> None:
    """Pin a SHA, then move dev."""
    pinned = opened.head("dev")
    opened.advance("dev", {"README.md": "late\n"})
    refused = opened.refused("PUT", "/pulls/1/merge", {"sha": pinned}, status=409)
    assert refused == "Head branch was modified. Review and try the merge again."


def test_a_conflict_or_a_closed_one_is_not_mergeable(opened: Api) -> None:
    """Merge what conflicts, then what is closed."""
    opened.advance("prod", {"k8s/web.yaml": "image: web:hotfix\n"})
    assert opened.refused("PUT", "/pulls/1/merge", {}, status=405) == "Pull Request is not mergeable"
    opened.patch("/pulls/1", {"state": "closed"})
    assert opened.refused("PUT", "/pulls/1/merge", {}, status=405) == "Pull Request is not mergeable"


def test_nothing_is_merged_twice(opened: Api) -> None:
    """Merge again."""
    merge(opened)
    assert opened.refused("PUT", "/pulls/1/merge", {}, status=405) == "Pull Request is not mergeable"
    assert opened.refused("PATCH", "/pulls/1", {"state": "open"}) == ["state"]


def test_a_draft_is_not_merged(api: Api) -> None:
    """Merge a draft."""
    api.advance("dev", {"README.md": "two\n"})
    api.open_pull(draft=True)
    assert api.get("/pulls/1")["mergeable_state"] == "draft"
    assert api.refused("PUT", "/pulls/1/merge", {}, status=405) == "Pull Request is still a draft"


def test_an_unknown_method_is_refused(opened: Api) -> None:
    """Ask for a rebase."""
    assert "rebase is not a merge method" in opened.refused("PUT", "/pulls/1/merge", {"merge_method": "rebase"})


def test_a_required_status_blocks_until_it_is_green(hub: GitHubStandIn, opened: Api) -> None:
    """Require prodgate/qa on prod, fail it, pass it, merge."""
    hub.set_rules("mdo/environments", "prod", [REQUIRE_QA])
    for _ in ("missing", "failed"):
        assert opened.get("/pulls/1")["mergeable_state"] == "blocked"
        refused = opened.refused("PUT", "/pulls/1/merge", {}, status=405)
        assert 'Required status check "prodgate/qa" is expected.' in refused
        opened.post(f"/statuses/{opened.head('dev')}", {"state": "failure", "context": "prodgate/qa"})
    opened.post(f"/statuses/{opened.head('dev')}", {"state": "success", "context": "prodgate/qa"})
    merge(opened)


def test_rules_are_empty_until_they_are_set(hub: GitHubStandIn, api: Api) -> None:
    """List the rules of prod before and after."""
    assert api.get("/rules/branches/prod") == []
    hub.set_rules("mdo/environments", "prod", [REQUIRE_QA, {"type": "deletion"}])
    assert [rule["type"] for rule in api.get("/rules/branches/prod")] == ["required_status_checks", "deletion"]
    assert api.get("/branches/prod")["protected"] is True


def test_a_protected_branch_takes_no_direct_update(hub: GitHubStandIn, opened: Api) -> None:
    """Move, delete and create refs against the rules; the pull request still goes through."""
    hub.set_rules("mdo/environments", "prod", [{"type": "pull_request"}, {"type": "deletion"}])
    hub.set_rules("mdo/environments", "frozen", [{"type": "creation"}])
    dev = opened.head("dev")
    update = opened.refused("PATCH", "/git/refs/heads/prod", {"sha": dev})
    assert "Changes must be made through a pull request." in update
    assert "Cannot delete" in opened.refused("DELETE", "/git/refs/heads/prod")
    assert "Cannot create" in opened.refused("POST", "/git/refs", {"ref": "refs/heads/frozen", "sha": dev})
    merge(opened)


def test_a_forced_update_can_be_forbidden(hub: GitHubStandIn, api: Api) -> None:
    """Move prod back, with force, before and after the rule."""
    first, second = api.head("prod"), api.advance("prod", {"README.md": "two\n"})
    hub.set_rules("mdo/environments", "prod", [{"type": "non_fast_forward"}])
    back = {"sha": first, "force": True}
    assert "Cannot force-push" in api.refused("PATCH", "/git/refs/heads/prod", back)
    assert api.head("prod") == second
    hub.set_rules("mdo/environments", "prod", [])
    api.patch("/git/refs/heads/prod", back)


def test_a_check_that_is_pinned_to_an_app_is_satisfied_by_that_app_alone(hub: GitHubStandIn, opened: Api) -> None:
    """Whoever may set a status could turn it green otherwise, and could hide the App's own by a newer one."""
    installed = Installation(77, {"statuses": "write", "contents": "read"}, ("mdo/environments",))
    hub.add_app("gate", "Iv23gate", "", installed)
    gate = hub.accounts.apps["Iv23gate"].account
    hub.accounts.add(gate, "gate-token")
    rule = {"context": "prodgate/qa", "integration_id": installed.app}
    hub.set_rules("mdo/environments", "prod", [{**REQUIRE_QA, "parameters": {"required_status_checks": [rule]}}])
    green = {"state": "success", "context": "prodgate/qa"}

    opened.post(f"/statuses/{opened.head('dev')}", green)
    assert "is expected" in opened.refused("PUT", "/pulls/1/merge", {}, status=405)

    by_gate = replace(opened, token="gate-token")
    by_gate.post(f"/statuses/{opened.head('dev')}", green)
    opened.post(f"/statuses/{opened.head('dev')}", {**green, "state": "failure"})
    merge(opened)


def test_a_strict_rule_keeps_back_what_is_behind(hub: GitHubStandIn, opened: Api) -> None:
    """A release older than prod's head must be made again on top of it."""
    parameters = {"required_status_checks": [], "strict_required_status_checks_policy": True}
    opened.advance("prod", {"other.md": "by hand\n"})
    merging = opened.get("/pulls/1")["mergeable_state"]
    hub.set_rules("mdo/environments", "prod", [{"type": "required_status_checks", "parameters": parameters}])

    assert (merging, opened.get("/pulls/1")["mergeable_state"]) == ("clean", "behind")
    assert "not up to date" in opened.refused("PUT", "/pulls/1/merge", {}, status=405)


def test_the_repository_says_how_it_may_be_merged_and_whether_the_branch_goes(hub: GitHubStandIn, opened: Api) -> None:
    """A squash that is not allowed is refused; a merged branch that is deleted is gone."""
    hub.set_merging("mdo/environments", Merging(squash=False, deletes_branch=True))

    refused = opened.refused("PUT", "/pulls/1/merge", {"merge_method": "squash"}, status=405)
    assert refused == "Squash merges are not allowed on this repository."
    merge(opened)
    assert opened.refused("GET", "/git/ref/heads/dev", status=404) == "Not Found"
