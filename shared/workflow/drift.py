"""Refusing a snapshot that would undo what prod alone has, or bring back what prod took back.

Most of the time one comparison of tree ids is enough: prod's head has the tree of the last release. Only where it has
not are files compared, and only files that nothing explains yet are looked up in dev's history.
"""

from __future__ import annotations

from typing import Final

from shared.clients.gathering import gather_all
from shared.clients.github.git import Comparison
from shared.domain.drift import (
    Files,
    brought_back,
    changed_by_hand,
    drift_sentence,
    explained,
    files_of,
    taken_back_sentence,
)
from shared.domain.errors import Reason, Rejected
from shared.workflow.made import Made
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
    baseline = course.last.tree if course.last else comparison.merge_tree if comparison else None
    if baseline == scene.prod.tree:
        return
    before = await _files(baseline, looking) if baseline else {}
    prod, tested = await _files(scene.prod.tree, looking), await _files(scene.tested.tree, looking)
    suspects = changed_by_hand(prod, before, tested)
    if 0 < len(suspects) <= _LOOKED_UP:
        head = wish.commit if wish.rollback is None else looking.cloud.settings.environment.dev
        known = await _known(suspects, prod, head, looking)
        suspects = tuple(path for path in suspects if path not in known)
    if suspects:
        environment = looking.cloud.settings.environment
        raise Rejected(Reason.DRIFT, drift_sentence(suspects, environment.prod, environment.dev))


async def brought_back_by(wish: Wish, scene: Scene, course: Course, looking: Looking) -> tuple[str, ...]:
    """Name the files that prod took back since the last release, and that merging brings back as that had them.

    A rollback by pull request takes files back, and so does a `git revert` on prod. Where a release has something new
    for at least one of those files it may be the mend, and people are told; a person's own wish is not questioned.

    Raises:
        Rejected: the release has nothing new for any of those files.
        Unavailable: something cannot be read.
    """
    released = course.forward
    if wish.rollback is not None or released is None or released.tree == scene.prod.tree:
        return ()
    prod, tested = await _files(scene.prod.tree, looking), await _files(scene.tested.tree, looking)
    back, new = brought_back(prod, await _files(released.tree, looking), tested)
    back = await _taken_back(back, released, prod, course=course, looking=looking)
    if back and not new:
        environment = looking.cloud.settings.environment
        raise Rejected(Reason.DRIFT, taken_back_sentence(back, environment.prod, environment.dev))
    return back


async def _taken_back(
    back: tuple[str, ...], released: Made, prod: Files, *, course: Course, looking: Looking
) -> tuple[str, ...]:
    """Leave out what dev had after the last release and dropped again: that was no taking back, dev moved on.

    Those are few: what differs from the last release and from the tested tree was looked up as drift already.
    """
    if course.last is not None and course.last.is_rollback:
        return back
    known = await _known(back, prod, released.commit, looking)
    return tuple(path for path in back if path in known)


async def _known(paths: tuple[str, ...], prod: Files, head: str, looking: Looking) -> frozenset[str]:
    """Answer the paths that a history once had as prod has them."""
    histories = await gather_all(_history(path, head, looking) for path in paths)
    return frozenset(path for path, history in zip(paths, histories, strict=True) if explained(path, prod, history))


async def _files(tree: str, looking: Looking) -> Files:
    return files_of(await looking.repository.git.tree(tree))


async def _history(path: str, head: str, looking: Looking) -> list[Files]:
    """Read the trees in which dev's history changed a file."""
    commits = await looking.repository.git.history(head, most=_COMMITS, path=path)
    trees = await gather_all(looking.repository.git.tree(commit.tree) for commit in commits)
    return [files_of(entries) for entries in trees]
