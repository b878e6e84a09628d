"""Which runs prove a suite: one, and every way in which another run is not it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from shared.domain.evidence import (
    Build,
    CloudBuildTrigger,
    GitHubRun,
    GitHubWorkflow,
    NamedRun,
    named_build,
    named_run,
    require_build,
    require_run,
)

REPOSITORY: Final = "mdo/mdo-environments"
WEB: Final = "https://github.com"
COMMIT: Final = "c" * 40
OTHER: Final = "e" * 40
QA: Final = GitHubWorkflow(".github/workflows/qa.yml", "push", "dev")
GREEN: Final = GitHubRun(QA.workflow, "push", "dev", COMMIT, REPOSITORY, 2, "completed", "success")
TRIGGER: Final = CloudBuildTrigger("mdo-gate", "europe-west1", "7d3f1a52-0c8e-4e57-9a6b-1f2e3d4c5b6a")
BUILT: Final = Build(TRIGGER.trigger, "SUCCESS", frozenset({COMMIT}))
BUILD: Final = "4f2a1c9e-8d1b-4d0c-9b3e-2a7f6c5d4e3f"
CONSOLE: Final = "https://console.cloud.google.com/cloud-build/builds"


def judge(run: GitHubRun, named: NamedRun | None = None) -> None:
    """Judge a run for the commit."""
    require_run(run, named or NamedRun(7, None), QA, repository=REPOSITORY, commit=COMMIT)


@pytest.mark.parametrize("attempt", [None, 2])
def test_the_green_run_of_the_workflow_for_the_commit_proves_the_suite(attempt: int | None) -> None:
    """Named with its newest attempt, or without any."""
    judge(GREEN, NamedRun(7, attempt))


@pytest.mark.parametrize("ref", ["dev", "refs/heads/dev"])
def test_a_workflow_that_is_named_with_this_repository_and_the_branch_is_ours(ref: str) -> None:
    """GitHub describes the path so, though it shows the file alone for a workflow of the repository itself."""
    judge(replace(GREEN, workflow=f"{REPOSITORY}/{QA.workflow}@{ref}"))


@pytest.mark.parametrize(
    "path",
    [
        f"{QA.workflow}@dev",
        f"{QA.workflow}@refs/heads/dev",
        f"mdo/central/{QA.workflow}@dev",
        f"{REPOSITORY}/{QA.workflow}@main",
        f"{REPOSITORY}/{QA.workflow}",
    ],
)
def test_a_workflow_of_the_same_name_that_a_ruleset_demands_is_another(path: str) -> None:
    """It lies in a repository that nobody here named; whose it is, a bare path with a ref does not say."""
    with pytest.raises(Rejected, match=f"is of the workflow '{path}'; it must be") as caught:
        judge(replace(GREEN, workflow=path))

    assert caught.value.reason is Reason.OTHER_WORKFLOW


@pytest.mark.parametrize(
    ("changed", "reason", "words"),
    [
        ({"repository": "eve/mdo-environments"}, Reason.FOREIGN_RUN, "of the repository 'eve/mdo-environments'"),
        ({"repository": ""}, Reason.FOREIGN_RUN, "of the repository ''"),
        ({"workflow": ".github/workflows/lint.yml"}, Reason.OTHER_WORKFLOW, "'.github/workflows/lint.yml'; it must be"),
        ({"commit": OTHER}, Reason.OTHER_COMMIT, f"ran for the commit '{OTHER}'; it must be '{COMMIT}'"),
        ({"event": "workflow_dispatch"}, Reason.OTHER_EVENT, "by the event 'workflow_dispatch'; it must be 'push'"),
        ({"branch": "evil"}, Reason.OTHER_BRANCH, "on the branch 'evil'; it must be 'dev'"),
        ({"branch": ""}, Reason.OTHER_BRANCH, "on the branch ''"),
        *(
            (
                {"conclusion": conclusion},
                Reason.NOT_SUCCESSFUL,
                f"ended in '{conclusion}'; only success is ever attested",
            )
            for conclusion in (
                "failure",
                "cancelled",
                "skipped",
                "neutral",
                "timed_out",
                "action_required",
                "stale",
                "",
            )
        ),
    ],
)
def test_any_other_run_is_rejected_and_says_what_it_is(changed: dict[str, Any], reason: Reason, words: str) -> None:
    """A green tick is easily had; the sentence says whose it was."""
    with pytest.raises(Rejected) as caught:
        judge(replace(GREEN, **changed))

    assert caught.value.reason is reason
    assert caught.value.detail.startswith("run 7 ")
    assert words in caught.value.detail


def test_an_older_attempt_is_rejected() -> None:
    """It was green, and then somebody ran it again."""
    with pytest.raises(Rejected) as caught:
        judge(GREEN, NamedRun(7, 1))

    assert caught.value.reason is Reason.OLDER_ATTEMPT
    assert caught.value.detail == "run 7: attempt 1 was followed by attempt 2, which counts"


def test_an_attempt_that_is_not_there_yet_is_waited_for() -> None:
    """Its start may not be visible yet."""
    with pytest.raises(Unavailable) as caught:
        judge(GREEN, NamedRun(7, 3))

    assert caught.value.fault is Fault.NOT_VISIBLE_YET


@pytest.mark.parametrize("status", ["queued", "in_progress", "waiting", "requested", "pending", ""])
def test_a_run_that_has_not_ended_is_waited_for(status: str) -> None:
    """CI publishes from within the run; that must not be the end of it."""
    with pytest.raises(Unavailable) as caught:
        judge(replace(GREEN, status=status, conclusion=""))

    assert caught.value.fault is Fault.NOT_FINISHED


def test_a_wrong_run_is_not_waited_for() -> None:
    """Whatever it ends in, it is not the suite's."""
    with pytest.raises(Rejected):
        judge(replace(GREEN, status="in_progress", workflow="other"))


