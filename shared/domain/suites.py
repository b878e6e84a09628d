"""Names of suites, as configuration may give them: each becomes the commit status `prodgate/<suite>`.

A suite called `release` would set the very status that prod's branch demands of a release (docs/adr/0004), and one
called `production` that of a release that prod's own tests confirmed; so those two are nobody's to take.
"""

from __future__ import annotations

from typing import Final

from shared.domain import limits
from shared.domain.errors import shown
from shared.domain.events import is_suite

RESERVED: Final = frozenset({"release", "production"})


def objection_to(name: str) -> str | None:
    """Say why a suite cannot be called so, if it cannot."""
    if name in RESERVED:
        return f"names a suite {name}, which is the name of a status of prodgate's own"
    if not is_suite(name):
        form = f"lower-case letters, digits and inner hyphens, at most {limits.SUITE_CHARACTERS}"
        return f"names a suite {shown(name)}, which no event could name: {form}"
    return None
