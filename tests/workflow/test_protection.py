"""Prod's branch rules: what they leave open is said where people decide, or keeps the release back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.github.repository import Merging
from local.world.names import PROMOTE, REPOSITORY
from local.world.world import World
from tests.company import release_posts, small_world
from tests.conftest import Logs
from tests.workflow.test_promotion import complete_again, pull_of, release_status

MINT = "github.apps/create-installation-access-token"
APP = 100_000 + PROMOTE.installation


def rules(app: int | None = APP, methods: tuple[str, ...] = ("merge",), *, strict: bool = True) -> list[dict[str, Any]]:
    """Rules as `GET rules/branches/prod` shows them (docs.github.com/rest/repos/rules)."""
    check = {"context": "prodgate/release"} | ({} if app is None else {"integration_id": app})
    source = {"ruleset_source_type": "Repository", "ruleset_source": REPOSITORY, "ruleset_id": 1}
    required = {"strict_required_status_checks_policy": strict, "required_status_checks": [check]}
    review = {
        "allowed_merge_methods": list(methods),
        "dismiss_stale_reviews_on_push": True,
        "require_code_owner_review": False,
        "require_last_push_approval": False,
        "required_approving_review_count": 0,
        "required_review_thread_resolution": False,
    }
    return [
        {"type": "required_status_checks", **source, "parameters": required},
        {"type": "pull_request", **source, "parameters": review},
        {"type": "deletion", **source},
    ]


@pytest.fixture
def enforcing(quiet_logging: None) -> Iterator[World]:
    """A world that opens nothing into a prod that can be merged into without the gate."""
    with small_world(variables={"PRODGATE_PROTECTION": "enforce", "PRODGATE_GITHUB_APP_ID": str(APP)}) as fresh:
        yield fresh


def test_without_rules_body_and_log_warn(world: World, logs: Logs) -> None:
    """Whoever merges must know that the gate can be walked around."""
    tested = release_posts(world)

    body = pull_of(world, tested).body
    assert "> - No ruleset requires the check prodgate/release on prod: add one, or what nobody tested can be" in body
    assert "> - prod allows to rebase and squash: the commit that lands then lacks the status." in body
    warned = [e for e in logs() if e["logging.googleapis.com/labels"].get("event") == "release.unprotected"]
    assert len(warned) == 3


def test_good_rules_are_not_mentioned(enforcing: World) -> None:
    """A warning that is always there is read by nobody."""
    enforcing.cloud.github.set_rules(REPOSITORY, "prod", rules())

    tested = release_posts(enforcing)

    assert "Prod's branch rules" not in pull_of(enforcing, tested).body
    assert "github.repos/get-branch-rules" not in enforcing.faults.calls("github.repos")


def test_with_enforce_nothing_is_opened_until_the_rules_hold(enforcing: World) -> None:
    """The tested commit says why; once the rules are mended, a replay goes on."""
    world = enforcing
    world.cloud.github.set_rules(REPOSITORY, "prod", rules(app=APP + 1))

    tested = release_posts(world)

    (message,) = world.rejected
    assert message.reason == "unprotected"
    assert message.detail.startswith("The required check prodgate/release is not pinned to this App")
    assert world.pull_requests == []
    assert release_status(world, tested)[0] == "failure"

    world.cloud.github.set_rules(REPOSITORY, "prod", rules())
    complete_again(world, tested)
    assert pull_of(world, tested).state == "open"


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RATE_LIMIT_429"])
def test_rules_that_github_did_not_answer_about_are_asked_for_again(code: str, enforcing: World) -> None:
    """Could not check is never ok, and never a no either."""
    enforcing.faults.fail("github.repos/get-branch-rules", code=code, times=3)

    tested = release_posts(enforcing)

    assert 503 in {record.status for record in enforcing.deliveries}
    assert release_status(enforcing, tested)[0] == "failure"  # then they were read: there are none


@pytest.mark.parametrize(("code", "said"), [("PLAN", "403 Upgrade to GitHub Pro"), ("NOT_FOUND", "404 Not Found")])
def test_rules_that_github_does_not_show_are_a_warning(code: str, said: str, world: World) -> None:
    """A private repository of a free plan has no rulesets; people decide there, and must know it."""
    world.faults.fail("github.repos/get-branch-rules", code=code, times=9)

    tested = release_posts(world)

    assert (
        f"> - The rules of prod cannot be read, so nothing is known about them: `{said}" in pull_of(world, tested).body
    )


@pytest.mark.parametrize("code", ["PLAN", "NOT_FOUND"])
def test_a_kept_token_is_not_thrown_away_for_what_no_token_would_be_shown(code: str, quiet_logging: None) -> None:
    """Otherwise each event would mint another one."""
    with small_world(keeps_tokens=True) as world:
        world.faults.fail("github.repos/get-branch-rules", code=code, times=9)
        tested = release_posts(world)
        before = world.faults.calls(MINT)

        complete_again(world, tested)

        assert world.faults.calls(MINT) == before != {}


def test_with_enforce_rules_that_github_does_not_show_keep_the_release_back(enforcing: World) -> None:
    """Nobody retries a plan; the tested commit says what to change."""
    enforcing.faults.fail("github.repos/get-branch-rules", code="PLAN", times=9)

    tested = release_posts(enforcing)

    (message,) = enforcing.rejected
    assert message.reason == "unprotected"
    assert "cannot be read, so nothing is known about them: `403 Upgrade to GitHub Pro" in message.detail
    assert release_status(enforcing, tested)[0] == "failure"


def test_a_repository_without_squash_needs_no_rule_against_it(world: World) -> None:
    """Its settings are read beside everything else."""
    world.cloud.github.set_rules(REPOSITORY, "prod", rules(methods=("merge", "squash", "rebase")))
    world.cloud.github.set_merging(REPOSITORY, Merging(squash=False, rebase=False))

    tested = release_posts(world)

    assert "allows to" not in pull_of(world, tested).body


@pytest.mark.parametrize("is_snapshot", [True, False])
def test_a_branch_that_github_deletes_once_merged_must_not_be_dev(is_snapshot: bool, quiet_logging: None) -> None:
    """The strategy `branch` merges dev itself, which would be gone then; a release branch may go."""
    variables = {"PRODGATE_STRATEGY": "snapshot" if is_snapshot else "branch"}
    with small_world(variables=variables) as world:
        world.cloud.github.set_merging(REPOSITORY, Merging(deletes_branch=True))
        release_posts(world)
        (pull,) = world.pull_requests

    assert ("The repository deletes a branch once it is merged, and dev is what would be merged" in pull.body) == (
        not is_snapshot
    )


def test_what_the_rules_allow_is_merged_and_nothing_else(world: World) -> None:
    """The green status stands on the snapshot; dev's own commits, opened by hand, are not green."""
    world.cloud.github.set_rules(REPOSITORY, "prod", rules())
    tested = release_posts(world)
    by_hand = world.repository.create_pull("prod", "dev", title="By hand", body="")

    with pytest.raises(Exception, match="prodgate/release"):
        by_hand.merge()

    assert world.merge_release(tested) == world.head("prod")