@pytest.mark.parametrize(
    ("url", "web", "expected"),
    [
        (f"{WEB}/{REPOSITORY}/actions/runs/123", WEB, NamedRun(123, None)),
        (f"{WEB}/{REPOSITORY}/actions/runs/123/attempts/2", WEB, NamedRun(123, 2)),
        (f"https://ghe.mdo.example/{REPOSITORY}/actions/runs/9", "https://ghe.mdo.example", NamedRun(9, None)),
        (f"https://mdo.example/git/{REPOSITORY}/actions/runs/9", "https://mdo.example/git", NamedRun(9, None)),
    ],
)
def test_a_run_is_named_by_its_page(url: str, web: str, expected: NamedRun) -> None:
    """What the browser shows, with or without the attempt, on GitHub or a company's own."""
    assert named_run(url, web_url=web, repository=REPOSITORY) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://ci.mdo.example/runs/1",
        f"https://github.com.evil.example/{REPOSITORY}/actions/runs/1",
        f"https://evil@github.com/{REPOSITORY}/actions/runs/1",
        f"{WEB}:8443/{REPOSITORY}/actions/runs/1",
        f"{WEB}/eve/mdo-environments/actions/runs/1",
        f"{WEB}/{REPOSITORY}-2/actions/runs/1",
        f"{WEB}/x/{REPOSITORY}/actions/runs/1",
        f"{WEB}/actions/runs/1",
        f"{WEB}/{REPOSITORY}/actions/runs/",
        f"{WEB}/{REPOSITORY}/actions/runs/0",
        f"{WEB}/{REPOSITORY}/actions/runs/1e3",
        f"{WEB}/{REPOSITORY}/actions/runs/1/",
        f"{WEB}/{REPOSITORY}/actions/runs/1/job/2",
        f"{WEB}/{REPOSITORY}/actions/runs/1/../2",
        f"{WEB}/{REPOSITORY}/actions/runs/1?x=/actions/runs/2",
        f"{WEB}/{REPOSITORY}/actions/runs/1#2",
        f"{WEB}/{REPOSITORY}/actions/runs/{'9' * 20}",
        f"{WEB}/{REPOSITORY}/actions/runs/%31",
        f"{WEB}/{REPOSITORY}/actions/runs/1/attempts/0",
    ],
)
def test_anything_else_names_no_run(url: str) -> None:
    """Host, owner, repository and id, as GitHub writes them, and nothing beside them."""
    with pytest.raises(Rejected) as caught:
        named_run(url, web_url=WEB, repository=REPOSITORY)

    assert caught.value.reason is Reason.FOREIGN_RUN


