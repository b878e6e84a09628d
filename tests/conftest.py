"""What stories share: a fresh world for each, and a person's look at its logs."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.github import GitHubStandIn
from local.world.world import World
from tests.company import small_world
from tests.github_watch import Watch

Logs = Callable[[], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def github_watch() -> Iterator[Watch]:
    """Every exchange with the stand-in GitHub in this process, whichever test makes it."""
    watch = Watch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GitHubStandIn, "observe", lambda _, exchange: watch.observe(exchange))
        yield watch


@pytest.fixture(autouse=True)
def _github_keeps_to_its_own_description(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test in which a request or an answer is not as GitHub describes it."""
    watch: Watch = request.getfixturevalue("github_watch")
    yield
    assert watch.take() == []


@pytest.fixture
def quiet_logging() -> Iterator[None]:
    """Give the root logger back as it was: each function that starts takes it over."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def world(quiet_logging: None) -> Iterator[World]:
    """A fresh stand-in cloud in which the posts service waits for its first image."""
    with small_world() as fresh:
        yield fresh


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str]) -> Logs:
    """The log entries since the last look, as Cloud Logging would read them."""

    def look() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return look


def pytest_xdist_auto_num_workers() -> int:
    """Have one worker more than processors: half of the time a test waits for a server of its own."""
    return (os.cpu_count() or 1) + 1
