"""release-check: looking again at the newest commits on dev for one that was left waiting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from shared.clients.gathering import gather_all
from shared.clients.github.git import Commit
from shared.workflow.judge import missing_suites
from shared.workflow.promotion import Looking

_READ: Final = 100  # commits of one request, by date, those of merged branches among them
_LOOKED_AT: Final = 50  # commits that dev was at; whoever waits longer than that has something newer to release
_AT_ONCE: Final = 10  # of them; nearly always one of the newest is complete


async def newest_complete(looking: Looking) -> str | None:
    """Find the newest commit that dev was at and that has every required suite's status; the others wait for theirs.

    Raises:
        Unavailable: dev or a status cannot be read.
    """
    repository, settings = looking.repository, looking.cloud.settings
    head = await repository.git.require_head(settings.environment.dev)
    line = list(_first_parents(head, await repository.git.history(head, most=_READ)))[:_LOOKED_AT]
    for begin in range(0, len(line), _AT_ONCE):
        some = line[begin : begin + _AT_ONCE]
        statuses = await gather_all(map(repository.statuses.on, some))
        for commit, on in zip(some, statuses, strict=True):
            if not missing_suites(on, settings):
                return commit
    return None


def _first_parents(head: str, commits: Iterable[Commit]) -> Iterator[str]:
    """Follow what dev was at: a merge's first parent, not the branch that it brought."""
    known = {commit.sha: commit for commit in commits}
    following: str | None = head
    while following in known:
        yield following
        following = next(iter(known[following].parents), None)
