"""Prod's branch rules: what they leave open is said, and nothing else."""

from __future__ import annotations

import dataclasses

import pytest

from shared.domain.protection import BranchRules, RequiredCheck, Setter, UnreadRules, merge_methods, weaknesses

OURS = RequiredCheck("prodgate/release", 7)
GOOD = BranchRules((RequiredCheck("ci", None), OURS), must_be_up_to_date=True, merge_methods=frozenset({"merge"}))


APP = Setter(is_app=True, app=7)


def found(setter: Setter = APP, **changed: object) -> list[str]:
    """The first words of each weakness of rules that differ from good ones."""
    rules = dataclasses.replace(GOOD, **changed)  # type: ignore[arg-type]
    return [sentence.partition(":")[0] for sentence in weaknesses(rules, "prod", "prodgate/release", setter)]


def test_rules_that_leave_nothing_open_are_no_weakness() -> None:
    """Whoever did everything right reads nothing."""
    assert found() == []


CASES = {
    "no check": ({"checks": (RequiredCheck("ci", 7),)}, "No ruleset requires the check prodgate/release on prod"),
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


@pytest.mark.parametrize("pinned", [7, 8])
def test_an_app_that_does_not_know_its_own_id_cannot_say_whose_check_it_is(pinned: int) -> None:
    """A check that is pinned to a stranger's App would otherwise be taken for ours."""
    (sentence,) = weaknesses(
        dataclasses.replace(GOOD, checks=(RequiredCheck("prodgate/release", pinned),)),
        "prod",
        "prodgate/release",
        Setter(is_app=True),
    )

    assert sentence.endswith("nobody can tell whether to this one: PRODGATE_GITHUB_APP_ID is not set.")


@pytest.mark.parametrize("app", [None, 7])
def test_a_persons_status_cannot_be_pinned(app: int | None) -> None:
    """Whatever the ruleset says, an App's id is none of a person's."""
    checks = (RequiredCheck("prodgate/release", app),)

    (sentence,) = found(Setter(is_app=False), checks=checks)

    assert sentence.startswith("The check prodgate/release is set with a person's token here")


def test_rules_that_cannot_be_read_are_one_weakness() -> None:
    """Nothing is known about them, and GitHub's own words say why."""
    (sentence,) = weaknesses(UnreadRules("403 Upgrade to GitHub Pro"), "prod", "prodgate/release", APP)

    assert sentence == "The rules of prod cannot be read, so nothing is known about them: `403 Upgrade to GitHub Pro`"


def test_what_the_repository_does_not_allow_needs_no_rule() -> None:
    """Squash and rebase that nobody can choose lose nothing."""
    everything = dataclasses.replace(GOOD, merge_methods=merge_methods([None]))

    assert weaknesses(everything.within(frozenset({"merge", "squash"})), "prod", "prodgate/release", APP) == (
        "prod allows to squash: the commit that lands then lacks the status. Allow merge commits only.",
    )
    assert weaknesses(everything.within(frozenset({"merge"})), "prod", "prodgate/release", APP) == ()


def test_every_ruleset_must_be_obeyed() -> None:
    """So what is left is what all of them allow."""
    assert merge_methods([["merge", "squash"], None, ["squash", "rebase"]]) == frozenset({"squash"})


def test_no_rules_at_all_are_every_weakness() -> None:
    """Empty means no."""
    everything = frozenset({"merge", "squash", "rebase"})

    assert len(found(checks=(), must_be_up_to_date=False, merge_methods=everything)) == 3
