"""What is made once for all end-to-end tests: the staged source, and the world in which a release was told."""

from __future__ import annotations

import compileall
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from infra.staging.stage import stage
from tests.e2e.story import Story, told

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def _nothing_stays_behind() -> Iterator[None]:
    """Every process that these tests start has ended with them, workers and emulators too."""
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.fixture(scope="session")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each function's source, staged as it is deployed, and compiled as Google's buildpack does."""
    out = tmp_path_factory.mktemp("staged") / "dist"
    stage(ROOT, out)
    assert compileall.compile_dir(out, quiet=1)
    return out


@pytest.fixture(scope="session")
def story(dist: Path) -> Iterator[Story]:
    """A release that was pushed, pinned, tested, attested and proposed, in a world that still runs."""
    with told(dist) as story:
        yield story
