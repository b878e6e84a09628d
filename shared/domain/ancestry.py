"""Which commits one history has and another has not, as far as that can be known without asking.

A commit's id is the hash of its parents' ids among others, so what was read of a history once stays true.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

Parents = Callable[[str], tuple[str, ...] | None]
"""Gives a commit's parents; None where the commit is not known."""

_WALKED: Final = 2_000  # commits of one walk; what needs more is asked of GitHub


def only_in(head: str, base: str, parents: Parents) -> tuple[str, ...] | None:
    """List the commits that are in a head's history and not in its ancestor's, parents before children.

    None where that cannot be known: the base is no ancestor, as far as is known, or part of the way is not known.
    Where there is a list, the base is an ancestor; what it has by a way that is not known may be listed all the same.
    """
    below = _known_below(base, parents)
    order: list[str] = []
    seen = set(below)
    stack: list[tuple[str, bool]] = [(head, False)]
    met = head == base
    while stack:
        commit, are_parents_done = stack.pop()
        if are_parents_done:
            order.append(commit)
            continue
        met = met or commit == base
        if commit in seen:
            continue
        above = parents(commit)
        if above is None or len(seen) - len(below) > _WALKED:
            return None
        seen.add(commit)
        stack.append((commit, True))
        stack.extend((parent, False) for parent in reversed(above))
    return tuple(order) if met else None


def _known_below(base: str, parents: Parents) -> frozenset[str]:
    """Collect a commit and those of its ancestors that are known, or are parents of known ones."""
    below, stack = {base}, [base]
    while stack and len(below) < _WALKED:
        for parent in parents(stack.pop()) or ():
            if parent not in below:
                below.add(parent)
                stack.append(parent)
    return frozenset(below)
