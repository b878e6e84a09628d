"""Trees, blobs and contents: what is written is what git reads."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tests.local.github.client import Api


def entry(path: str, **fields: object) -> dict[str, object]:
    """Write an entry of a tree, a plain file unless told otherwise."""
    return {"path": path, "mode": "100644", "type": "blob", **fields}


def paths(api: Api, tree: str) -> dict[str, str]:
    """Read the files of a tree, with their modes."""
    listed = api.get(f"/git/trees/{tree}", recursive=1)["tree"]
    return {one["path"]: one["mode"] for one in listed if one["type"] == "blob"}


def test_a_tree_is_listed_flat_or_recursively(api: Api) -> None:
    """Read the seeded tree both ways."""
    flat = api.get("/git/trees/dev")
    assert [(one["path"], one["type"]) for one in flat["tree"]] == [("README.md", "blob"), ("k8s", "tree")]
    deep = api.get("/git/trees/dev", recursive="true")
    assert [one["path"] for one in deep["tree"]] == ["README.md", "k8s", "k8s/api.yaml", "k8s/web.yaml"]
    assert deep["truncated"] is False
    assert deep["tree"][0]["size"] == len("hello\n")


def test_a_base_tree_keeps_what_is_not_named(api: Api) -> None:
    """Change one file, delete another, add one in a new directory, executable."""
    tree = [
        entry("README.md", content="new\n"),
        entry("k8s/api.yaml", sha=None),
        entry("bin/run", mode="100755", content="#!/bin/sh\n"),
    ]
    sha = api.post("/git/trees", {"base_tree": api.head("dev"), "tree": tree})["sha"]
    assert paths(api, sha) == {"README.md": "100644", "bin/run": "100755", "k8s/web.yaml": "100644"}


def test_without_a_base_the_tree_holds_only_its_entries(api: Api) -> None:
    """Write a tree from scratch."""
    sha = api.post("/git/trees", {"tree": [entry("only", content="1")]})["sha"]
    assert paths(api, sha) == {"only": "100644"}


def test_a_subtree_can_be_put_in_whole(api: Api) -> None:
    """Copy k8s to prod, and put it over README.md."""
    listed = api.get("/git/trees/dev")["tree"]
    k8s = next(one["sha"] for one in listed if one["path"] == "k8s")
    tree = [entry(path, mode="040000", type="tree", sha=k8s) for path in ("prod", "README.md")]
    sha = api.post("/git/trees", {"base_tree": api.head("dev"), "tree": tree})["sha"]
    assert sorted(paths(api, sha)) == [
        f"{name}/{file}.yaml" for name in ("README.md", "k8s", "prod") for file in ("api", "web")
    ]


def test_a_file_and_a_directory_can_take_each_others_place(api: Api) -> None:
    """Put a file where k8s was, and a directory where README.md was."""
    tree = [entry("k8s", content="a file"), entry("README.md/inside", content="a directory")]
    sha = api.post("/git/trees", {"base_tree": api.head("dev"), "tree": tree})["sha"]
    assert paths(api, sha) == {"README.md/inside": "100644", "k8s": "100644"}


def test_a_submodule_is_taken_without_looking_for_its_commit(api: Api) -> None:
    """Put in a commit of another repository."""
    tree = [entry("vendor", mode="160000", type="commit", sha="1" * 40)]
    sha = api.post("/git/trees", {"base_tree": api.head("dev"), "tree": tree})["sha"]
    listed = {one["path"]: one for one in api.get(f"/git/trees/{sha}")["tree"]}
    assert listed["vendor"] == {"path": "vendor", "mode": "160000", "type": "commit", "sha": "1" * 40}


def test_a_directory_is_deleted_by_its_name(api: Api) -> None:
    """Delete k8s as a whole."""
    sha = api.post("/git/trees", {"base_tree": api.head("dev"), "tree": [entry("k8s", sha=None)]})["sha"]
    assert paths(api, sha) == {"README.md": "100644"}


def test_the_same_content_gives_the_same_tree(api: Api) -> None:
    """Write what is there already."""
    before = api.get("/git/trees/dev")["sha"]
    assert (
        api.post("/git/trees", {"base_tree": before, "tree": [entry("README.md", content="hello\n")]})["sha"] == before
    )


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (entry("nope", sha=None), "GitRPC::BadObjectState"),
        (entry("x"), "Must supply either tree.sha or tree.content."),
        (entry("x", sha="1" * 40, content="y"), "Must supply either tree.sha or tree.content."),
        (entry("x", sha="1" * 40), "is not a valid blob"),
        (entry("x", content=1), "are strings"),
        (entry("../x", content="y"), "malformed path component"),
        (entry("/x", content="y"), "malformed path component"),
        (entry("a/.git/config", content="y"), "malformed path component"),
        (entry("x", content="y", mode="100600"), "Must supply a valid tree.mode"),
        (entry("x", content="y", type="tree"), "Must supply a valid tree.mode"),
    ],
)
def test_a_bad_entry_is_refused(api: Api, bad: dict[str, object], words: str) -> None:
    """Break one rule at a time."""
    assert words in api.refused("POST", "/git/trees", {"base_tree": api.head("dev"), "tree": [bad]})


def test_a_tree_of_nothing_or_on_nothing_is_refused(api: Api) -> None:
    """Leave the entries out, and name a base that does not exist."""
    assert "wasn't supplied" in api.refused("POST", "/git/trees", {})
    base = {"base_tree": "1" * 40, "tree": [entry("x", content="y")]}
    assert api.refused("POST", "/git/trees", base) == "base_tree is not a valid tree oid"
    assert api.refused("GET", f"/git/trees/{'1' * 40}", status=404) == "Not Found"


def test_a_blob_comes_back_byte_for_byte(api: Api) -> None:
    """Store bytes that are no text, and read them in base64 and raw."""
    content = bytes(range(256))
    sha = api.post("/git/blobs", {"content": base64.b64encode(content).decode(), "encoding": "base64"})["sha"]
    assert sha == hashlib.sha1(b"blob 256\0" + content, usedforsecurity=False).hexdigest()
    blob = api.get(f"/git/blobs/{sha}")
    assert (base64.b64decode(blob["content"]), blob["size"]) == (content, 256)
    headers = {"Authorization": "token pin-token", "Accept": "application/vnd.github.raw+json"}
    assert api.session.get(blob["url"], headers=headers, timeout=30).content == content


def test_a_bad_blob_is_refused(api: Api) -> None:
    """Send what is no base64, an unknown encoding, and ask for what is not there."""
    assert "not valid Base64" in api.refused("POST", "/git/blobs", {"content": "%%%", "encoding": "base64"})
    assert "not a valid encoding" in api.refused("POST", "/git/blobs", {"content": "x", "encoding": "latin-1"})
    assert api.refused("GET", f"/git/blobs/{'1' * 40}", status=404) == "Not Found"


def test_contents_are_read_at_a_ref(api: Api) -> None:
    """Read a file on two branches, as JSON and raw, and a directory."""
    api.advance("dev", {"k8s/web.yaml": "image: web:2\n"})
    read = {name: base64.b64decode(api.get("/contents/k8s/web.yaml", ref=name)["content"]) for name in ("dev", "prod")}
    assert read == {"dev": b"image: web:2\n", "prod": b"image: web:1\n"}
    assert [one["path"] for one in api.get("/contents/k8s")] == ["k8s/api.yaml", "k8s/web.yaml"]
    headers = {"Authorization": "token pin-token", "Accept": "application/vnd.github.raw"}
    address = f"{api.url}/repos/mdo/environments/contents/README.md?ref=dev"
    assert api.session.get(address, headers=headers, timeout=30).text == "hello\n"


@pytest.mark.parametrize("where", ["nope", "README.md/x", "k8s/nope", "README.md?ref=nope"])
def test_contents_that_are_not_there_are_not_found(api: Api, where: str) -> None:
    """Ask for paths and refs that do not exist."""
    assert api.refused("GET", f"/contents/{where}", status=404) == "Not Found"


def test_a_large_file_comes_without_its_content(api: Api) -> None:
    """Store more than a mebibyte."""
    api.advance("dev", {"big": "x" * (1024 * 1024 + 1)})
    assert api.get("/contents/big", ref="dev")["encoding"] == "none"
