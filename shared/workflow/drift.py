"""Refusing a snapshot that would undo what prod alone has.

Most of the time one comparison of tree ids is enough: prod's head has the tree of the last release. Only where it has
not are files compared, and only files that nothing explains yet are looked up in dev's history.
"""

from __future__ import annotations

from typing import Final

from shared.clients.gathering import gather_all
from shared.clients.github.git import Comparison
from shared.domain.drift import Files, changed_by_hand, drift_sentence, explained, files_of
from shared.domain.errors import Reason, Rejected
from shared.workflow.order import Course
from shared.workflow.promotion import Looking, Wish
from shared.workflow.scene import Scene

_LOOKED_UP: Final = 20  # files; whoever changed more by hand on prod wants to be asked anyway
_COMMITS: Final = 20  # of each file's history on dev


async def require_no_drift(
    wish: Wish, scene: Scene, course: Course, comparison: Comparison | None, looking: Looking
) -> None:
    """Make sure that merging the snapshot takes nothing away that people changed on prod by hand.

    Raises:
        Rejected: it would; the sentence names the files.
        Unavailable: something cannot be read.
    """
    git = looking.repository.git
    baseline = course.last.tree if course.last else comparison.merge_tree if comparison else None
    if baseline == scene.prod.tree:
        return
    before = files_of(await git.tree(baseline)) if baseline else {}
    prod, tested = files_of(await git.tree(scene.prod.tree)), files_of(await git.tree(scene.tested.tree))
    suspects = changed_by_hand(prod, before, tested)
    if 0 < len(suspects) <= _LOOKED_UP:
        head = wish.commit if wish.rollback is None else looking.cloud.settings.environment.dev
        histories = await gather_all(_history(path, head, looking) for path in suspects)
        known = zip(suspects, histories, strict=True)
        suspects = tuple(path for path, history in known if not explained(path, prod, history))
    if suspects:
        environment = looking.cloud.settings.environment
        raise Rejected(Reason.DRIFT, drift_sentence(suspects, environment.prod, environment.dev))


async def _history(path: str, head: str, looking: Looking) -> list[Files]:
    """Read the trees in which dev's history changed a file."""
    commits = await looking.repository.git.history(head, most=_COMMITS, path=path)
    trees = await gather_all(looking.repository.git.tree(commit.tree) for commit in commits)
    return [files_of(entries) for entries in trees]
