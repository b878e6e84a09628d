"""What gcloud looks at: the world of two services, and an operator's terminal in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.world.world import World
from tests.company import POSTS, POSTS_FILE, USERS, USERS_FILE, small_world, workload
from tests.judges.gcloud import Gcloud


@pytest.fixture
def world(quiet_logging: None) -> Iterator[World]:
    """A fresh stand-in cloud in which two services wait for their first images."""
    files = {POSTS_FILE: workload("mdo-posts", f"{POSTS}:v1"), USERS_FILE: workload("mdo-users", f"{USERS}:v1")}
    with small_world(files) as fresh:
        yield fresh


@pytest.fixture
def gcloud(world: World, tmp_path: Path) -> Gcloud:
    """The gcloud command on this world."""
    return Gcloud(world.cloud.google.http_url, tmp_path)
