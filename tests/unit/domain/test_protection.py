"""Prod's branch rules: what they leave open is said, and nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from shared.domain.protection import BranchRules, RequiredCheck, weaknesses

OURS = RequiredCheck("prodgate/release", 7)
GOOD = BranchRules((RequiredCheck("ci", None), OURS), must_be_up_to_date=True, merge_methods=frozenset({"merge"}))


def found(app: int | None = 7, **changed: object) -> list[str]:
    """The first words of each weakness of rules that differ from good ones."""
    rules = dataclasses.replace(GOOD, **changed)  # type: ignore[arg-type]
    return [sentence.partition(":")[0] for sentence in weaknesses(rules, "prod", "prodgate/release", app)]


def test_rules_that_leave_nothing_open_are_no_weakness() -> None:
    """Whoever did everything right reads nothing."""
    assert found() == []
    assert found(app=None) == []


CASES = {
    "no check": ({"checks": (RequiredCheck("ci", 7),)}, "prod does not require the check prodgate/release"),
    "anybody's": (
        {"checks": (RequiredCheck("prodgate/release", None),)},
        "The required check prodgate/release is not pinned to this App",
    ),
    "another App's": (
        {"checks": (RequiredCheck("prodgate/release", 8),)},
        "The required check prodgate/release is not pinned to this App",
    ),
    "stale": ({"must_be_up_to_date": False}, "prod does not require branches to be up to date"),
    "squash": ({"merge_methods": frozenset({"merge", "squash"})}, "prod allows to squash"),
    "both": ({"merge_methods": frozenset({"rebase", "squash"})}, "prod allows to rebase and squash"),
}


@pytest.mark.parametrize("case", CASES)
def test_each_weakness_is_said_by_itself(case: str) -> None:
    """One sentence each, and what to do."""
    changed, sentence = CASES[case]

    assert found(**changed) == [sentence]


def test_another_apps_check_is_not_told_apart_where_our_own_id_is_not_known() -> None:
    """Then a pinned check is taken for ours."""
    assert found(app=None, checks=(RequiredCheck("prodgate/release", 8),)) == []


def test_no_rules_at_all_are_every_weakness() -> None:
    """Empty means no."""
    everything = frozenset({"merge", "squash", "rebase"})

    assert len(found(checks=(), must_be_up_to_date=False, merge_methods=everything)) == 3
