"""tests/events/: each example says where it comes from."""

from __future__ import annotations

import re

from tests.unit.domain.corpus import EVENTS, events


def test_every_example_has_a_source_and_every_source_an_example() -> None:
    """An example of unknown origin proves nothing about the system that it claims to come from."""
    named = re.findall(r"^\| `([a-z0-9-]+)\.json` \| \S", (EVENTS / "README.md").read_text(), re.MULTILINE)

    assert sorted(named) == sorted(events())
