"""Exempt paths: files and folders of the environments repository that nobody judges, as people outside of dev say.

A row is a path from the repository's root: `apps/shop/values.yaml` is that file, `apps/shop` everything below it. A `*`
stands for any characters of one part (`apps/*/Chart.yaml`), those of a dot file too, and never for a slash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

_PART: Final = r"(?!\.{1,2}(?:/|\Z))(?:[A-Za-z0-9._+@=,~-]|\*(?!\*))+"
EXEMPT_PATH: Final = re.compile(rf"(?:{_PART}/)*(?!\*\Z){_PART}", re.ASCII)
"""The form of one row: no root, no `..`, no `**`, and something else than `*` at its end."""


@dataclass(frozen=True, slots=True)
class ExemptPaths:
    """Rows that have the form EXEMPT_PATH."""

    rows: tuple[str, ...] = ()

    def hold(self, path: str) -> bool:
        """Whether a path is exempt: it is named itself, or a folder above it is."""
        return bool(self.rows) and _pattern(self.rows).match(path) is not None


NO_EXEMPT_PATHS: Final = ExemptPaths()


def too_wide(paths: ExemptPaths, folders: Iterable[str]) -> list[str]:
    """Say which deployed folders would be exempt whole, so that nothing of them were judged."""
    return [f"the folder {folder} would be exempt whole" for folder in folders if paths.hold(folder)]


@cache
def _pattern(rows: tuple[str, ...]) -> re.Pattern[str]:
    each = (re.escape(row).replace(r"\*", "[^/]*") for row in rows)
    return re.compile(rf"(?:{'|'.join(each)})(?:/|\Z)")
