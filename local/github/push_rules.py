"""The rules of branches against `git push`: an update hook (githooks(5)) that refuses in GitHub's words.

The refusal's form, `GH013: Repository rule violations found`, is that of yshavit/mdq #255.
"""

from __future__ import annotations

from local.github.repository import Repository
from local.github.rules import ENFORCED

VARIABLE = "PRODGATE_PUSH_RULES"


def environment(repository: Repository) -> dict[str, str]:
    """Tell the hook what is forbidden: one line `change ref sentence` for each enforced rule."""
    lines = [
        f"{change} refs/heads/{branch} {sentences[rule['type']]}"
        for branch, rules in repository.records.rules.items()
        for rule in rules
        for change, sentences in ENFORCED.items()
        if rule["type"] in sentences
    ]
    return {VARIABLE: "\n".join(lines)}
