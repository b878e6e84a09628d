"""Every operation, driven by plain HTTP and by PyGithub, keeps to GitHub's own OpenAPI description."""

from __future__ import annotations

import copy
import json
import time
from dataclasses import replace
from typing import Any

import jwt
import pytest
from github import Github, InputGitTreeElement
from jsonschema import ValidationError

from local.github import GitHubStandIn
from local.github.auth import Installation
from local.github.server import OPERATIONS
from local.world.apps import private_key, public_key
from tests.local.github.client import Api
from tests.local.github.contract import SUBSET, Contract
from tests.local.github.openapi.extract import json_schema


def test_every_operation_over_plain_http_matches_the_description(api: Api, hub: GitHubStandIn) -> None:
    """Drive each operation once; the client validates requests and answers."""
    api.contract.driven.clear()
    head = api.head("dev")
    drive_git(api, head)
    drive_repository(api, head)
    drive_pulls(api)
    user = Api(api.url, "ann-token", api.session, api.contract)
    for path in ("/user", "/rate_limit"):
        answer = user.response("GET", path)
        api.contract.check("GET", path, request=None, status=answer.status_code, answer=answer.json())
    drive_apps(api, hub)
    drive_actions(api, hub)
    assert api.contract.driven == set(api.contract.subset["operations"])


def drive_apps(api: Api, hub: GitHubStandIn) -> None:
    """Mint a token as an App."""
    hub.add_app("driven", "Iv23driven", public_key(private_key("driven")), Installation(7, {}, ("mdo/environments",)))
    proof = jwt.encode({"iat": 0, "exp": int(time.time()) + 60, "iss": "Iv23driven"}, private_key("driven"), "RS256")
    path, body = "/app/installations/7/access_tokens", {"repositories": ["environments"]}
    answer = replace(api, token=proof).response("POST", path, body)
    api.contract.check("POST", path, request=body, status=answer.status_code, answer=answer.json())


def drive_actions(api: Api, hub: GitHubStandIn) -> None:
    """Read a run; of a fork that is gone GitHub says null, which its own description forbids."""
    run = hub.run_workflow("mdo/environments", ".github/workflows/qa.yml", api.head("dev"))
    assert api.get(f"/actions/runs/{run.id}")["conclusion"] == "success"


def drive_git(api: Api, head: str) -> None:
    """Make each call on the Git database."""
    blob = api.post("/git/blobs", {"content": "aGk=", "encoding": "base64"})["sha"]
    entry = {"path": "new", "mode": "100644", "type": "blob", "sha": blob}
    tree = api.post("/git/trees", {"base_tree": head, "tree": [entry]})["sha"]
    commit = api.post("/git/commits", {"message": "m", "tree": tree, "parents": [head]})["sha"]
    api.post("/git/refs", {"ref": "refs/heads/topic", "sha": head})
    api.patch("/git/refs/heads/topic", {"sha": commit})
    api.get(f"/git/blobs/{blob}")
    api.get(f"/git/trees/{tree}", recursive=1)
    api.get(f"/git/commits/{commit}")
    api.get("/git/matching-refs/heads/t")
    api.ask("DELETE", "/git/refs/heads/topic", status=204)


def drive_repository(api: Api, head: str) -> None:
    """Make each call on the repository and its commits."""
    api.advance("dev", {"README.md": "new\n", "k8s/web.yaml": None})
    api.post(f"/statuses/{head}", {"state": "success", "context": "prodgate/qa", "target_url": "https://ci.example/1"})
    for path in ("", "/commits", "/commits/dev", "/branches", "/branches/dev", "/compare/prod...dev", "/contents/k8s"):
        api.get(path)
    for path in (f"/commits/{head}/statuses", f"/commits/{head}/status", "/contents/README.md"):
        api.get(path)
    api.get("/rules/branches/prod")


def drive_pulls(api: Api) -> None:
    """Make each call on a pull request."""
    api.open_pull()
    api.patch("/pulls/1", {"title": "Release 2", "body": "because"})
    api.ask("POST", "/issues/1/labels", {"labels": ["promotion"]})
    comment = api.post("/issues/1/comments", {"body": "hello"})
    api.patch(f"/issues/comments/{comment['id']}", {"body": "hello again"})
    api.post("/issues/1/assignees", {"assignees": ["ann"]})
    api.post("/pulls/1/requested_reviewers", {"reviewers": ["ann"]})
    for path in ("/pulls", "/pulls/1", "/pulls/1/files", "/issues/1/comments"):
        assert api.get(path)
    api.ask("PUT", "/pulls/1/merge", {"merge_method": "merge"})
    assert api.get("/pulls", state="all")[0]["merged_at"]
    assert api.get(f"/commits/{api.head('prod')}/pulls")
    api.get("/pulls/1")


