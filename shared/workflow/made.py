"""The pull requests that prodgate made, by what their snapshot commits say: no word in a title or a body counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.clients.gathering import gather_all
from shared.clients.github.git import Commit
from shared.clients.github.pulls import PullRequest
from shared.domain.body_markers import marked_commit
from shared.domain.pull_request import is_release_branch, is_rollback, released_commit, rollback_reason
from shared.workflow.promotion import RELEASE_STATUS, Looking, Wish

_NO_REASON: Final = "no reason was kept"


@dataclass(frozen=True, slots=True)
class Made:
    """A pull request that prodgate made: the tested commit, its tree, and the reason of a person who asked for it.

    `is_snapshot` is False for a pull request of dev itself, which the strategy `branch` makes.
    """

    pull: PullRequest
    commit: str
    tree: str
    is_snapshot: bool = True
    rollback: str | None = None

    @property
    def is_rollback(self) -> bool:
        """Whether a person asked for it."""
        return self.rollback is not None

    @property
    def wish(self) -> Wish:
        """What would ask for it again."""
        return Wish(self.commit, rollback=self.rollback)


async def made_of(pulls: Iterable[PullRequest], looking: Looking) -> list[Made]:
    """Read what pull requests release; those that prodgate did not make are left out.

    Raises:
        Unavailable: a commit or a status cannot be read.
    """
    found = await gather_all(_made(pull, looking) for pull in pulls if _may_be(pull, looking))
    return [one for one in found if one is not None]


def snapshot_of(pull: PullRequest, commit: Commit) -> Made | None:
    """Read what a commit releases; None where it does not say so as a snapshot does."""
    named = released_commit(commit.message)
    if named is None:
        return None
    reason = (rollback_reason(commit.message) or _NO_REASON) if is_rollback(commit.message) else None
    return Made(pull, named, commit.tree, rollback=reason)


def _may_be(pull: PullRequest, looking: Looking) -> bool:
    """Whether a look at its commit is worth a request."""
    from_dev = pull.head == looking.cloud.settings.environment.dev and pull.author == looking.login
    return pull.is_ours and (is_release_branch(pull.head) or (from_dev and marked_commit(pull.body) is not None))


async def _made(pull: PullRequest, looking: Looking) -> Made | None:
    """Read a pull request's commit: its author may have copied our body, and anybody may write a trailer.

    Where somebody else opened it, which is adopted, our own status on the commit says that we made that.
    """
    head = await looking.repository.git.commit(pull.head_sha)
    if head is None or not is_release_branch(pull.head):
        return None if head is None else Made(pull, head.sha, head.tree, is_snapshot=False)
    if pull.author != looking.login:
        status = await looking.repository.statuses.of(head.sha, RELEASE_STATUS, looking.login)
        if status is None:
            return None
    return snapshot_of(pull, head)
