"""Teams are asked for their review by an App that may see them, and no other App may."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from local.world.names import PROMOTE, REPOSITORY
from local.world.world import World
from tests.company import release_posts, small_world
from tests.workflow.test_promotion import pull_of

VARIABLES = {"PRODGATE_PULL_REQUEST": json.dumps({"team_reviewers": ["release-managers"]})}


def grant(world: World, **more: str) -> None:
    """Grant the release App other permissions than it has."""
    apps = world.cloud.github.accounts.apps
    app = apps[PROMOTE.client_id]
    granted = {**app.installed.permissions, **more}
    apps[PROMOTE.client_id] = replace(app, installed=replace(app.installed, permissions=granted))


def test_a_team_is_asked_by_an_app_that_may_see_the_organization(quiet_logging: None) -> None:
    """Without `members: read` GitHub says that it cannot resolve a node."""
    with small_world(variables=VARIABLES) as world:
        world.cloud.github.add_team(REPOSITORY, "release-managers")
        grant(world, members="read")

        commit = release_posts(world)

        asked = world.repository.get_pull(pull_of(world, commit).number).requested_teams
        assert [team.slug for team in asked] == ["release-managers"]


def test_an_app_that_lacks_it_is_named_with_what_it_lacks(
    quiet_logging: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token is asked for what the configuration needs, so the first event says it."""
    with small_world(variables=VARIABLES) as world:
        release_posts(world)

        assert world.pull_requests == []
    assert (
        "(contents: write, members: read, metadata: read, pull_requests: write, statuses: write)"
        in capsys.readouterr().out
    )


def test_without_teams_nobody_looks_at_the_organization(world: World) -> None:
    """A permission that is not needed is not asked for."""
    grant(world, members="read")
    release_posts(world)

    (token, *_) = world.cloud.github.accounts.tokens(PROMOTE.login)
    account = world.cloud.github.accounts.identify(f"Bearer {token}")
    assert "members" not in (account.permissions or {})
