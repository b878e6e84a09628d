"""Everything that is read before a release is judged, at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from shared.clients.gathering import gather_all, together
from shared.clients.github.git import Commit
from shared.clients.github.pulls import PullRequest
from shared.clients.github.statuses import CommitStatuses
from shared.domain.attestors import Attestor
from shared.domain.errors import Fault, Unavailable
from shared.domain.protection import BranchRules
from shared.domain.pull_request import branch
from shared.workflow.environment import CommitContents, ProdPolicy, contents_of, prod_policy, require_on_dev
from shared.workflow.promotion import Looking, PromotingCloud, Strategy, Wish


@dataclass(frozen=True, slots=True)
class Standing:
    """A commit and what it holds."""

    commit: Commit
    contents: CommitContents


@dataclass(frozen=True, slots=True)
class Rules:
    """Prod's policy, and every required attestor: the suites' own, and those that the policy names."""

    prod: ProdPolicy
    attestors: tuple[Attestor, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """The tested commit with every status on it, prod's head, the rules, and the newest pull requests into prod."""

    tested: Standing
    statuses: CommitStatuses
    prod: Standing
    rules: Rules
    branch_rules: BranchRules
    pulls: tuple[PullRequest, ...]
    head: str

    @property
    def own(self) -> PullRequest | None:
        """The open pull request of this release."""
        return next((pull for pull in self.pulls if pull.is_open and pull.is_ours and pull.head == self.head), None)


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
        rules = group.create_task(_rules(looking.cloud))
        pulls = group.create_task(repository.pulls.newest(settings.environment.prod))
        branch_rules = group.create_task(repository.rules.of(settings.environment.prod))
    standing, statuses = tested.result()
    snapshot = wish.rollback is not None or settings.strategy is Strategy.SNAPSHOT
    head = branch(wish.commit) if snapshot else settings.environment.dev
    return Scene(standing, statuses, prod.result(), rules.result(), branch_rules.result(), pulls.result(), head)


async def _tested(wish: Wish, looking: Looking) -> tuple[Standing, CommitStatuses]:
    """Read the tested commit, and every status on exactly it."""
    repository, environment = looking.repository, looking.cloud.settings.environment
    commit = await require_on_dev(wish.commit, repository, environment, settling=looking.settling)
    async with together() as group:
        reading = group.create_task(contents_of(commit.tree, repository, environment))
        statuses = await repository.statuses.on(commit.sha)
    return Standing(commit, reading.result()), statuses


async def _prod(looking: Looking) -> Standing:
    """Read what prod's head holds."""
    repository, environment = looking.repository, looking.cloud.settings.environment
    commit = await repository.git.commit(await repository.git.require_head(environment.prod))
    if commit is None:
        raise Unavailable(Fault.NOT_VISIBLE_YET, f"the head of {environment.prod} cannot be read yet")
    return Standing(commit, await contents_of(commit.tree, repository, environment))


async def _rules(cloud: PromotingCloud) -> Rules:
    """Read prod's policy and the required attestors."""
    own = set(cloud.settings.suites.values())
    async with together() as group:
        reading = group.create_task(prod_policy(cloud.binauthz, cloud.settings.policy))
        attestors: Sequence[Attestor] = await gather_all(map(cloud.binauthz.attestor, own))
    prod = reading.result()
    others = await gather_all(map(cloud.binauthz.attestor, set(prod.attestors) - own))
    return Rules(prod, tuple(sorted((*attestors, *others), key=attrgetter("name"))))
