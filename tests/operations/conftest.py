"""What the functions really log: one story in which everything happens that alerts and metrics know."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from typing import Any

import pytest
import requests

from local.world.names import GATE_PROJECT
from local.world.receiving import host_webhooks
from local.world.world import World
from tests.company import POSTS, POSTS_FILE, pin_posts, release_posts, small_world, workload
from tests.operations.log_filter import Entry, entry_of


@pytest.fixture(scope="module")
def told() -> list[Entry]:
    """Every entry of the story, as Cloud Logging keeps it."""
    written = io.StringIO()
    with redirect_stdout(written), small_world() as world:
        _tell(world)
    lines: list[dict[str, Any]] = [json.loads(line) for line in written.getvalue().splitlines()]
    return [entry_of(line, GATE_PROJECT) for line in lines]


def _tell(world: World) -> None:
    """Release, be refused, be unavailable, find a false attestation, see break-glass, be asked by a stranger."""
    release_posts(world)
    world.pass_tests(outcome="failure")
    world.pass_tests(repository="mdo/another")
    world.settle()
    world.faults.fail("github.git/get-tree", code="PERMISSION_DENIED")
    world.pass_tests()
    world.settle()
    image = pin_posts(world, b"another")
    world.attest(image, payload=b"something else")
    world.pass_tests()
    world.settle()
    labelled = workload("mdo-posts", f"{POSTS}@sha256:{'d' * 64}").replace(
        b"  template:\n",
        b'  template:\n    metadata:\n      labels:\n        image-policy.k8s.io/break-glass: "true"\n',
    )
    world.commit_to_dev({POSTS_FILE: labelled})
    world.pass_tests()
    world.settle()
    requests.post(f"{host_webhooks(world)}docker-hub/a-stranger", data=b"{}", timeout=30)
