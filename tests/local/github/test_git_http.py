"""`git clone` and `git push`, by the git of this machine, against the same repository that the API serves."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from local.faults import Faults
from local.github import GitHubStandIn
from tests.local.github.client import Api

AS_ANN = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")


def git(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run git without prompts and without the configuration of whoever runs the tests."""
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    environment = {**os.environ, **quiet}
    command = ["git", *AS_ANN, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def clone(hub: GitHubStandIn, api: Api, tmp_path: Path) -> Path:
    """A working copy of dev, cloned as ann."""
    cloned = git("clone", hub.clone_url("mdo/environments", token="ann-token"), "work", cwd=tmp_path)
    assert cloned.returncode == 0, cloned.stderr
    return tmp_path / "work"


def push_a_change(clone: Path, *flags: str, size: int = 10) -> subprocess.CompletedProcess[str]:
    """Commit a file and push it to dev."""
    (clone / "pushed").write_bytes(os.urandom(size))
    git("add", "--all", cwd=clone)
    git("commit", "--quiet", "--message", "by hand", cwd=clone)
    return git("push", *flags, "origin", "HEAD:dev", cwd=clone)


def test_a_clone_has_what_the_api_committed(clone: Path, api: Api) -> None:
    """Read the files and the head of the working copy."""
    assert (clone / "k8s" / "web.yaml").read_text(encoding="utf-8") == "image: web:1\n"
    assert git("rev-parse", "HEAD", cwd=clone).stdout.strip() == api.head("dev")


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_the_api_sees_what_was_pushed(clone: Path, api: Api, size: int) -> None:
    """Push a small pack, and one so large that git sends it in chunks."""
    pushed = push_a_change(clone, size=size)
    assert pushed.returncode == 0, pushed.stderr
    assert api.head("dev") == git("rev-parse", "HEAD", cwd=clone).stdout.strip()
    assert api.get("/commits/dev")["commit"]["author"]["name"] == "Ann"
    assert api.get("/contents/pushed", ref="dev")["size"] == size


def test_a_push_that_is_no_fast_forward_is_rejected(clone: Path, api: Api) -> None:
    """Let the API move dev first."""
    api.advance("dev", {"README.md": "first\n"})
    pushed = push_a_change(clone)
    assert pushed.returncode != 0
    assert "rejected" in pushed.stderr


def test_a_push_moves_an_open_pull_request(clone: Path, api: Api) -> None:
    """Open a pull request from dev, push to dev, and look again."""
    api.advance("dev", {"README.md": "first\n"})
    api.open_pull()
    git("pull", "--quiet", "--rebase", cwd=clone)
    push_a_change(clone)
    assert api.get("/pulls/1")["head"]["sha"] == api.head("dev")
    assert api.get("/pulls/1")["commits"] == 2


def test_an_empty_repository_can_be_filled_by_a_push(hub: GitHubStandIn, bare_api: Api, tmp_path: Path) -> None:
    """Push two branches into the repository that nobody has written to."""
    git("init", "--quiet", "--initial-branch=dev", "new", cwd=tmp_path)
    git("commit", "--quiet", "--allow-empty", "--message", "first", cwd=tmp_path / "new")
    url = hub.clone_url("mdo/environments", token="ann-token")
    assert git("push", url, "HEAD:dev", "HEAD:prod", cwd=tmp_path / "new").returncode == 0
    assert bare_api.head("dev") == bare_api.head("prod")


@pytest.mark.parametrize(("token", "words"), [("", "could not read Username"), ("nope", "Authentication failed")])
def test_git_needs_a_token(hub: GitHubStandIn, api: Api, tmp_path: Path, token: str, words: str) -> None:
    """Clone with none and with an unknown one."""
    assert words in git("clone", hub.clone_url("mdo/environments", token=token), "work", cwd=tmp_path).stderr


def test_an_app_that_only_reads_can_clone_but_not_push(hub: GitHubStandIn, api: Api, tmp_path: Path) -> None:
    """Clone and push as the attesting App."""
    url = hub.clone_url("mdo/environments", token="attest-token")
    assert git("clone", "--quiet", url, "work", cwd=tmp_path).returncode == 0
    assert "403" in push_a_change(tmp_path / "work").stderr


def test_an_unknown_repository_is_not_found(hub: GitHubStandIn, api: Api, tmp_path: Path) -> None:
    """Clone what is not there."""
    assert "not found" in git("clone", hub.clone_url("mdo/nope", token="ann-token"), cwd=tmp_path).stderr


def test_git_meets_faults_too(hub: GitHubStandIn, api: Api, faults: Faults, tmp_path: Path) -> None:
    """Refuse the first request of a clone."""
    faults.fail("github.git-http")
    assert "503" in git("clone", hub.clone_url("mdo/environments", token="ann-token"), cwd=tmp_path).stderr
    assert faults.calls("github.git-http") == {"github.git-http": 1}


@pytest.mark.parametrize(
    ("rule", "push", "sentence"),
    [
        ("pull_request", ("HEAD:prod",), "Changes must be made through a pull request."),
        ("update", ("HEAD:prod",), "Cannot update this protected ref."),
        ("non_fast_forward", ("--force", "HEAD~2:prod"), "Cannot force-push to this branch"),
        ("deletion", ("--delete", "prod"), "Cannot delete this protected ref."),
    ],
)
def test_a_protected_branch_takes_no_push(
    hub: GitHubStandIn, clone: Path, api: Api, rule: str, push: tuple[str, ...], sentence: str
) -> None:
    """Push to prod against one rule, then to dev, which has none; without the rule, the same push goes through."""
    prod = api.advance("prod", {"README.md": "prod\n"})
    git("fetch", "--quiet", cwd=clone)
    git("reset", "--quiet", "--hard", "origin/prod", cwd=clone)
    git("commit", "--quiet", "--allow-empty", "--message", "more", cwd=clone)
    hub.set_rules("mdo/environments", "prod", [{"type": rule}])
    refused = git("push", "origin", *push, cwd=clone)
    assert "GH013: Repository rule violations found for refs/heads/prod." in refused.stderr
    assert f"- {sentence}" in refused.stderr
    assert api.head("prod") == prod
    assert git("push", "origin", "HEAD:dev", cwd=clone).returncode == 0
    hub.set_rules("mdo/environments", "prod", [])
    assert git("push", "origin", *push, cwd=clone).returncode == 0


def test_a_restricted_branch_is_not_created_by_a_push(hub: GitHubStandIn, clone: Path) -> None:
    """Push a new branch that may not come into being."""
    hub.set_rules("mdo/environments", "frozen", [{"type": "creation"}])
    assert "creations being restricted" in git("push", "origin", "HEAD:frozen", cwd=clone).stderr
    assert git("push", "origin", "HEAD:thawed", cwd=clone).returncode == 0
