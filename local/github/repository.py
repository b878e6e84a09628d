"""One hosted repository: its bare Git repository and what GitHub keeps beside it."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local.github.auth import Account
from local.github.git_process import Git, clean_environment
from local.github.history import History
from local.github.object_reader import ObjectReader
from local.github.objects import Objects
from local.github.references import References

SETTINGS = {
    "http.receivepack": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    # A background collection would still be running when a test removes the directory.
    "gc.auto": "0",
    "receive.autogc": "false",
}
# Called with a ref, its old and its new object. What is forbidden stands in the environment (push_rules.py).
UPDATE_HOOK = """\
#!/bin/sh
changes=update
git merge-base --is-ancestor "$2" "$3" 2>/dev/null || changes='update force'
case $2 in *[!0]*) ;; *) changes=create ;; esac
case $3 in *[!0]*) ;; *) changes=deletion ;; esac
printf '%s\\n' "$PRODGATE_PUSH_RULES" | {
    refused=0
    while read -r change ref sentence; do
        case " $changes " in *" $change "*) ;; *) continue ;; esac
        [ "$ref" = "$1" ] || continue
        [ $refused = 1 ] || echo "error: GH013: Repository rule violations found for $1."
        echo "- $sentence"
        refused=1
    done
    exit $refused
}
"""


@dataclass(frozen=True, slots=True)
class CommitStatus:
    """One commit status; several of one context may lie on a commit, and the newest counts."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: Account
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkflowRun:
    """A run of GitHub Actions as its newest attempt left it; `head_repository` is where its commit is from."""

    id: int
    workflow: str
    commit: str
    actor: Account
    created_at: datetime
    event: str = "push"
    branch: str | None = "dev"
    head_repository: str | None = None
    attempt: int = 1
    status: str = "completed"
    conclusion: str | None = "success"


@dataclass(frozen=True, slots=True)
class Label:
    """A label of the repository."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request."""

    id: int
    issue_number: int
    body: str
    author: Account
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Merging:
    """How pull requests may be merged, whatever the rules of a branch say, and whether their branches go then."""

    merge: bool = True
    squash: bool = True
    rebase: bool = True
    deletes_branch: bool = False


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request; `head` and `base` are branches, with their SHAs as last seen."""

    id: int
    number: int
    title: str
    body: str | None
    author: Account
    head: str
    base: str
    head_sha: str
    base_sha: str
    created_at: datetime
    updated_at: datetime
    draft: bool = False
    labels: tuple[Label, ...] = ()
    assignees: tuple[Account, ...] = ()
    reviewers: tuple[Account, ...] = ()
    teams: tuple[str, ...] = ()
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None

    @property
    def state(self) -> str:
        """Either `open` or `closed`; a merged pull request is closed."""
        return "open" if self.closed_at is None else "closed"


@dataclass(slots=True)
class Records:
    """What GitHub knows of a repository besides its objects; kept in memory."""

    statuses: defaultdict[str, list[CommitStatus]] = field(default_factory=lambda: defaultdict(list))
    runs: dict[str, WorkflowRun] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    labels: dict[str, Label] = field(default_factory=dict)
    rules: dict[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    collaborators: dict[str, Account] = field(default_factory=dict)
    teams: dict[str, int] = field(default_factory=dict)  # the id of each, by its slug
    merging: Merging = field(default_factory=Merging)
    archived: bool = False


class Repository:
    """A repository by its full name, `owner/name`, with everything that the API can ask of it."""

    def __init__(self, full_name: str, directory: Path, *, default_branch: str, ids: Iterator[int]) -> None:
        self.names = [full_name]  # the newest one last
        self.directory = directory
        self.default_branch = default_branch
        self.ids = ids
        self.id = next(ids)
        self.created_at = datetime.now(UTC)
        self.records = Records()
        git = Git(directory)
        self.reader = ObjectReader(git)
        self.objects = Objects(git, self.reader)
        self.references = References(git, self.reader)
        self.history = History(git)

    @property
    def full_name(self) -> str:
        """The name that it has now, `owner/name`."""
        return self.names[-1]

    @property
    def owner(self) -> str:
        """The login of the owner."""
        return self.full_name.partition("/")[0]

    @property
    def name(self) -> str:
        """The name without its owner."""
        return self.full_name.partition("/")[2]

    def initialize(self) -> None:
        """Create the bare Git repository, empty."""
        create = [
            "git",
            "init",
            "--quiet",
            "--bare",
            "--template=",
            f"--initial-branch={self.default_branch}",
            str(self.directory),
        ]
        subprocess.run(create, check=True, env=clean_environment())
        with (self.directory / "config").open("a", encoding="utf-8") as config:
            for setting, value in SETTINGS.items():
                section, _, key = setting.partition(".")
                config.write(f"[{section}]\n\t{key} = {value}\n")
        hook = self.directory / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(UPDATE_HOOK, encoding="utf-8")
        hook.chmod(0o755)
