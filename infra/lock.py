"""Lock the requirements: every version and hash of what requirements*.in ask for, nothing younger than a week.

A week is enough for most poisoned releases to be found and withdrawn. Run by `make lock`.
"""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[1]
_OLDEST_PYTHON: Final = "3.11"  # of laptops; the markers of a universal lock hold for every newer one too
_COOLDOWN: Final = timedelta(days=7)
_FILES: Final = ("requirements-dev", "requirements", "requirements-setup")  # the widest first; the others follow it
_APART: Final = "requirements-infra"  # has a virtual environment of its own, so it follows nobody


def lock(name: str, *, before: datetime) -> None:
    """Resolve one file anew; the narrower ones take the versions that the widest chose."""
    constraint = [] if name in (_FILES[0], _APART) else ["--constraint", f"{_FILES[0]}.txt"]
    subprocess.run(
        [
            *(str(Path(sys.executable).with_name("uv")), "pip", "compile", "--quiet", "--universal", "--upgrade"),
            *("--generate-hashes", "--python-version", _OLDEST_PYTHON),
            *("--exclude-newer", before.date().isoformat()),
            *("--custom-compile-command", "make lock"),
            *constraint,
            *(f"{name}.in", "--output-file", f"{name}.txt"),
        ],
        cwd=_ROOT,
        check=True,
    )


if __name__ == "__main__":
    for name in (*_FILES, _APART):
        lock(name, before=datetime.now(UTC) - _COOLDOWN)
