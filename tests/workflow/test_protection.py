"""Prod's branch rules: what they leave open is said where people decide, or keeps the release back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.world.names import PROMOTE, REPOSITORY
from local.world.world import World
from tests.company import release_posts, small_world
from tests.conftest import Logs
from tests.workflow.test_promotion import complete_again, pull_of, release_status

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
    assert "> - prod does not require the check prodgate/release: anything can be merged. Add it to a ruleset." in body
    assert "> - prod allows to rebase and squash: the commit that lands then lacks the status." in body
    warned = [e for e in logs() if e["logging.googleapis.com/labels"].get("event") == "release.unprotected"]
    assert len(warned) == 3


def test_good_rules_are_not_mentioned(world: World) -> None:
    """A warning that is always there is read by nobody."""
    world.cloud.github.set_rules(REPOSITORY, "prod", rules())

    tested = release_posts(world)

    assert "Prod's branch rules" not in pull_of(world, tested).body


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


def test_rules_that_cannot_be_read_are_no_rules_that_hold(enforcing: World) -> None:
    """Could not check is never ok: the event is retried."""
    enforcing.cloud.github.set_rules(REPOSITORY, "prod", rules())
    enforcing.faults.fail("github.repos/get-branch-rules", code="NOT_FOUND")

    tested = release_posts(enforcing)

    assert 503 in {record.status for record in enforcing.deliveries}
    assert pull_of(enforcing, tested).state == "open"


def test_what_the_rules_allow_is_merged_and_nothing_else(world: World) -> None:
    """The green status stands on the snapshot; dev's own commits, opened by hand, are not green."""
    world.cloud.github.set_rules(REPOSITORY, "prod", rules())
    tested = release_posts(world)
    by_hand = world.repository.create_pull("prod", "dev", title="By hand", body="")

    with pytest.raises(Exception, match="prodgate/release"):
        by_hand.merge()

    assert world.merge_release(tested) == world.head("prod")
