"""The rules of a branch (docs.github.com/rest/repos/rules#get-rules-for-a-branch)."""

from __future__ import annotations

from typing import Any, Final

from shared.clients.github.connection import Connection, Refused
from shared.domain.errors import Fault, Unavailable
from shared.domain.protection import BranchRules, RequiredCheck

_PAGE: Final = 100
_PULL_REQUEST: Final = "pull_request"
_CHECKS: Final = "required_status_checks"


class Rules:
    """Reads what a branch's active rulesets demand; classic branch protection is not listed there."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of(self, branch: str) -> BranchRules:
        """The rules that hold for a branch.

        Raises:
            Unavailable: they cannot be read.
        """
        try:
            rows = await self._connection.get(f"/rules/branches/{branch}", per_page=_PAGE)
        except Refused as error:
            raise Unavailable(Fault.REFUSED, f"GitHub, rules of {branch}: {error.status} {error.message}") from error
        checks = [row["parameters"] for row in rows if row["type"] == _CHECKS]
        return BranchRules(
            checks=tuple(_check(check) for rule in checks for check in rule["required_status_checks"]),
            must_be_up_to_date=any(rule["strict_required_status_checks_policy"] for rule in checks),
            merge_methods=_merge_methods([row.get("parameters") or {} for row in rows if row["type"] == _PULL_REQUEST]),
        )


def _check(row: Any) -> RequiredCheck:
    return RequiredCheck(str(row["context"]), row.get("integration_id"))


def _merge_methods(rules: list[Any]) -> frozenset[str]:
    """Every ruleset must be obeyed, so what is left is what all of them allow."""
    allowed = frozenset(("merge", "squash", "rebase"))
    for rule in rules:
        allowed &= frozenset(rule.get("allowed_merge_methods") or allowed)
    return allowed
