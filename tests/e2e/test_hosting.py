"""How the world runs staged folders: what it must tell a person, and what it must bear."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import pytest

from local.world.hosting import Staged
from tests.e2e.story import Log

LONG: Final = 300_000
TALKATIVE: Final = f"""
import functions_framework
print("x" * {LONG})
print("after")
@functions_framework.http
def talkative(request):
    return "ok"
"""


def test_a_function_that_does_not_start_says_why(dist: Path) -> None:
    """Whoever ran the demo sees the function's own words, not only that it is not there."""

    async def story() -> None:
        hosting = Staged(dist, lambda function, entry: None)
        try:
            with pytest.raises(RuntimeError, match=r"(?s)exit code 1.*prodgate cannot start:.*PRODGATE_PROJECT is not"):
                await hosting.start("resolve_image", {})
        finally:
            await hosting.stop()

    asyncio.run(story())


def test_a_very_long_line_does_not_end_the_reading(tmp_path: Path) -> None:
    """A function whose output nobody reads any more would stop at its next line, for ever."""
    (tmp_path / "talkative").mkdir()
    (tmp_path / "talkative/main.py").write_text(TALKATIVE)
    entries: list[Log] = []

    async def story() -> None:
        hosting = Staged(tmp_path, lambda function, entry: entries.append(entry))
        try:
            await hosting.start("talkative", {"PYTHONUNBUFFERED": "1"})
        finally:
            await hosting.stop()

    asyncio.run(story())

    assert [len(entry["message"]) for entry in entries[:2]] == [LONG, len("after")]
