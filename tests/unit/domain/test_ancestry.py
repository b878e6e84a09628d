"""What one history has and another has not: exact where it is said, and silent where the way is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.ancestry import only_in

Graph = Mapping[str, tuple[str, ...]]
LINE: Graph = {"a": (), "b": ("a",), "c": ("b",), "d": ("c",)}
FORKED: Graph = {**LINE, "side": ("b",), "joined": ("d", "side")}


def all_below(commit: str, graph: Graph) -> set[str]:
    """A commit and everything that it comes from."""
    return {commit}.union(*(all_below(parent, graph) for parent in graph[commit]))


@st.composite
def graphs(draw: Any) -> dict[str, tuple[str, ...]]:
    """A history of some commits, each upon up to two older ones."""
    names = [f"c{number}" for number in range(draw(st.integers(2, 9)))]
    return {
        name: tuple(draw(st.lists(st.sampled_from(names[:nth]), max_size=2, unique=True))) if nth else ()
        for nth, name in enumerate(names)
    }


@pytest.mark.parametrize(
    ("head", "base", "only"),
    [("d", "b", ("c", "d")), ("d", "d", ()), ("joined", "c", ("d", "side", "joined")), ("b", "d", None)],
)
def test_parents_come_before_children(head: str, base: str, only: tuple[str, ...] | None) -> None:
    """Commits are shown in the order in which they were made."""
    assert only_in(head, base, FORKED.get) == only


@settings(derandomize=True, deadline=None)
@given(graphs(), st.data())
def test_with_every_commit_known_it_is_the_difference_of_both_histories(graph: Graph, data: Any) -> None:
    """As `git rev-list base..head` says, for every base that is an ancestor."""
    head, base = (data.draw(st.sampled_from(sorted(graph))) for _ in "hb")
    found = only_in(head, base, graph.get)

    if base in all_below(head, graph):
        assert found is not None
        assert set(found) == all_below(head, graph) - all_below(base, graph)
        assert all(found.index(p) < found.index(c) for c in found for p in graph[c] if p in found)
    else:
        assert found is None


@settings(derandomize=True, deadline=None)
@given(graphs(), st.data())
def test_what_is_not_known_never_makes_an_ancestor(graph: Graph, data: Any) -> None:
    """Whether a release holds another decides which of them goes to prod."""
    head, base = (data.draw(st.sampled_from(sorted(graph))) for _ in "hb")
    known = {name: graph[name] for name in data.draw(st.sets(st.sampled_from(sorted(graph))))}

    if only_in(head, base, known.get) is not None:
        assert base in all_below(head, graph)


def test_a_walk_is_bounded() -> None:
    """A history of years is asked of GitHub, not walked."""
    line: dict[str, tuple[str, ...]] = {f"{n}": (f"{n - 1}",) for n in range(1, 5_000)}

    assert only_in("4999", "4000", line.get) is not None
    assert only_in("4999", "1000", line.get) is None
