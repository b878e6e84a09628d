"""What prod's branch rules leave open: ways to merge what prodgate never said yes to.

Source: docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from shared.domain.harmless import code

METHODS: Final = frozenset(("merge", "squash", "rebase"))
_SHOWN: Final = 200  # characters of what GitHub said
_LOSING: Final = METHODS - {"merge"}


@dataclass(frozen=True, slots=True)
class RequiredCheck:
    """A status without which nothing is merged; `app` is the id of the App that must set it, None is anybody."""

    context: str
    app: int | None


@dataclass(frozen=True, slots=True)
class BranchRules:
    """The active rules of a branch, as far as releases depend on them."""

    checks: tuple[RequiredCheck, ...]
    must_be_up_to_date: bool
    merge_methods: frozenset[str]

    def within(self, allowed: frozenset[str]) -> BranchRules:
        """Leave out the ways of merging that the repository does not allow at all."""
        return replace(self, merge_methods=self.merge_methods & allowed)


@dataclass(frozen=True, slots=True)
class UnreadRules:
    """Rules that GitHub does not show, and what it said instead."""

    why: str


@dataclass(frozen=True, slots=True)
class Setter:
    """Who sets our status: a GitHub App, by its id where that is configured, or a person with a token."""

    is_app: bool
    app: int | None = None


def merge_methods(allowed: Iterable[Iterable[str] | None]) -> frozenset[str]:
    """Choose what every ruleset allows, for all of them must be obeyed; one that names no way of merging allows all."""
    methods = METHODS
    for one in allowed:
        methods &= frozenset(one or METHODS)
    return methods


def weaknesses(rules: BranchRules | UnreadRules, branch: str, context: str, setter: Setter) -> tuple[str, ...]:
    """Say what the rules of a branch leave open, one sentence each."""
    if isinstance(rules, UnreadRules):
        return (f"The rules of {branch} cannot be read, so nothing is known about them: {code(rules.why[:_SHOWN])}",)
    return tuple(_weaknesses(rules, branch, context, setter))


def _weaknesses(rules: BranchRules, branch: str, context: str, setter: Setter) -> Iterator[str]:
    required = [check for check in rules.checks if check.context == context]
    if required:
        yield from _unpinned(required, context, setter)
    else:
        yield f"No ruleset requires the check {context} on {branch}: add one, or what nobody tested can be merged."
    if not rules.must_be_up_to_date:
        yield f"{branch} does not require branches to be up to date: a release older than its head can be merged."
    losing = sorted(rules.merge_methods & _LOSING)
    if losing:
        how = " and ".join(losing)
        yield f"{branch} allows to {how}: the commit that lands then lacks the status. Allow merge commits only."


def _unpinned(required: list[RequiredCheck], context: str, setter: Setter) -> Iterator[str]:
    """Say where somebody else could turn the check green."""
    pinned = {check.app for check in required} - {None}
    if not setter.is_app:
        yield (
            f"The check {context} is set with a person's token here, and only an App's can be pinned: whoever may set "
            "a status can turn it green."
        )
    elif not pinned or (setter.app is not None and setter.app not in pinned):
        yield f"The required check {context} is not pinned to this App: whoever may set a status can turn it green."
    elif setter.app is None:
        yield (
            f"The required check {context} is pinned to an App, and nobody can tell whether to this one: "
            "PRODGATE_GITHUB_APP_ID is not set."
        )