def test_pygithub_works_unchanged_and_its_traffic_matches_the_description(pygithub: Github) -> None:
    """Pin a file, set a status, compare, open a pull request and merge it, as PyGithub's users write it."""
    repo = pygithub.get_repo("mdo/environments")
    ref = repo.get_git_ref("heads/dev")
    parent = repo.get_git_commit(ref.object.sha)
    assert {entry.path for entry in repo.get_git_tree("dev", recursive=True).tree} >= {"k8s", "k8s/web.yaml"}
    element = InputGitTreeElement("k8s/web.yaml", "100644", "blob", content="image: web:2\n")
    tree = repo.create_git_tree([element], base_tree=repo.get_git_tree(parent.tree.sha))
    commit = repo.create_git_commit("pin web", tree, [parent])
    ref.edit(commit.sha)
    status = repo.get_commit(commit.sha).create_status("success", "https://ci.example/", "green", "prodgate/qa")
    assert (status.creator.login, status.creator.type) == ("prodgate-pin[bot]", "Bot")
    assert [status.context for status in repo.get_commit(commit.sha).get_statuses()] == ["prodgate/qa"]
    assert repo.get_commit(commit.sha).get_combined_status().state == "success"
    comparison = repo.compare("prod", "dev")
    assert (comparison.status, comparison.ahead_by, comparison.files[0].filename) == ("ahead", 1, "k8s/web.yaml")
    assert repo.get_contents("k8s/web.yaml", ref="dev").decoded_content == b"image: web:2\n"
    pull = repo.create_pull(base="prod", head="dev", title="Release", body="why")
    pull.edit(title="Release 2")
    pull.add_to_labels("promotion")
    pull.create_issue_comment("hello")
    assert [comment.body for comment in pull.get_issue_comments()] == ["hello"]
    assert [file.filename for file in pull.get_files()] == ["k8s/web.yaml"]
    assert pull.merge(sha=commit.sha).merged
    assert repo.get_pull(pull.number).merged


def test_a_lazy_pygithub_works_too(lazy_pygithub: Github) -> None:
    """Read and move a ref without ever reading the repository."""
    repo = lazy_pygithub.get_repo("mdo/environments")
    ref = repo.get_git_ref("heads/dev")
    commit = repo.create_git_commit("empty", repo.get_git_tree("dev"), [repo.get_git_commit(ref.object.sha)])
    ref.edit(commit.sha)
    assert repo.get_branch("dev").commit.sha == commit.sha
    assert [branch.name for branch in repo.get_branches()] == ["dev", "prod"]


def test_every_route_of_the_stand_in_is_an_operation_of_the_description(contract: Contract) -> None:
    """Compare the stand-in's table with the extracted one; GraphQL has a schema of its own."""
    assert {operation.id for operation in OPERATIONS} - {"graphql"} == set(contract.subset["operations"])


@pytest.mark.parametrize("field", ["sha", "url", "object"])
def test_the_contract_refuses_an_answer_that_lacks_a_field(contract: Contract, api: Api, field: str) -> None:
    """Take one field out of a good answer."""
    answer: Any = copy.deepcopy(api.get("/git/ref/heads/dev"))
    (answer["object"] if field == "sha" else answer).pop(field)
    with pytest.raises(ValidationError):
        contract.check("GET", "/repos/mdo/environments/git/ref/heads/dev", request=None, status=200, answer=answer)


def test_nullable_becomes_a_type_and_properties_keep_their_names() -> None:
    """Translate a schema with a property that is named like a keyword."""
    schema = {"type": "object", "properties": {"description": {"type": "string", "nullable": True}}}
    translated = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert json_schema(schema) == {"type": "object", "properties": {"description": translated}}


def test_the_checked_in_subset_names_its_source_and_licence() -> None:
    """Read the header field."""
    assert "MIT License" in json.loads(SUBSET.read_text(encoding="utf-8"))["source"]
