"""What is made once for all end-to-end tests: the staged source, and the world in which a release was told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from infra.staging.stage import stage
from tests.e2e.story import Story, told

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each function's source, staged as it is deployed."""
    out = tmp_path_factory.mktemp("staged") / "dist"
    stage(ROOT, out)
    return out


@pytest.fixture(scope="session")
def story(dist: Path) -> Iterator[Story]:
    """A release that was pushed, pinned, tested, attested and proposed, in a world that still runs."""
    with told(dist) as story:
        yield story
