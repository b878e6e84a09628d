"""A prod whose branch rules are as docs/operations.md wants them, so that open_prod_pr need not ask for them twice."""

from __future__ import annotations

from typing import Final

from local.world.names import PROMOTE, REPOSITORY
from local.world.world import World

_APP: Final = 100_000 + PROMOTE.installation
_RULES: Final = (
    {
        "type": "required_status_checks",
        "parameters": {
            "strict_required_status_checks_policy": True,
            "required_status_checks": [{"context": "prodgate/release", "integration_id": _APP}],
        },
    },
    {
        "type": "pull_request",
        "parameters": {
            "allowed_merge_methods": ["merge"],
            "dismiss_stale_reviews_on_push": True,
            "require_code_owner_review": False,
            "require_last_push_approval": False,
            "required_approving_review_count": 0,
            "required_review_thread_resolution": False,
        },
    },
)
PROTECTED: Final = {"PRODGATE_GITHUB_APP_ID": str(_APP)}  # as whom open_prod_pr sets the check that they require


def protect(world: World) -> None:
    """Set the rules."""
    world.cloud.github.set_rules(REPOSITORY, "prod", _RULES)
