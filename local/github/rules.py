"""The rules of a branch: listed for readers, and enforced on whatever writes to the branch.

Enforced are `pull_request`, `required_status_checks`, `creation`, `update`, `deletion` and `non_fast_forward`; others
are only listed, and nobody bypasses them.
The refusal's text is GitHub's, as seen in repo-automation-bots #5255 and yshavit/mdq #255.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from local.github.call import Answer, Call, Operation, listed
from local.github.refusal import unprocessable
from local.github.repository import Repository

Change = Literal["create", "update", "force", "deletion"]
ENFORCED: dict[Change, dict[str, str]] = {
    "create": {"creation": "Cannot create ref due to creations being restricted."},
    "update": {
        "update": "Cannot update this protected ref.",
        "pull_request": "Changes must be made through a pull request.",
    },
    "force": {"non_fast_forward": "Cannot force-push to this branch"},
    "deletion": {"deletion": "Cannot delete this protected ref."},
}


async def get_branch_rules(call: Call) -> Answer:
    """List the active rules of a branch; empty unless some were set."""
    rules = call.repository.records.rules.get(call.path["branch"], ())
    return listed(call, rules, dict)


def refuse_push(repository: Repository, reference: str, change: Change) -> None:
    """Hold a direct change of a ref against the rules of its branch.

    Raises:
        Refusal: 422, when a rule forbids it.
    """
    violated = list(violations(repository, reference, change))
    if violated:
        sentences = "\n".join(violated)
        raise unprocessable(f"Repository rule violations found\n\n{sentences}\n\n")


def violations(repository: Repository, reference: str, change: Change) -> Iterator[str]:
    """Say which rules a direct change of a ref breaks."""
    for rule in repository.records.rules.get(reference.removeprefix("refs/heads/"), ()):
        sentence = ENFORCED[change].get(rule["type"])
        if sentence is not None:
            yield sentence


def required_checks(repository: Repository, branch: str) -> list[tuple[str, int | None]]:
    """List the commit statuses without which nothing is merged into a branch, each with the App that must set it."""
    return [
        (check["context"], check.get("integration_id"))
        for rule in _status_rules(repository, branch)
        for check in rule["required_status_checks"]
    ]


def must_be_up_to_date(repository: Repository, branch: str) -> bool:
    """Whether only what holds the head of a branch may be merged into it."""
    rules = _status_rules(repository, branch)
    return any(rule.get("strict_required_status_checks_policy", False) for rule in rules)


def _status_rules(repository: Repository, branch: str) -> list[Mapping[str, Any]]:
    rules = repository.records.rules.get(branch, ())
    return [rule["parameters"] for rule in rules if rule["type"] == "required_status_checks"]


OPERATIONS = (
    Operation("repos/get-branch-rules", "GET", "/repos/{owner}/{repo}/rules/branches/{branch:.+}", get_branch_rules),
)
