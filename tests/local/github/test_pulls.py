"""Pull requests: what GitHub refuses, what a list finds, and how they follow their branches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from github import Github, GithubException

from local.github import GitHubStandIn
from tests.local.github.client import REPOSITORY, Api


@pytest.fixture
def ahead(api: Api) -> Api:
    """A repository whose dev is one commit ahead of prod."""
    api.advance("dev", {"k8s/web.yaml": "image: web:2\n"})
    return api


def test_a_new_pull_request_shows_its_two_ends(ahead: Api) -> None:
    """Open one from dev to prod."""
    pull = ahead.open_pull(draft=True)
    assert (pull["number"], pull["state"], pull["draft"], pull["mergeable"]) == (1, "open", True, True)
    assert (pull["head"]["label"], pull["head"]["sha"]) == ("mdo:dev", ahead.head("dev"))
    assert (pull["base"]["ref"], pull["base"]["sha"]) == ("prod", ahead.head("prod"))
    assert (pull["commits"], pull["changed_files"], pull["additions"]) == (1, 1, 1)
    assert pull["user"]["login"] == "prodgate-pin[bot]"


def test_a_second_one_for_the_same_branches_is_refused(ahead: Api) -> None:
    """Open it twice, the second time with a qualified head."""
    ahead.open_pull()
    again = {"title": "again", "head": "mdo:dev", "base": "prod"}
    assert ahead.refused("POST", "/pulls", again) == ["A pull request already exists for mdo:dev."]


def test_of_simultaneous_creations_exactly_one_wins(ahead: Api) -> None:
    """Open six at once."""
    body = {"title": "race", "head": "dev", "base": "prod"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ahead.response("POST", f"{REPOSITORY}/pulls", body), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[422] * 5]
    assert len(ahead.get("/pulls")) == 1


def test_without_commits_between_there_is_nothing_to_open(api: Api) -> None:
    """Open one between equal branches, and one backwards."""
    refused = api.refused("POST", "/pulls", {"title": "t", "head": "dev", "base": "prod"})
    assert refused == ["No commits between prod and dev"]
    api.advance("dev", {"README.md": "two\n"})
    backwards = {"title": "t", "head": "prod", "base": "dev"}
    assert api.refused("POST", "/pulls", backwards) == ["No commits between dev and prod"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"head": "nope"}, ["head"]),
        ({"base": "nope"}, ["base"]),
        ({"title": "x" * 257}, ["title is too long (maximum is 256 characters)"]),
        ({"body": "x" * 65_537}, ["body is too long (maximum is 65536 characters)"]),
    ],
)
def test_a_pull_request_beyond_its_limits_is_refused(ahead: Api, change: dict[str, str], words: list[str]) -> None:
    """Break one field at a time."""
    assert ahead.refused("POST", "/pulls", {"title": "t", "head": "dev", "base": "prod", **change}) == words


def test_title_and_body_may_go_to_their_limits(ahead: Api) -> None:
    """Count characters, not bytes."""
    pull = ahead.open_pull(title="é" * 256, body="é" * 65_536)
    assert (len(pull["title"]), len(pull["body"])) == (256, 65_536)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [2, 1]),
        ({"head": "mdo:dev"}, [1]),
        ({"head": "other:dev"}, []),
        ({"head": "dev"}, [2, 1]),
        ({"base": "dev"}, []),
        ({"base": "prod", "head": "mdo:release/1"}, [2]),
        ({"state": "closed"}, [3]),
        ({"state": "all"}, [3, 2, 1]),
        ({"state": "all", "sort": "created", "direction": "asc"}, [1, 2, 3]),
        ({"state": "all", "sort": "updated", "direction": "desc"}, [1, 3, 2]),
        ({"state": "all", "per_page": 2, "page": 2}, [1]),
    ],
)
def test_a_list_finds_by_head_base_and_state(ahead: Api, query: dict[str, Any], numbers: list[int]) -> None:
    """List three pull requests, the third closed, the first edited last; an unqualified head filters nothing."""
    ahead.open_pull()
    for name in ("release/1", "release/2"):
        ahead.branch(name, ahead.head("dev"))
        ahead.open_pull(head=name)
    ahead.patch("/pulls/3", {"state": "closed"})
    ahead.patch("/pulls/1", {"body": "newest"})
    assert [pull["number"] for pull in ahead.get("/pulls", **query)] == numbers


def test_an_update_changes_only_what_it_names(ahead: Api) -> None:
    """Change the title, then the body, then the base."""
    ahead.open_pull()
    ahead.branch("staging", ahead.head("prod"))
    assert ahead.patch("/pulls/1", {"title": "new"})["body"] == "why"
    assert ahead.patch("/pulls/1", {"body": ""})["title"] == "new"
    assert ahead.patch("/pulls/1", {"base": "staging"})["base"]["ref"] == "staging"
    assert ahead.refused("PATCH", "/pulls/1", {"base": "nope"}) == ["base"]
    assert ahead.refused("PATCH", "/pulls/1", {"body": "x" * 65_537})


def test_a_closed_one_can_be_opened_again_unless_another_is_open(ahead: Api) -> None:
    """Close, reopen, close, open another, and try to reopen the first."""
    ahead.open_pull()
    assert ahead.patch("/pulls/1", {"state": "closed"})["closed_at"]
    assert ahead.patch("/pulls/1", {"state": "open"})["closed_at"] is None
    ahead.patch("/pulls/1", {"state": "closed"})
    ahead.open_pull()
    assert ahead.refused("PATCH", "/pulls/1", {"state": "open"}) == ["A pull request already exists for mdo:dev."]
    assert ahead.refused("PATCH", "/pulls/1", {"state": "merged"}) == ["state"]


def test_an_open_one_follows_its_head(ahead: Api) -> None:
    """Move dev and look again."""
    ahead.open_pull()
    sha = ahead.advance("dev", {"README.md": "more\n"})
    assert ahead.get("/pulls/1")["head"]["sha"] == sha
    assert [file["filename"] for file in ahead.get("/pulls/1/files")] == ["README.md", "k8s/web.yaml"]


def test_one_whose_branch_is_gone_is_closed(ahead: Api) -> None:
    """Delete dev."""
    ahead.open_pull()
    ahead.ask("DELETE", "/git/refs/heads/dev", status=204)
    assert (ahead.get("/pulls/1")["state"], ahead.get("/pulls/1")["merged"]) == ("closed", False)


def test_one_whose_head_reached_the_base_by_a_push_is_merged(ahead: Api) -> None:
    """Fast-forward prod to dev past the pull request."""
    ahead.open_pull()
    ahead.patch("/git/refs/heads/prod", {"sha": ahead.head("dev")})
    assert ahead.get("/pulls/1")["merged"] is True


def test_a_conflict_makes_it_unmergeable(ahead: Api) -> None:
    """Change the same line on prod."""
    ahead.open_pull()
    ahead.advance("prod", {"k8s/web.yaml": "image: web:hotfix\n"})
    pull = ahead.get("/pulls/1")
    assert (pull["mergeable"], pull["mergeable_state"]) == (False, "dirty")


@pytest.mark.parametrize(("state", "word"), [("pending", "unstable"), ("failure", "unstable"), ("success", "clean")])
def test_statuses_of_the_head_show_in_the_mergeable_state(ahead: Api, state: str, word: str) -> None:
    """Set one status on the head."""
    ahead.open_pull()
    ahead.post(f"/statuses/{ahead.head('dev')}", {"state": state})
    assert ahead.get("/pulls/1")["mergeable_state"] == word


def test_labels_come_into_being_once_and_stay(ahead: Api) -> None:
    """Add labels twice, in other capitals the second time."""
    ahead.open_pull()
    ahead.ask("POST", "/issues/1/labels", {"labels": ["promotion"]})
    ahead.ask("POST", "/issues/1/labels", {"labels": ["Promotion", {"name": "risk:low"}]})
    assert [label["name"] for label in ahead.get("/pulls/1")["labels"]] == ["promotion", "risk:low"]
    assert "list of names" in ahead.refused("POST", "/issues/1/labels", {"labels": [1]})


def test_comments_are_listed_oldest_first(ahead: Api, as_account: Callable[[str], Api]) -> None:
    """Comment twice, and once too much."""
    ahead.open_pull()
    ahead.post("/issues/1/comments", {"body": "first"})
    as_account("ann-token").post("/issues/1/comments", {"body": "second"})
    comments = ahead.get("/issues/1/comments")
    assert [(one["body"], one["user"]["login"]) for one in comments] == [
        ("first", "prodgate-pin[bot]"),
        ("second", "ann"),
    ]
    assert ahead.refused("POST", "/issues/1/comments", {"body": ""}) == ["body can't be blank"]
    assert ahead.refused("POST", "/issues/1/comments", {"body": "x" * 65_537})
    assert ahead.get("/pulls/1")["comments"] == 2


@pytest.mark.parametrize("path", ["/pulls/9", "/pulls/x", "/pulls/9/files", "/issues/9/comments"])
def test_an_unknown_number_is_not_found(api: Api, path: str) -> None:
    """Ask for pull requests that nobody opened."""
    assert api.refused("GET", path, status=404) == "Not Found"


def test_pygithub_raises_both_refusals_with_their_messages(pygithub: Github, api: Api) -> None:
    """Open what has no commits, then what exists already."""
    repo = pygithub.get_repo("mdo/environments")
    with pytest.raises(GithubException, match="No commits between prod and dev") as nothing:
        repo.create_pull(base="prod", head="dev", title="t", body="b")
    api.advance("dev", {"README.md": "two\n"})
    repo.create_pull(base="prod", head="dev", title="t", body="b")
    with pytest.raises(GithubException, match="A pull request already exists for mdo:dev") as twice:
        repo.create_pull(base="prod", head="dev", title="t", body="b")
    assert (nothing.value.status, twice.value.status) == (422, 422)
    assert [pull.number for pull in repo.get_pulls(head="mdo:dev", base="prod")] == [1]


def test_teams_are_asked_by_whoever_may_see_them(hub: GitHubStandIn, ahead: Api) -> None:
    """An App without `members: read` is told of a node that cannot be resolved, and nothing more."""
    hub.add_team("mdo/environments", "release-managers")
    hub.add_token("gate[bot]", "gate-token", {"pull_requests": "write"})
    ahead.open_pull()
    by_gate = replace(ahead, token="gate-token")
    by_ann = replace(ahead, token="ann-token")
    asked = {"team_reviewers": ["release-managers"]}
    path = "/pulls/1/requested_reviewers"

    assert by_gate.refused("POST", path, asked) == [
        "Could not resolve to a node with the global id of 'T_kwDOAunseen'."
    ]
    assert "is not a collaborator" in by_ann.refused("POST", path, {"team_reviewers": ["nobody"]})
    assert [team["slug"] for team in by_ann.post(path, asked)["requested_teams"]] == ["release-managers"]


def test_a_commit_knows_the_pull_requests_that_brought_it(ahead: Api) -> None:
    """Its own commits, and what its merge made; a commit of neither has none, and no commit is refused."""
    ahead.open_pull()
    (own,) = ahead.get(f"/commits/{ahead.head('dev')}/pulls")
    merged = ahead.response("PUT", f"{REPOSITORY}/pulls/1/merge", {"merge_method": "squash"}).json()["sha"]

    (made,) = ahead.get(f"/commits/{merged}/pulls")

    assert (own["number"], made["number"], made["merge_commit_sha"]) == (1, 1, merged)
    assert made["merged_at"]
    before = ahead.get(f"/git/commits/{merged}")["parents"][0]["sha"]
    assert ahead.get(f"/commits/{before}/pulls") == []
    assert ahead.refused("GET", f"/commits/{'c' * 40}/pulls") == f"No commit found for SHA: {'c' * 40}"
