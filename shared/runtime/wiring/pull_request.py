"""How release pull requests are dressed, as configured."""

from __future__ import annotations

import re
from typing import Final

from shared.domain import limits
from shared.domain.events import is_run
from shared.domain.pull_request import TITLE
from shared.domain.pull_request_texts import PullRequestTexts, body_template, title_template
from shared.domain.release_body import DEFAULT_BODY
from shared.domain.strict_json import Fields
from shared.workflow.promotion import PullRequestSettings

_ITEMS: Final = 100
_TEMPLATE_CHARACTERS: Final = 4096
_LABEL: Final = re.compile(r"[^\x00-\x1f,]{1,50}")  # GitHub bounds a label's name at 50 characters
_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,98}[A-Za-z0-9])?", re.ASCII)


def read_pull_request(fields: Fields) -> PullRequestSettings:
    """Read the object; every field may be left out.

    Raises:
        Rejected: one is malformed, or a template uses a name that there is not.
    """
    settings = PullRequestSettings(
        labels=_names(fields, "labels", _LABEL),
        reviewers=_names(fields, "reviewers", _NAME),
        teams=_names(fields, "team_reviewers", _NAME),
        assignees=_names(fields, "assignees", _NAME),
        is_draft="draft" in fields and fields.flag("draft"),
        runbook=_runbook(fields),
        texts=PullRequestTexts(
            fields.parsed("title", title_template, most=_TEMPLATE_CHARACTERS)
            if "title" in fields
            else title_template(TITLE),
            fields.parsed("body", body_template, most=_TEMPLATE_CHARACTERS)
            if "body" in fields
            else body_template(DEFAULT_BODY),
        ),
    )
    fields.done()
    return settings


def _names(fields: Fields, name: str, matching: re.Pattern[str]) -> tuple[str, ...]:
    values = fields.texts(name, most=_ITEMS) if name in fields else []
    for value in values:
        if not matching.fullmatch(value):
            fields.refuse(name, f"holds {value!r}, which is not of the form {matching.pattern}")
    return tuple(values)


def _runbook(fields: Fields) -> str:
    url = fields.text("runbook", most=limits.URL_CHARACTERS) if "runbook" in fields else ""
    if url and not is_run(url):
        fields.refuse("runbook", "is no https address")
    return url
