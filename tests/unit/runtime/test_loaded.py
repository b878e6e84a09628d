"""What a deployed function has loaded is no work for the garbage collector."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FUNCTIONS = sorted(ROOT.glob("functions/*/main.py"))
SEEN = """
import gc, json
from shared.runtime.loaded import loaded
import shared.runtime.wiring.attest
before = len(gc.get_objects())
function = object()
assert loaded(function) is function
print(json.dumps([before, len(gc.get_objects()), gc.get_freeze_count()]))
"""


def test_what_is_loaded_is_out_of_the_collectors_sight() -> None:
    """In a process of its own, as it is deployed."""
    ran = subprocess.run([sys.executable, "-c", SEEN], cwd=ROOT, capture_output=True, text=True, check=True)

    before, after, frozen = (int(number) for number in ran.stdout.strip("[]\n").split(","))
    assert before > 50_000
    assert frozen >= before - 1000
    assert after < 1000


@pytest.mark.parametrize("main", FUNCTIONS, ids=lambda path: path.parent.name)
def test_every_deployed_function_says_that_it_is_loaded(main: Path) -> None:
    """One that forgets to is slow at every tenth event, which no test would notice."""
    assert "FUNCTION: Final = loaded(" in main.read_text(encoding="utf-8")
