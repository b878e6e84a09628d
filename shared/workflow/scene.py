"""What a release is decided by before anything else is read: commits, statuses, prod's rules, open pull requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clients.gathering import together
from shared.clients.github.git import Commit
from shared.clients.github.overview import Overview, Question
from shared.clients.github.pulls import PullList, PullRequest
from shared.clients.github.statuses import CommitStatuses, Status
from shared.domain.errors import Fault, Unavailable
from shared.domain.protection import BranchRules, UnreadRules, weaknesses
from shared.domain.pull_request import branch
from shared.workflow.environment import require_on_dev, status_context
from shared.workflow.promotion import RELEASE_STATUS, Looking, Strategy, Wish


@dataclass(frozen=True, slots=True)
class Scene:
    """The tested commit with every status on it, prod's head and its rules, and the newest pull requests into prod.

    `head` is the branch of this release; `vacancy` is the repository's id for GraphQL where that told that there is no
    such branch yet; `deletes_branch` says that the repository deletes a branch once it is merged.
    """

    tested: Commit
    statuses: CommitStatuses
    prod: Commit
    branch_rules: BranchRules | UnreadRules
    pulls: PullList
    head: str
    vacancy: str | None = None
    deletes_branch: bool = False

    @property
    def own(self) -> PullRequest | None:
        """The open pull request of this release."""
        return next((pull for pull in self.pulls.all if pull.is_open and pull.is_ours and pull.head == self.head), None)


async def look(wish: Wish, looking: Looking) -> Scene:
    """Read it all: in one question as far as that is answered for certain, and what is left by itself.

    Raises:
        Rejected: the commit is not on dev.
        Unavailable: something cannot be read.
    """
    repository, settings = looking.repository, looking.cloud.settings
    environment = settings.environment
    is_snapshot = wish.rollback is not None or settings.strategy is Strategy.SNAPSHOT
    head = branch(wish.commit) if is_snapshot else environment.dev
    question = Question(environment.prod, environment.dev, head, wish.commit, RELEASE_STATUS)
    async with together() as group:
        listing = group.create_task(repository.git.tree_ahead(wish.commit))
        overview = await repository.overviews.read(question)
    if overview is not None:
        _remember(overview, looking)
    async with together() as group:
        tested = group.create_task(_tested(wish, overview, looking))
        prod = group.create_task(_prod(overview, looking))
        pulls = group.create_task(_pulls(overview, looking))
        branch_rules = await _branch_rules(overview, looking)
    commit, statuses = tested.result()
    if (entries := listing.result()) is not None:
        repository.git.saw_tree(commit.tree, entries)
    vacancy = overview.repository if overview is not None and not overview.has_head else None
    deletes_branch = overview is not None and overview.deletes_branch
    return Scene(commit, statuses, prod.result(), branch_rules, pulls.result(), head, vacancy, deletes_branch)


def _remember(overview: Overview, looking: Looking) -> None:
    """Have the clients know for this event what the question told beside its answer."""
    looking.repository.git.saw(looking.cloud.settings.environment.dev, overview.dev)
    for sha, status in overview.heads.items():
        looking.repository.statuses.learn(sha, RELEASE_STATUS, status)


async def _tested(wish: Wish, overview: Overview | None, looking: Looking) -> tuple[Commit, CommitStatuses]:
    """Read the tested commit, and every status on exactly it."""
    repository, environment = looking.repository, looking.cloud.settings.environment
    commit = await require_on_dev(wish.commit, repository, environment, settling=looking.settling)
    if overview is not None and _are_ours(overview.statuses, looking):
        return commit, CommitStatuses(overview.statuses)
    return commit, await repository.statuses.on(commit.sha)


def _are_ours(newest: Sequence[Status], looking: Looking) -> bool:
    """Whether the newest status of each context that matters is by whom it must be, so that it hides no other."""
    settings = looking.cloud.settings
    expected = {status_context(suite): settings.attester_login for suite in settings.suites}
    expected[RELEASE_STATUS] = looking.login
    by_name = {context.lower(): (context, login) for context, login in expected.items()}
    found = [status for status in newest if status.context.lower() in by_name]
    return all((status.context, status.creator) == by_name[status.context.lower()] for status in found)


async def _prod(overview: Overview | None, looking: Looking) -> Commit:
    """Read prod's head."""
    if overview is not None:
        return overview.prod
    repository, environment = looking.repository, looking.cloud.settings.environment
    commit = await repository.git.commit(await repository.git.require_head(environment.prod))
    if commit is None:
        raise Unavailable(Fault.NOT_VISIBLE_YET, f"the head of {environment.prod} cannot be read yet")
    return commit


async def _pulls(overview: Overview | None, looking: Looking) -> PullList:
    if overview is not None and overview.pulls is not None:
        return overview.pulls
    return await looking.repository.pulls.latest(looking.cloud.settings.environment.prod)


async def _branch_rules(overview: Overview | None, looking: Looking) -> BranchRules | UnreadRules:
    """Read prod's rules; that they leave nothing open is believed at once, anything else is asked for again."""
    prod = looking.cloud.settings.environment.prod
    if overview is None:
        return await looking.repository.rules.of(prod)
    told = overview.rules.within(overview.methods)
    if not weaknesses(told, prod, RELEASE_STATUS, looking.setter):
        return told
    read = await looking.repository.rules.of(prod)
    return read if isinstance(read, UnreadRules) else read.within(overview.methods)
