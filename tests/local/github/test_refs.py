"""Refs: look-up, creation, fast-forward rules, deletion, and the race of two updates."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from github import Github, UnknownObjectException

from tests.local.github.client import REPOSITORY, Api


def test_a_ref_shows_the_commit_that_it_points_to(api: Api) -> None:
    """Read dev."""
    ref = api.get("/git/ref/heads/dev")
    assert ref["ref"] == "refs/heads/dev"
    assert ref["url"] == f"{api.url}{REPOSITORY}/git/refs/heads/dev"
    assert ref["object"]["type"] == "commit"


@pytest.mark.parametrize(
    "name", ["heads/nope", "heads/dev~1", "heads/dev^{tree}", "heads/a b", "heads/..", "heads/dev:"]
)
def test_a_ref_that_does_not_exist_is_not_found(api: Api, name: str) -> None:
    """Ask for names, revision expressions among them, that are no ref."""
    assert api.refused("GET", f"/git/ref/{name}", status=404) == "Not Found"


def test_matching_refs_are_listed_by_prefix(api: Api) -> None:
    """Create two release branches and list them."""
    for name in ("release/b", "release/a"):
        api.branch(name, api.head("dev"))
    matching = api.get("/git/matching-refs/heads/release/")
    assert [ref["ref"] for ref in matching] == ["refs/heads/release/a", "refs/heads/release/b"]
    assert api.get("/git/matching-refs/heads/nope") == []


def test_an_existing_ref_is_not_created_again(api: Api) -> None:
    """Create dev once more."""
    refused = api.refused("POST", "/git/refs", {"ref": "refs/heads/dev", "sha": api.head("dev")})
    assert refused == "Reference already exists"


@pytest.mark.parametrize("verb", ["POST", "PATCH"])
def test_a_ref_to_nothing_is_refused(api: Api, verb: str) -> None:
    """Name a SHA that no object has."""
    path = "/git/refs" if verb == "POST" else "/git/refs/heads/dev"
    assert api.refused(verb, path, {"ref": "refs/heads/new", "sha": "1" * 40}) == "Object does not exist"


@pytest.mark.parametrize("name", ["main", "heads/main", "refs/main", "refs/heads/a..b", "refs/heads/a b"])
def test_a_malformed_name_is_refused(api: Api, name: str) -> None:
    """Create refs whose names git or GitHub would not take."""
    refused = api.refused("POST", "/git/refs", {"ref": name, "sha": api.head("dev")})
    assert refused == f"{name} is not a valid ref name."


def test_a_shortened_sha_is_refused(api: Api) -> None:
    """Move dev to an abbreviation."""
    assert "exactly 40 characters" in api.refused("PATCH", "/git/refs/heads/dev", {"sha": api.head("dev")[:7]})


def test_a_missing_field_is_refused_by_its_name(api: Api) -> None:
    """Leave the sha out."""
    assert '"sha" wasn\'t supplied' in api.refused("POST", "/git/refs", {"ref": "refs/heads/new"})


def test_an_update_that_is_no_fast_forward_needs_force(api: Api) -> None:
    """Move dev back to its first commit, without force and with it."""
    first = api.head("dev")
    api.advance("dev", {"README.md": "two\n"})
    assert api.refused("PATCH", "/git/refs/heads/dev", {"sha": first}) == "Update is not a fast forward"
    api.patch("/git/refs/heads/dev", {"sha": first, "force": True})
    assert api.head("dev") == first


def test_an_update_of_a_missing_ref_is_refused(api: Api) -> None:
    """Move a branch that nobody created."""
    refused = api.refused("PATCH", "/git/refs/heads/nope", {"sha": api.head("dev")})
    assert refused == "Reference does not exist"


def test_a_deleted_ref_is_gone(api: Api) -> None:
    """Delete a branch twice."""
    api.branch("topic", api.head("dev"))
    api.ask("DELETE", "/git/refs/heads/topic", status=204)
    assert api.refused("DELETE", "/git/refs/heads/topic") == "Reference does not exist"


def test_of_simultaneous_updates_from_one_commit_exactly_one_wins(as_account: Callable[[str], Api], api: Api) -> None:
    """Move dev to eight siblings at once."""
    parent = api.head("dev")
    siblings = [api.commit({"README.md": f"{number}\n"}, parent) for number in range(8)]
    move = "/repos/mdo/environments/git/refs/heads/dev"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda sha: api.response("PATCH", move, {"sha": sha}), siblings))
    won = [sha for sha, answer in zip(siblings, answers, strict=True) if answer.status_code == 200]
    lost = {answer.json()["message"] for answer in answers if answer.status_code == 422}
    assert won == [api.head("dev")]
    assert lost == {"Update is not a fast forward"}


def test_pygithub_edits_a_ref_that_it_read(pygithub: Github, api: Api) -> None:
    """Move dev with PyGithub, whose PATCH follows the `url` of the answer."""
    sha = api.commit({"README.md": "three\n"}, api.head("dev"))
    pygithub.get_repo("mdo/environments").get_git_ref("heads/dev").edit(sha)
    assert api.head("dev") == sha


def test_a_lazy_ref_must_be_read_before_it_is_edited(lazy_pygithub: Github, api: Api) -> None:
    """Edit one unread: PyGithub patches the address it would have read, which names no operation."""
    ref = lazy_pygithub.get_repo("mdo/environments").get_git_ref("heads/dev")
    with pytest.raises(UnknownObjectException):
        ref.edit(api.head("prod"))
    assert ref.object.sha == api.head("dev")
    ref.edit(ref.object.sha)
