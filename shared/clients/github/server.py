"""What the GitHub that is asked can do, as far as it was found out; it stays known between events.

A GHES before 3.13 has `updateRefs` only as a preview, which is not asked for (docs.github.com/enterprise-server@3.12/
graphql/overview/schema-previews); later ones document it as github.com does.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from shared.clients.github.connection import Refused

LOG: Final = logging.getLogger("prodgate.github")
# What graphql-ruby, with which GitHub is made, says of a field that its schema lacks.
_UNDEFINED: Final = "undefinedField"


@dataclass(slots=True)
class Server:
    """A GitHub: whether it has `updateRefs`, as far as anybody knows."""

    swaps: bool = True

    def learn(self, error: Exception) -> bool:
        """Take note where it says that it has no `updateRefs`, and answer whether it does.

        No other error turns the comparing off, not even that it lacks another field.
        """
        if not (isinstance(error, Refused) and _UNDEFINED in error.named and "updateRefs" in error.message):
            return False
        LOG.info("GitHub has no updateRefs, branches are looked at and then moved: %s", error)
        self.swaps = False
        return True
