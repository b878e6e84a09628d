"""Compare and branches: merge bases, distances and files are git's own."""

from __future__ import annotations

from tests.local.github.client import Api


def test_two_names_of_one_commit_are_identical(api: Api) -> None:
    """Compare dev with prod at the beginning."""
    compared = api.get("/compare/prod...dev")
    assert (compared["status"], compared["ahead_by"], compared["behind_by"]) == ("identical", 0, 0)
    assert compared["commits"] == compared["files"] == []


def test_a_descendant_is_ahead_and_its_ancestor_behind(api: Api) -> None:
    """Add two commits to dev and compare both ways."""
    first, *later = [api.head("dev")] + [api.advance("dev", {"README.md": f"{number}\n"}) for number in range(2)]
    ahead = api.get("/compare/prod...dev")
    assert (ahead["status"], ahead["ahead_by"], ahead["total_commits"]) == ("ahead", 2, 2)
    assert [commit["sha"] for commit in ahead["commits"]] == later
    assert ahead["merge_base_commit"]["sha"] == first
    behind = api.get("/compare/dev...prod")
    assert (behind["status"], behind["behind_by"], behind["total_commits"]) == ("behind", 2, 0)


def test_diverged_branches_show_what_head_changed_since_the_merge_base(api: Api) -> None:
    """Change different files on dev and prod; rename one."""
    api.advance("prod", {"README.md": "prod\n"})
    api.advance("dev", {"k8s/web.yaml": "image: web:2\n", "k8s/api.yaml": None, "k8s/api2.yaml": "image: api:1\n"})
    compared = api.get("/compare/prod...dev")
    assert (compared["status"], compared["ahead_by"], compared["behind_by"]) == ("diverged", 1, 1)
    files = {(file["filename"], file["status"], file.get("previous_filename")) for file in compared["files"]}
    assert files == {("k8s/web.yaml", "modified", None), ("k8s/api2.yaml", "renamed", "k8s/api.yaml")}


def test_a_squashed_promotion_leaves_dev_ahead_though_the_trees_are_equal(api: Api) -> None:
    """Squash dev into prod: the trap for anyone who counts commits."""
    api.advance("dev", {"k8s/web.yaml": "image: web:2\n"})
    api.open_pull()
    api.ask("PUT", "/pulls/1/merge", {"merge_method": "squash"})
    compared = api.get("/compare/prod...dev")
    assert (compared["status"], len(compared["files"])) == ("diverged", 1)
    assert api.get("/git/trees/prod")["sha"] == api.get("/git/trees/dev")["sha"]


def test_commits_can_be_compared_by_sha_and_by_pages(api: Api) -> None:
    """Compare a first commit with a branch, one commit per page; files come with the first page only."""
    first = api.head("dev")
    shas = [api.advance("dev", {"README.md": f"{number}\n"}) for number in range(3)]
    pages = [api.get(f"/compare/{first}...mdo:dev", per_page=1, page=number) for number in (1, 3)]
    assert [page["commits"][0]["sha"] for page in pages] == [shas[0], shas[2]]
    assert [len(page["files"]) for page in pages] == [1, 0]


def test_strangers_have_no_common_ancestor(api: Api) -> None:
    """Compare with an orphan, and with nothing."""
    api.branch("orphan", api.commit({"x": "1"}))
    assert api.refused("GET", "/compare/dev...orphan", status=404) == "No common ancestor between dev and orphan."
    for names in ("dev...nope", "nope...dev", "dev"):
        assert api.refused("GET", f"/compare/{names}", status=404) == "Not Found"


def test_branches_are_listed_and_read(api: Api) -> None:
    """Read a branch whose name has a slash, and one that is not there."""
    api.branch("release/1", api.head("dev"))
    assert [branch["name"] for branch in api.get("/branches")] == ["dev", "prod", "release/1"]
    assert api.get("/branches/release/1")["commit"]["sha"] == api.head("dev")
    assert api.refused("GET", "/branches/nope", status=404) == "Branch not found"
