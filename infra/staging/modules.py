"""Follow the imports of a function through `shared/`: which files it needs, and which modules from elsewhere."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.staging.failure import StagingError
from infra.staging.imports import imported_modules

_SHIPPED: Final = "shared"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a function runs on: files relative to the root, in lexical order; imported name → file that imports it."""

    files: tuple[Path, ...]
    third_party: dict[str, Path]


def needs_of(root: Path, main: Path) -> Needs:
    """Find everything that a main.py imports, directly or through modules of `shared/`.

    The `__init__.py` of each package on the way is needed too, and so is what those import.

    Raises:
        StagingError: a file on the way is no valid Python, or imports what `shared/` does not hold.
    """
    files: set[Path] = set()
    third_party: dict[str, Path] = {}
    waiting = [main]
    while waiting:
        file = waiting.pop()
        for name in sorted(imported_modules(root / file, package=_package(file))):
            top = name.partition(".")[0]
            if top == _SHIPPED:
                fresh = set(_files(root, name, importer=file)) - files
                files |= fresh
                waiting += sorted(fresh)
            elif top not in sys.stdlib_module_names:
                third_party.setdefault(name, file)
    return Needs(tuple(sorted(files)), third_party)


def _package(file: Path) -> str:
    return ".".join(file.parent.parts)


def _files(root: Path, name: str, *, importer: Path) -> list[Path]:
    parts = name.split(".")
    found = []
    for end in range(1, len(parts) + 1):
        stem = Path(*parts[:end])
        candidates = (stem / "__init__.py", stem.with_suffix(".py"))
        found += [candidate for candidate in candidates if (root / candidate).is_file()]
    # The last part may be something inside a module; all others have to be modules themselves.
    if len(found) < max(len(parts) - 1, 1):
        raise StagingError(f"{importer}: import {name}: there is no such module")
    return found
