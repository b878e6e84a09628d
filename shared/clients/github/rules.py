"""The rules of a branch (docs.github.com/rest/repos/rules#get-rules-for-a-branch)."""

from __future__ import annotations

from typing import Any, Final

from shared.clients.github.connection import FORBIDDEN, Connection, Forbidden, Refused
from shared.domain.protection import BranchRules, RequiredCheck, UnreadRules, merge_methods

_PAGE: Final = 100
_PULL_REQUEST: Final = "pull_request"
_CHECKS: Final = "required_status_checks"


class Rules:
    """Reads what a branch's active rulesets demand; classic branch protection is not listed there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, branch: str) -> BranchRules | UnreadRules:
        """The rules that hold for a branch, or why GitHub does not show them.

        A private repository of a free plan has no rulesets, and is answered 403.

        Raises:
            Unavailable: GitHub did not answer.
        """
        try:
            rows = await self._connection.get(f"/rules/branches/{branch}", per_page=_PAGE)
        except Refused as error:
            return UnreadRules(f"{error.status} {error.message}")
        except Forbidden as error:
            return UnreadRules(f"{FORBIDDEN} {error.message}")
        checks = [row["parameters"] for row in rows if row["type"] == _CHECKS]
        return BranchRules(
            checks=tuple(_check(check) for rule in checks for check in rule["required_status_checks"]),
            must_be_up_to_date=any(rule["strict_required_status_checks_policy"] for rule in checks),
            merge_methods=merge_methods(
                (row.get("parameters") or {}).get("allowed_merge_methods")
                for row in rows
                if row["type"] == _PULL_REQUEST
            ),
        )


def _check(row: Any) -> RequiredCheck:
    return RequiredCheck(str(row["context"]), row.get("integration_id"))