@pytest.mark.parametrize("query", ["", "?project=123456789012", "?project=mdo-gate", "?project=mdo.example:gate"])
def test_a_build_is_named_by_its_log(query: str) -> None:
    """`logUrl` has the project's number, which says nothing here: the configured project is asked."""
    assert named_build(f"{CONSOLE};region=europe-west1/{BUILD}{query}", TRIGGER) == BUILD
    for place in ("", ";region=global"):
        assert named_build(f"{CONSOLE}{place}/{BUILD}{query}", replace(TRIGGER, location="global")) == BUILD


@pytest.mark.parametrize(
    "url",
    [
        f"{CONSOLE}/{BUILD}",
        f"{CONSOLE};region=us-central1/{BUILD}",
        f"{CONSOLE};region=europe-west1/{BUILD}/logs",
        f"{CONSOLE};region=europe-west1/{BUILD}?x=1",
        f"{CONSOLE};region=europe-west1/../{BUILD}",
        f"https://evil.example/cloud-build/builds;region=europe-west1/{BUILD}",
        f"{WEB}/{REPOSITORY}/actions/runs/1",
    ],
)
def test_anything_else_names_no_build(url: str) -> None:
    """A build in another location is another trigger's."""
    with pytest.raises(Rejected) as caught:
        named_build(url, TRIGGER)

    assert caught.value.reason is Reason.FOREIGN_RUN


def test_the_build_of_the_trigger_from_the_commit_proves_the_suite() -> None:
    """As Cloud Build says itself."""
    require_build(BUILT, BUILD, TRIGGER, commit=COMMIT)


@pytest.mark.parametrize(
    ("changed", "reason", "words"),
    [
        ({"trigger": ""}, Reason.OTHER_WORKFLOW, "is of the trigger ''"),
        ({"trigger": "00000000"}, Reason.OTHER_WORKFLOW, "is of the trigger '00000000'"),
        ({"status": "FAILURE"}, Reason.NOT_SUCCESSFUL, "ended in 'FAILURE'"),
        ({"status": "EXPIRED"}, Reason.NOT_SUCCESSFUL, "ended in 'EXPIRED'"),
        ({"commits": frozenset({OTHER})}, Reason.OTHER_COMMIT, f"built '{OTHER}'; the event is about {COMMIT}"),
        ({"commits": frozenset({OTHER, COMMIT})}, Reason.OTHER_COMMIT, f"built '{COMMIT}', '{OTHER}'"),
        ({"commits": frozenset()}, Reason.OTHER_COMMIT, "built no commit that Cloud Build resolved"),
    ],
)
def test_any_other_build_is_rejected(changed: dict[str, Any], reason: Reason, words: str) -> None:
    """A build without a resolved commit was made of something else than the repository."""
    with pytest.raises(Rejected) as caught:
        require_build(replace(BUILT, **changed), BUILD, TRIGGER, commit=COMMIT)

    assert caught.value.reason is reason
    assert words in caught.value.detail


@pytest.mark.parametrize("status", ["STATUS_UNKNOWN", "PENDING", "QUEUED", "WORKING"])
def test_a_build_that_has_not_ended_is_waited_for(status: str) -> None:
    """Its source need not be resolved by then."""
    with pytest.raises(Unavailable) as caught:
        require_build(replace(BUILT, status=status, commits=frozenset()), BUILD, TRIGGER, commit=COMMIT)

    assert caught.value.fault is Fault.NOT_FINISHED
