"""Runs of GitHub Actions (docs.github.com/rest/actions/workflow-runs)."""

from __future__ import annotations

from shared.clients.github.connection import NOT_FOUND, Connection, Refused
from shared.domain.errors import Fault, Unavailable
from shared.domain.evidence import GitHubRun


class Runs:
    """Reads the runs of one repository."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def newest_attempt(self, run: int) -> GitHubRun | None:
        """Read a run as its newest attempt left it, or None where the repository has no such run.

        Raises:
            Unavailable: it cannot be read.
        """
        try:
            found = await self._connection.get(f"/actions/runs/{run}")
        except Refused as error:
            if error.status == NOT_FOUND:
                return None
            raise Unavailable(Fault.REFUSED, f"GitHub, run {run}: {error.status} {error.message}") from error
        return GitHubRun(
            workflow=str(found["path"]),
            event=str(found["event"]),
            branch=found["head_branch"] or "",
            commit=str(found["head_sha"]),
            repository=(found["head_repository"] or {}).get("full_name", ""),
            attempt=int(found["run_attempt"]),
            status=found["status"] or "",
            conclusion=found["conclusion"] or "",
        )
