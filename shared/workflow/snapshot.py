"""The strategy `snapshot`: a branch with the tested tree on top of prod's head, green, and its one pull request."""

from __future__ import annotations

from dataclasses import dataclass

from shared.clients.gathering import together
from shared.clients.github import Repository
from shared.clients.github.git import Commit
from shared.clients.github.openings import NewBranch
from shared.clients.github.pulls import PullRequest
from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from shared.domain.pull_request import ReleaseReport, commit_message, says_request
from shared.workflow.closing import close_what_was_taken
from shared.workflow.promotion import RELEASE_STATUS, Looking
from shared.workflow.release_pull import bring_up_to_date, open_with
from shared.workflow.release_status import Published
from shared.workflow.scene import Scene


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The commit whose tree was tested, the open pull request of its branch if there is one, and whether it is new."""

    sha: str
    pull: PullRequest | None
    is_new: bool


async def publish_snapshot(report: ReleaseReport, scene: Scene, looking: Looking) -> Published:
    """Make or find the snapshot, its status and its pull request.

    Raises:
        Rejected: the release branch holds somebody else's work.
        Unavailable: GitHub did not answer, or somebody else did the same just now.
    """
    existing = await _existing(scene, looking)
    if existing is not None and _is_this(existing, report, scene):
        snapshot = _Snapshot(existing.sha, scene.own, is_new=False)
    else:
        snapshot = await _make(report, scene, looking, moves=existing is not None)
    async with together() as group:
        marking = group.create_task(_turn_green(snapshot.sha, report, looking, is_new=snapshot.is_new))
        pull, edited = await bring_up_to_date(report, snapshot.pull, scene.head, looking)
    if scene.own is None and pull.base_sha != scene.prod.sha:
        moved = looking.cloud.settings.environment.prod
        raise Unavailable(Fault.LOST_RACE, f"{moved} moved while #{pull.number} was opened; it is made anew")
    return Published(pull, snapshot.sha, changed=snapshot.is_new or marking.result() or edited)


async def _existing(scene: Scene, looking: Looking) -> Commit | None:
    """Read the commit that the open pull request has.

    Raises:
        Rejected: it holds another tree.
    """
    existing = await looking.repository.git.commit(scene.own.head_sha) if scene.own else None
    if existing is not None:
        await _require_ours(existing, scene.own, scene, looking)
    return existing


async def _make(report: ReleaseReport, scene: Scene, looking: Looking, *, moves: bool) -> _Snapshot:
    """Make the snapshot and have its branch name it; where both are new, its pull request is opened with them."""
    repository = looking.repository
    message = commit_message(report.commit, report.rollback, report.pushes)
    sha = await repository.git.commit_tree(scene.tested.tree, scene.prod.sha, message)
    if scene.own is None and scene.vacancy is not None:
        opened = await open_with(NewBranch(scene.vacancy, scene.head, sha), report, looking)
        if opened is not None and opened.head_sha == sha:
            return _Snapshot(sha, opened, is_new=True)
        if opened is not None:
            return await _adopt(sha, report, scene, looking, opened=opened)
    if await _name(scene.head, sha, repository, moves=moves):
        return _Snapshot(sha, scene.own, is_new=True)
    return await _adopt(sha, report, scene, looking)


async def _name(branch: str, sha: str, repository: Repository, *, moves: bool) -> bool:
    if moves:
        return await repository.git.move(branch, sha, force=True)
    return await repository.git.create(branch, sha)


async def _adopt(
    sha: str, report: ReleaseReport, scene: Scene, looking: Looking, *, opened: PullRequest | None = None
) -> _Snapshot:
    """Take over a branch of this name: an earlier try's, or one being made just now, on which ours may have opened.

    Raises:
        Rejected: it is somebody else's work.
        Unavailable: it cannot be read.
    """
    git = looking.repository.git
    standing = await git.head(scene.head)
    existing = await git.commit(standing) if standing else None
    if existing is None:
        raise Unavailable(Fault.LOST_RACE, f"somebody else made the branch {scene.head} just now")
    await _require_ours(existing, opened, scene, looking)
    if _is_this(existing, report, scene):
        return _Snapshot(existing.sha, opened, is_new=False)
    await git.move(scene.head, sha, force=True)
    return _Snapshot(sha, opened, is_new=True)


def _is_this(existing: Commit, report: ReleaseReport, scene: Scene) -> bool:
    """Whether a commit is on prod's head, and says what this release says: rollbacks have branches of the same name."""
    on_prod = existing.parents == (scene.prod.sha,)
    return on_prod and says_request(existing.message, report.commit, report.rollback)


async def _require_ours(existing: Commit, pull: PullRequest | None, scene: Scene, looking: Looking) -> None:
    """Leave somebody else's work alone, whatever its branch is called; but no pull request of ours stays open on it.

    Raises:
        Rejected: the branch holds another tree.
    """
    if existing.tree == scene.tested.tree:
        return
    if pull is not None:
        await close_what_was_taken(pull, looking)
    what = f"the branch {scene.head} holds another tree than {scene.tested.sha}; remove it"
    raise Rejected(Reason.BRANCH_TAKEN, what)


async def _turn_green(snapshot: str, report: ReleaseReport, looking: Looking, *, is_new: bool) -> bool:
    """Say on the snapshot commit that it is the tested tree, unless it says so; answer whether that was to be said."""
    statuses = looking.repository.statuses
    on = None if is_new else await statuses.of(snapshot, RELEASE_STATUS, looking.login)
    if on is not None and on.succeeded:
        return False
    await statuses.succeed(
        snapshot,
        RELEASE_STATUS,
        description=f"The tested tree of {report.commit[:12]}: {len(report.proofs)} attestations proven",
        target_url=f"{report.web_url}/commit/{report.commit}",
    )
    return True
