"""Commits: objects are git's own, authors default to the caller, histories are listed."""

from __future__ import annotations

import hashlib

import pytest

from tests.local.github.client import Api


def test_a_commit_has_the_very_name_that_git_computes(api: Api) -> None:
    """Hash the commit object by hand."""
    parent, who = api.head("dev"), {"name": "Ann", "email": "ann@example.com", "date": "2026-01-02T04:04:05+01:00"}
    tree = api.get(f"/git/commits/{parent}")["tree"]["sha"]
    asked = {"message": "no newline", "tree": tree, "parents": [parent], "author": who}
    answer = api.post("/git/commits", asked)
    people = "Ann <ann@example.com> 1767323045 +0000"
    body = f"tree {tree}\nparent {parent}\nauthor {people}\ncommitter {people}\n\nno newline".encode()
    assert answer["sha"] == hashlib.sha1(b"commit %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
    assert answer["author"]["date"] == "2026-01-02T03:04:05Z"


def test_author_and_committer_default_to_the_caller(api: Api) -> None:
    """Commit as an App without saying who."""
    sha = api.commit({"README.md": "two\n"}, api.head("dev"), message="pin")
    commit = api.get(f"/git/commits/{sha}")
    assert commit["author"]["name"] == commit["committer"]["name"] == "prodgate-pin[bot]"
    assert commit["author"]["email"].endswith("+prodgate-pin[bot]@users.noreply.github.com")
    assert commit["verification"]["verified"] is False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tree": "1" * 40}, "Tree SHA does not exist"),
        ({"parents": ["1" * 40]}, "Parent SHA does not exist or is not a commit object"),
        ({"parents": "x"}, "is not a list of strings"),
        ({"message": None}, "wasn't supplied"),
        ({"author": {"name": "Ann"}}, "need a name and an email"),
        ({"author": {"name": "A <", "email": "e"}}, "need a name and an email"),
        ({"author": {"name": "A", "email": "e", "date": "yesterday"}}, "not a valid date-time"),
    ],
)
def test_a_commit_of_nothing_real_is_refused(api: Api, change: dict[str, object], words: str) -> None:
    """Break one field at a time."""
    tree = api.get(f"/git/commits/{api.head('dev')}")["tree"]["sha"]
    assert words in api.refused("POST", "/git/commits", {"message": "m", "tree": tree, **change})


def test_an_unknown_commit_is_refused_in_each_interface_its_own_way(api: Api) -> None:
    """Ask the Git database (404) and the repository (422) for a commit that is not there."""
    missing = "1" * 40
    assert api.refused("GET", f"/git/commits/{missing}", status=404) == "Not Found"
    assert api.refused("GET", f"/commits/{missing}") == f"No commit found for SHA: {missing}"


def test_a_commit_is_found_by_branch_and_by_short_sha(api: Api) -> None:
    """Name one commit in four ways."""
    api.branch("release/1", sha := api.head("dev"))
    for name in ("dev", "heads/dev", "release/1", sha[:10], sha):
        assert api.get(f"/commits/{name}")["sha"] == sha


def test_a_commit_tells_what_it_changed(api: Api) -> None:
    """Change, add and delete a file in one commit."""
    api.advance("dev", {"README.md": "hello\nworld\n", "new": "1\n", "k8s/api.yaml": None})
    commit = api.get("/commits/dev")
    changed = {(file["filename"], file["status"]) for file in commit["files"]}
    assert changed == {("README.md", "modified"), ("new", "added"), ("k8s/api.yaml", "removed")}
    assert commit["stats"] == {"additions": 2, "deletions": 1, "total": 3}


def test_history_is_listed_newest_first_and_by_pages(api: Api) -> None:
    """Make four commits and read them three at a time, following the links."""
    shas = [api.head("dev")] + [api.advance("dev", {"README.md": f"{number}\n"}) for number in range(4)]
    first = api.response("GET", "/repos/mdo/environments/commits", query={"sha": "dev", "per_page": 3})
    assert [commit["sha"] for commit in first.json()] == shas[:1:-1]
    assert set(first.links) == {"next", "last"}
    second = api.session.get(first.links["next"]["url"], headers={"Authorization": "token pin-token"}, timeout=30)
    assert [commit["sha"] for commit in second.json()] == shas[1::-1]
    assert set(second.links) == {"prev", "first"}
    assert "next" not in second.links


def test_history_can_be_narrowed_to_a_path(api: Api) -> None:
    """Change two files in two commits."""
    web = api.advance("dev", {"k8s/web.yaml": "image: web:2\n"})
    api.advance("dev", {"README.md": "two\n"})
    assert next(commit["sha"] for commit in api.get("/commits", sha="dev", path="k8s")) == web
    assert api.refused("GET", "/commits?sha=nope", status=404) == "Not Found"
