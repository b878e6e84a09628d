"""Closing pull requests that there is nothing left to merge of: a comment says why, then the branch goes.

GitHub closes a pull request whose branch is deleted, so there is no state in between. A closed pull request keeps its
commits (refs/pull/N/head).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from shared.clients.github.pulls import PullRequest
from shared.domain.pull_request import is_release_branch
from shared.domain.vocabulary import LogEvent
from shared.workflow.order import Made
from shared.workflow.promotion import Looking
from shared.workflow.release_status import Published
from shared.workflow.scene import Scene

LOG: Final = logging.getLogger("prodgate.closing")
_MARKER: Final = "<!-- prodgate:closed:v1 -->"


async def close_what_is_superseded(made: Sequence[Made], by: Published, looking: Looking) -> bool:
    """Close what a newer release replaces, with a link to that; answer whether there was anything.

    Raises:
        Unavailable: GitHub did not answer; the next delivery finds what is still open.
    """
    for one in made:
        LOG.info("#%d is superseded by #%d", one.pull.number, by.pull.number, extra={"event": LogEvent.SUPERSEDED})
        await _close(one.pull, f"Superseded by #{by.pull.number}, which has everything that this one has.", looking)
    return bool(made)


async def close_what_prod_has(scene: Scene, looking: Looking) -> bool:
    """Close this release's pull request once prod has its tree, however it came there."""
    if scene.own is None or scene.own.author != looking.login:
        return False
    await _close(scene.own, "There is nothing left to promote: prod has exactly this tree.", looking)
    return True


async def _close(pull: PullRequest, why: str, looking: Looking) -> None:
    repository = looking.repository
    if await repository.comments.marked(pull.number, _MARKER, looking.login) is None:
        await repository.comments.write(pull.number, f"{why}\n\n{_MARKER}")
    if is_release_branch(pull.head):
        await repository.git.delete(pull.head)
    else:
        await repository.pulls.close(pull.number)
