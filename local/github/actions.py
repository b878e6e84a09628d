"""Runs of GitHub Actions: `actions/get-workflow-run`, which tells of the newest attempt.

Who runs workflows is a test: `Repository.records.runs` is filled by the world's verbs.
"""

from __future__ import annotations

from typing import Any

from local.github.call import Answer, Call, Operation
from local.github.refusal import not_found
from local.github.repository import WorkflowRun
from local.github.representations import node_id
from local.github.signature import timestamp


async def get_run(call: Call) -> Answer:
    """Describe a run."""
    run = call.repository.records.runs.get(call.path["run_id"])
    if run is None:
        raise not_found()
    return Answer(representation(call, run))


def representation(call: Call, run: WorkflowRun) -> dict[str, Any]:
    """Describe a run as the schema `workflow-run`."""
    here = call.show.api(call.repository, f"/actions/runs/{run.id}")
    page = call.show.html(call.repository, f"/actions/runs/{run.id}")
    started = timestamp(run.created_at)
    previous = f"{here}/attempts/{run.attempt - 1}" if run.attempt > 1 else None
    actor = call.show.user(run.actor)
    links = ("jobs", "logs", "artifacts", "cancel", "rerun")
    return {
        "id": run.id,
        "name": "tests",
        "node_id": node_id("WFR", run.id),
        "head_branch": run.branch,
        "head_sha": run.commit,
        "path": run.workflow,
        "display_title": "tests",
        "run_number": run.id,
        "run_attempt": run.attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": 1,
        "url": here,
        "html_url": page,
        "pull_requests": [],
        "created_at": started,
        "updated_at": started,
        "run_started_at": started,
        "actor": actor,
        "triggering_actor": actor,
        **{f"{link}_url": f"{here}/{link}" for link in links},
        "check_suite_url": call.show.api(call.repository, f"/check-suites/{run.id}"),
        "previous_attempt_url": previous,
        "workflow_url": call.show.api(call.repository, "/actions/workflows/1"),
        "head_commit": {
            "id": run.commit,
            "tree_id": run.commit,
            "message": "tests",
            "timestamp": started,
            "author": {"name": run.actor.login, "email": run.actor.email},
            "committer": {"name": run.actor.login, "email": run.actor.email},
        },
        "repository": call.show.minimal_repository(call.repository),
        "head_repository": head_repository(call, run),
    }


def head_repository(call: Call, run: WorkflowRun) -> dict[str, Any] | None:
    """Describe where a run's commit is from: the repository itself, a fork, or one that is gone."""
    if run.head_repository is None:
        return None
    own = call.show.minimal_repository(call.repository)
    owner, _, name = run.head_repository.partition("/")
    is_fork = run.head_repository != call.repository.full_name
    return own | {"full_name": run.head_repository, "name": name or owner, "fork": is_fork}


OPERATIONS = (
    Operation(
        "actions/get-workflow-run", "GET", "/repos/{owner}/{repo}/actions/runs/{run_id:[0-9]+}", get_run, "actions"
    ),
)
