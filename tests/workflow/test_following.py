"""Lines that ask for more than their own tag: versions that rise, lines that stand still, custom resources."""

from __future__ import annotations

import json
from typing import Final

import pytest

from local.world.world import World
from tests.company import POSTS, POSTS_FILE, small_world, workload

SHOP_FILE: Final = "apps/shop.yaml"
SHOP: Final = f"apiVersion: acme.io/v1\nkind: Shop\nspec:\n  image: {POSTS}:v1\n  baseImage: debian\n".encode()


def push(world: World, tag: str) -> str:
    """Push the posts service under a tag and let everything settle; answer its image by digest."""
    digest = world.push_image(POSTS, tag, content=tag.encode())
    world.settle()
    return f"{POSTS}@{digest}"


def test_a_line_follows_versions_upwards_and_never_down(quiet_logging: None) -> None:
    """The newest version of the range is deployed, whatever order the news comes in."""
    follow = "follow: semver >=1.2 <2"
    with small_world({POSTS_FILE: workload("mdo-posts", f"{POSTS}:1.2.0 # {follow}")}) as world:
        push(world, "1.2.0")
        now = push(world, "1.10.0")
        head = world.head("dev")
        for late in ("1.9.0", "2.0.0", "1.11.0-rc.1", "latest"):
            push(world, late)

        assert f"image: {now} # tag: 1.10.0 # {follow}\n".encode() in world.file(POSTS_FILE)
        assert world.head("dev") == head
        assert world.rejected == []


def test_a_frozen_line_stays_while_the_others_move(quiet_logging: None, capfd: pytest.CaptureFixture[str]) -> None:
    """A person holds one workload back, and the log says so."""
    frozen = workload("held", f"{POSTS}:v1 # prodgate: freeze")
    with small_world({POSTS_FILE: workload("mdo-posts", f"{POSTS}:v1"), "apps/held.yaml": frozen}) as world:
        now = push(world, "v1")

        assert world.file("apps/held.yaml") == frozen
        assert f"image: {now} # tag: v1\n".encode() in world.file(POSTS_FILE)
    assert "in 1 place; 1 place would move, but a person froze it" in capfd.readouterr().out


def test_a_push_that_only_frozen_lines_follow_makes_no_commit(
    quiet_logging: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing changes, and the log says why."""
    with small_world({POSTS_FILE: workload("mdo-posts", f"{POSTS}:v1 # prodgate: freeze")}) as world:
        head = world.head("dev")
        push(world, "v1")

        assert world.head("dev") == head
    assert f"{POSTS}:v1 is pinned nowhere; 1 place would move, but a person froze it" in capfd.readouterr().out


def test_a_custom_resource_is_pinned_and_released_along_its_configured_path(
    quiet_logging: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """What blocks the release by default is understood once people outside of dev say where its image is."""
    paths = {"PRODGATE_IMAGE_PATHS": json.dumps(["acme.io/v1 Shop spec.image"])}
    with small_world({SHOP_FILE: SHOP}, variables=paths) as world:
        now = push(world, "v1")
        world.pass_tests()
        world.settle()

        assert f"  image: {now} # tag: v1\n".encode() in world.file(SHOP_FILE)
        assert len(world.pull_requests) == 1
        assert [attestation.image for attestation in world.attestations] == [POSTS]
    assert f"1 values are called images and are left alone: {SHOP_FILE} line 5: 'debian'" in capfd.readouterr().out
