"""A company small enough for a story to take a second: one or two services, one platform image, nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from local.world.names import APPS
from local.world.world import Files, World, WorldSettings

POSTS: Final = f"{APPS}/mdo-posts"
USERS: Final = f"{APPS}/mdo-users"
POSTS_FILE: Final = "apps/posts.yaml"
USERS_FILE: Final = "apps/users.yaml"
REDIS: Final = "docker.io/library/redis:7.4"
COMMIT: Final = "c" * 40  # of no repository
DIGEST: Final = "sha256:" + "d" * 64  # of no image
RUN: Final = "https://ci.mdo.example/runs/1"
OPENING: Final = "github.graphql/updateRefs+createPullRequest"  # a release branch and its pull request at once
TIME_SCALE: Final = 40.0  # an ack deadline of 600 s is 15 s: a busy machine must not miss it
BACKOFF_S: Final = 2  # the first of four pauses then takes 50 ms


def workload(name: str, image: str, *, kind: str = "Deployment") -> bytes:
    """Write a manifest that runs one image."""
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n"
        f"      containers:\n        - name: app\n          image: {image}\n"
    ).encode()


PLATFORM: Final[Files] = {"platform/redis.yaml": workload("redis", REDIS)}
SMALL: Final[Files] = {POSTS_FILE: workload("mdo-posts", f"{POSTS}:v1")}


def small_world(
    files: Files = SMALL,
    *,
    settling_s: float = 0.0,
    variables: Mapping[str, str | None] | None = None,
    github_prefix: str = "",
    keeps_tokens: bool = False,
) -> World:
    """Make a world, to be entered, whose dev holds the platform and these files."""
    return World(
        WorldSettings(
            time_scale=TIME_SCALE,
            backoff_s=BACKOFF_S,
            settling_s=settling_s,
            prod_files={path: content for path, content in PLATFORM.items() if content is not None},
            first_files=files,
            variables={"PRODGATE_ATTESTORS_KEPT_S": "0", **(variables or {})},
            github_prefix=github_prefix,
            keeps_tokens=keeps_tokens,
        )
    )


def pin_posts(world: World, content: bytes = b"posts") -> str:
    """Push the posts service and have it pinned; answer its image by digest."""
    digest = world.push_image(POSTS, "v1", content=content)
    world.settle()
    return f"{POSTS}@{digest}"


def release_posts(world: World, content: bytes = b"posts") -> str:
    """Bring the posts service as far as its pull request; answer the tested commit."""
    pin_posts(world, content)
    commit = str(world.pass_tests()["commit"])
    world.settle()
    return commit


def open_one_by_one(world: World) -> None:
    """Have GraphQL open no pull request, so that REST makes the branch, and then opens it."""
    world.faults.fail(OPENING, code="GRAPHQL_ERROR", times=99)


def open_nothing(world: World) -> None:
    """Have GitHub open no pull request, however it is asked, until the faults are cleared."""
    for method in (OPENING, "github.pulls/create"):
        world.faults.fail(method, code="PERMISSION_DENIED", times=99)


def document(data: bytes) -> Any:
    """Read an event's data."""
    return json.loads(data)
