"""What a deployed function has loaded is no work for the garbage collector."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FUNCTIONS = sorted(ROOT.glob("functions/*/main.py"))
SEEN = """
import gc
from shared.runtime.loading import loading
during = []
with loading():
    during.append(gc.isenabled())
    import shared.runtime.wiring.attest
print(len(gc.get_objects()), gc.get_freeze_count(), during[0], gc.isenabled())
"""
FAILING = """
import gc
from shared.runtime.loading import loading
try:
    with loading():
        import nowhere.to.be.found
except ModuleNotFoundError:
    print(gc.isenabled())
"""


def run(source: str) -> list[str]:
    """Run it in a process of its own, as a function is."""
    ran = subprocess.run([sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=True)
    return ran.stdout.split()


def test_what_is_loaded_is_out_of_the_collectors_sight() -> None:
    """Nothing is collected while it loads, and afterwards everything is that comes later."""
    seen, frozen, during, afterwards = run(SEEN)

    assert int(frozen) > 50_000
    assert int(seen) < 1000
    assert (during, afterwards) == ("False", "True")


def test_what_fails_to_load_leaves_the_collector_as_it_was() -> None:
    """A framework that goes on without it must not run out of memory."""
    assert run(FAILING) == ["True"]


@pytest.mark.parametrize("main", FUNCTIONS, ids=lambda path: path.parent.name)
def test_every_deployed_function_is_loaded_so(main: Path) -> None:
    """One that is not is slow at every tenth event, which no other test would notice."""
    assert "with loading():\n    from shared.runtime.wiring." in main.read_text(encoding="utf-8")
