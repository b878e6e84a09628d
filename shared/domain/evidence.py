"""Whether the run that CI names proves that its suite passed: the rules, apart from how a run is fetched.

Anybody who may publish can name any green run. So the event only says which run to look at, and configuration, which is
not in the environments repository, says of which workflow or trigger it must be. Beyond that:

* A GitHub run counts for the commit that it checked out, in the repository itself: one in a fork runs a stranger's
  workflow file. Its event and branch are configured, since a push to any other branch runs that branch's own file.
* A workflow file that a ruleset of the organization demands lies in another repository, and its runs are in this one,
  with a ref behind the file's path. A path with a ref is ours only if it names this repository and the branch as well.
* A run may be started again; only its newest attempt says how it ended.
* A build counts for the commit that Cloud Build resolved (`sourceProvenance`), not for what a substitution says:
  whoever runs a trigger by hand writes those.
* What has not ended proves nothing yet, and what ended in any other way than success never will.

Sources: docs.github.com/rest/actions/workflow-runs; cloud.google.com/build/docs/api/reference/rest (Build).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from shared.domain.errors import Fault, Reason, Rejected, Unavailable, shown

_GITHUB_RUN: Final = re.compile(r"/actions/runs/(?P<id>[1-9][0-9]{0,18})(?:/attempts/(?P<attempt>[1-9][0-9]{0,8}))?")
_CLOUD_BUILD: Final = re.compile(
    r"https://console\.cloud\.google\.com/cloud-build/builds"
    r"(?:;region=(?P<location>global|[a-z]+-[a-z]+[0-9]+))?/(?P<id>[0-9a-f-]{36})(?:\?project=[a-z0-9:.-]+)?",
    re.ASCII,
)
_ENDED: Final = "completed"
_SUCCESS: Final = "success"
_BUILD_SUCCESS: Final = "SUCCESS"
_BUILDING: Final = frozenset({"STATUS_UNKNOWN", "PENDING", "QUEUED", "WORKING"})


@dataclass(frozen=True, slots=True)
class GitHubWorkflow:
    """Which runs prove a suite: those of this workflow file, for this event, on this branch."""

    workflow: str
    event: str
    branch: str


@dataclass(frozen=True, slots=True)
class CloudBuildTrigger:
    """Which builds prove a suite: those of this trigger (by id), in this project and location."""

    project: str
    location: str
    trigger: str


RunSource = GitHubWorkflow | CloudBuildTrigger


@dataclass(frozen=True, slots=True)
class NamedRun:
    """The run that an event names, and the attempt, where it names one."""

    id: int
    attempt: int | None


@dataclass(frozen=True, slots=True)
class GitHubRun:
    """The newest attempt of a run, as GitHub tells of it; `repository` is where its commit is from, or empty.

    `workflow` is the path of its file, with `@` and a ref behind it where GitHub says that.
    """

    workflow: str
    event: str
    branch: str
    commit: str
    repository: str
    attempt: int
    status: str
    conclusion: str


@dataclass(frozen=True, slots=True)
class Build:
    """A build as Cloud Build tells of it; `commits` are all that its source was resolved to."""

    trigger: str
    status: str
    commits: frozenset[str]


def named_run(url: str, *, web_url: str, repository: str) -> NamedRun:
    """Read which run of a repository a URL names, below GitHub's own web address.

    Raises:
        Rejected: it is no run of this repository.
    """
    here, there = urlsplit(web_url), urlsplit(url)
    prefix = f"{here.path}/{repository}"
    rest = there.path.removeprefix(prefix)
    found = _GITHUB_RUN.fullmatch(rest)
    plain = not (there.query or there.fragment)
    if found is None or there.netloc != here.netloc or not there.path.startswith(prefix) or not plain:
        what = f"{here.netloc}{prefix}/actions/runs/ID"
        raise Rejected(Reason.FOREIGN_RUN, f"run: {shown(url)} is no run of the configured repository, {what}")
    return NamedRun(int(found["id"]), int(found["attempt"]) if found["attempt"] else None)


def named_build(url: str, expected: CloudBuildTrigger) -> str:
    """Read which build a log's URL names; without a region it is a build in `global`.

    Raises:
        Rejected: it is no build of the configured location.
    """
    found = _CLOUD_BUILD.fullmatch(url)
    if found is None or (found["location"] or "global") != expected.location:
        what = f"a build in {expected.location} as Cloud Build's console names it"
        raise Rejected(Reason.FOREIGN_RUN, f"run: {shown(url)} is not {what}")
    return found["id"]


def require_run(run: GitHubRun, named: NamedRun, expected: GitHubWorkflow, *, repository: str, commit: str) -> None:
    """Demand that a run proves its suite for a commit.

    Raises:
        Rejected: it never will.
        Unavailable: it has not ended, or the attempt that is named is not there yet.
    """
    what = f"run {named.id}"
    _require(Reason.FOREIGN_RUN, f"{what} is of the repository", run.repository, repository)
    if run.workflow not in _qualified(expected, repository):
        _require(Reason.OTHER_WORKFLOW, f"{what} is of the workflow", run.workflow, expected.workflow)
    _require(Reason.OTHER_COMMIT, f"{what} ran for the commit", run.commit, commit)
    _require(Reason.OTHER_EVENT, f"{what} was started by the event", run.event, expected.event)
    _require(Reason.OTHER_BRANCH, f"{what} ran on the branch", run.branch, expected.branch)
    if named.attempt is not None and named.attempt > run.attempt:
        raise Unavailable(Fault.NOT_VISIBLE_YET, f"{what}: attempt {named.attempt} is not there yet")
    if named.attempt is not None and named.attempt < run.attempt:
        older = f"{what}: attempt {named.attempt} was followed by attempt {run.attempt}, which counts"
        raise Rejected(Reason.OLDER_ATTEMPT, older)
    if run.status != _ENDED:
        raise Unavailable(Fault.NOT_FINISHED, f"{what} has not ended; it is {shown(run.status)}")
    if run.conclusion != _SUCCESS:
        raise Rejected(Reason.NOT_SUCCESSFUL, f"{what} ended in {shown(run.conclusion)}; only success is ever attested")


def require_build(build: Build, name: str, expected: CloudBuildTrigger, *, commit: str) -> None:
    """Demand that a build proves its suite for a commit.

    Raises:
        Rejected: it never will.
        Unavailable: it has not ended.
    """
    what = f"build {name}"
    _require(Reason.OTHER_WORKFLOW, f"{what} is of the trigger", build.trigger, expected.trigger)
    if build.status in _BUILDING:
        raise Unavailable(Fault.NOT_FINISHED, f"{what} has not ended; it is {build.status}")
    if build.status != _BUILD_SUCCESS:
        ended = f"{what} ended in {shown(build.status)}; only SUCCESS is ever attested"
        raise Rejected(Reason.NOT_SUCCESSFUL, ended)
    if build.commits != {commit}:
        built = ", ".join(map(shown, sorted(build.commits))) or "no commit that Cloud Build resolved"
        raise Rejected(Reason.OTHER_COMMIT, f"{what} built {built}; the event is about {commit}")


def _qualified(expected: GitHubWorkflow, repository: str) -> tuple[str, ...]:
    """Name the workflow with its repository and its branch, in both ways in which GitHub writes a ref."""
    return tuple(f"{repository}/{expected.workflow}@{prefix}{expected.branch}" for prefix in ("", "refs/heads/"))


def _require(reason: Reason, what: str, found: str, expected: str) -> None:
    if found != expected:
        raise Rejected(reason, f"{what} {shown(found)}; it must be {shown(expected)}")
