"""release-check: looking again at the newest commits on dev for one that was left waiting."""

from __future__ import annotations

from typing import Final

from shared.clients.gathering import gather_all
from shared.workflow.judge import missing_suites
from shared.workflow.promotion import Looking

_LOOKED_AT: Final = 10  # commits; whoever waits longer than that has something newer to release


async def newest_complete(looking: Looking) -> str | None:
    """Find the newest commit on dev on which every required suite has its status; the others wait for theirs.

    Raises:
        Unavailable: dev or a status cannot be read.
    """
    repository, settings = looking.repository, looking.cloud.settings
    head = await repository.git.require_head(settings.environment.dev)
    commits = await repository.git.history(head, most=_LOOKED_AT)
    statuses = await gather_all(repository.statuses.on(commit.sha) for commit in commits)
    found = zip(commits, statuses, strict=True)
    return next((commit.sha for commit, on in found if not missing_suites(on, settings)), None)
