"""What a release is decided by before anything else is read: commits, statuses, prod's rules, open pull requests."""

from __future__ import annotations

from dataclasses import dataclass

from shared.clients.gathering import together
from shared.clients.github.git import Commit
from shared.clients.github.pulls import PullList, PullRequest
from shared.clients.github.statuses import CommitStatuses
from shared.domain.errors import Fault, Unavailable
from shared.domain.protection import BranchRules
from shared.domain.pull_request import branch
from shared.workflow.environment import require_on_dev
from shared.workflow.promotion import Looking, Strategy, Wish


@dataclass(frozen=True, slots=True)
class Scene:
    """The tested commit with every status on it, prod's head and its rules, and the newest pull requests into prod."""

    tested: Commit
    statuses: CommitStatuses
    prod: Commit
    branch_rules: BranchRules
    pulls: PullList
    head: str

    @property
    def own(self) -> PullRequest | None:
        """The open pull request of this release."""
        return next((pull for pull in self.pulls.all if pull.is_open and pull.is_ours and pull.head == self.head), None)


async def look(wish: Wish, looking: Looking) -> Scene:
    """Read it all.

    Raises:
        Rejected: the commit is not on dev.
        Unavailable: something cannot be read.
    """
    repository, settings = looking.repository, looking.cloud.settings
    async with together() as group:
        tested = group.create_task(_tested(wish, looking))
        prod = group.create_task(_prod(looking))
        pulls = group.create_task(repository.pulls.latest(settings.environment.prod))
        branch_rules = group.create_task(repository.rules.of(settings.environment.prod))
    commit, statuses = tested.result()
    snapshot = wish.rollback is not None or settings.strategy is Strategy.SNAPSHOT
    head = branch(wish.commit) if snapshot else settings.environment.dev
    return Scene(commit, statuses, prod.result(), branch_rules.result(), pulls.result(), head)


async def _tested(wish: Wish, looking: Looking) -> tuple[Commit, CommitStatuses]:
    """Read the tested commit, and every status on exactly it."""
    repository, environment = looking.repository, looking.cloud.settings.environment
    commit = await require_on_dev(wish.commit, repository, environment, settling=looking.settling)
    return commit, await repository.statuses.on(commit.sha)


async def _prod(looking: Looking) -> Commit:
    """Read prod's head."""
    repository, environment = looking.repository, looking.cloud.settings.environment
    commit = await repository.git.commit(await repository.git.require_head(environment.prod))
    if commit is None:
        raise Unavailable(Fault.NOT_VISIBLE_YET, f"the head of {environment.prod} cannot be read yet")
    return commit
