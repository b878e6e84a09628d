"""Which image pushes a release brought to prod, as its own commits tell."""

from __future__ import annotations

from collections.abc import Iterable

from shared.clients.github import Repository
from shared.clients.github.git import Comparison
from shared.clients.github.pulls import PullRequest
from shared.domain.image import ImageName
from shared.domain.pull_request import released_commit
from shared.domain.push_times import BroughtPushes, brought_pushes, of_images, pinned_pushes, released_pushes


def pushes_between(comparison: Comparison, images: Iterable[ImageName] | None = None) -> BroughtPushes | None:
    """Read what the commits between two releases say, of some images or of all."""
    pushes = [push for commit in comparison.commits for push in pinned_pushes(commit.message, commit.committed_at)]
    chosen = pushes if images is None else of_images(pushes, frozenset(images))
    return brought_pushes(chosen, or_earlier=len(comparison.commits) < comparison.total)


async def pushes_of(pull: PullRequest, repository: Repository) -> BroughtPushes | None:
    """Read what a merged pull request brought: a snapshot says it, whose commit is known by now; dev's commits do.

    Raises:
        Unavailable: the commits of a pull request that is no snapshot cannot be read.
    """
    head = await repository.git.commit(pull.head_sha)
    if head is None:
        return None
    if released_commit(head.message) is not None:
        return released_pushes(head.message, head.committed_at)
    comparison = await repository.git.compare(pull.base_sha, head.sha)
    return None if comparison is None else pushes_between(comparison)
