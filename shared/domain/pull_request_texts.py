"""What the pull request says as configured: templates with a closed set of names, and what goes with them.

`$promise` (what merging does, what prod's rules leave open) and `$summary` cannot be left out of a body: people
decide by them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from string import Template
from typing import Final

from shared.domain.errors import Reason, Rejected, shown
from shared.domain.pull_request import TITLE, ReleaseReport, cut_title, title_words
from shared.domain.release_body import DEFAULT_BODY, SECTIONS, write_body

_TITLE_NAMES: Final = frozenset(("verb", "commit", "images", "repository"))
_NEEDED: Final = frozenset(("summary", "promise"))


@dataclass(frozen=True, slots=True)
class PullRequestTexts:
    """The templates of title and body."""

    title: Template = field(default_factory=lambda: Template(TITLE))
    body: Template = field(default_factory=lambda: Template(DEFAULT_BODY))

    def title_of(self, report: ReleaseReport) -> str:
        """Write the title: what moves, at most 256 characters, on one line."""
        return cut_title(" ".join(self.title.substitute(title_words(report)).split()))

    def body_of(self, report: ReleaseReport) -> str:
        """Write what prodgate says in the body, between its markers."""
        return write_body(report, self.body)


def title_template(text: str) -> Template:
    """Read a title's template.

    Raises:
        Rejected: it uses a name that there is not.
    """
    return _template(text, _TITLE_NAMES)


def body_template(text: str) -> Template:
    """Read a body's template.

    Raises:
        Rejected: it uses a name that there is not, or leaves out one that must be there.
    """
    template = _template(text, frozenset(SECTIONS))
    missing = sorted(_NEEDED - set(template.get_identifiers()))
    if missing:
        raise Rejected(Reason.MALFORMED_EVENT, f"leaves out ${', $'.join(missing)}, by which people decide")
    return template


def _template(text: str, names: frozenset[str]) -> Template:
    template = Template(text)
    unknown = sorted(set(template.get_identifiers()) - names) if template.is_valid() else [text]
    if unknown:
        known = ", ".join(f"${name}" for name in sorted(names))
        raise Rejected(Reason.MALFORMED_EVENT, f"uses {shown(unknown[0])}; there is {known}, and $$ for a dollar sign")
    return template
