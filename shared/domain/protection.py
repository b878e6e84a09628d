"""What prod's branch rules leave open: ways to merge what prodgate never said yes to.

Source: docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_LOSING: Final = ("squash", "rebase")


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


def weaknesses(rules: BranchRules, branch: str, context: str, app: int | None) -> tuple[str, ...]:
    """Say what the rules of a branch leave open, one sentence each; `app` is our own App's id, where it is known."""
    return tuple(_weaknesses(rules, branch, context, app))


def _weaknesses(rules: BranchRules, branch: str, context: str, app: int | None) -> Iterator[str]:
    required = [check for check in rules.checks if check.context == context]
    if not required:
        yield f"{branch} does not require the check {context}: anything can be merged. Add it to a ruleset."
    elif not any(check.app is not None and app in (None, check.app) for check in required):
        yield f"The required check {context} is not pinned to this App: whoever may set a status can turn it green."
    if not rules.must_be_up_to_date:
        yield f"{branch} does not require branches to be up to date: a release older than its head can be merged."
    losing = sorted(rules.merge_methods & set(_LOSING))
    if losing:
        how = " and ".join(losing)
        yield f"{branch} allows to {how}: the commit that lands then lacks the status. Allow merge commits only."
