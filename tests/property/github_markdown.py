"""What GitHub makes of a text: its own Markdown renderer (cmark-gfm), and a small model of what it links afterwards.

The renderer makes autolinks, addresses for e-mail, `www.` and strikethrough by itself. What html-pipeline then does to
text outside of `code`, `pre` and `a` is modelled from docs.github.com: mentions of people and teams, references to
issues (`#1`, `GH-1`, `owner/name#1`), commit ids, and the words that close an issue. Raw HTML is let through here, so
that what GitHub would have to sanitize is seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

from cmarkgfm import github_flavored_markdown_to_html
from cmarkgfm.cmark import Options

_QUIET: Final = frozenset(("code", "pre", "a"))
_REFERENCE: Final = r"(?:[\w.-]+/[\w.-]+)?#\d+\b|\bGH-\d+\b"
_MODEL: Final = {
    "mention": re.compile(r"(?<![\w/.])@[A-Za-z0-9][A-Za-z0-9-]{0,38}(?:/[A-Za-z0-9._-]+)?"),
    "reference": re.compile(_REFERENCE, re.IGNORECASE),
    "closing": re.compile(
        rf"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:{_REFERENCE}|https?://)", re.IGNORECASE
    ),
    "commit": re.compile(r"(?<![\w/])(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}(?!\w)"),
}


@dataclass
class Seen(HTMLParser):
    """What a browser makes of it: the elements with their attributes, and the text outside of code and links."""

    html: str
    elements: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)
    _depth: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, tuple(attrs)))
        self._depth += tag in _QUIET

    def handle_endtag(self, tag: str) -> None:
        """Note the end of code or of a link."""
        self._depth -= tag in _QUIET

    def handle_data(self, data: str) -> None:
        """Note text."""
        (self.inside if self._depth else self.outside).append(data)

    @property
    def links(self) -> list[str]:
        """Where links lead."""
        return [str(dict(attributes).get("href")) for tag, attributes in self.elements if tag == "a"]

    @property
    def text(self) -> str:
        """The text outside of code and links, blanks as one."""
        return re.sub(r"\s+", " ", "".join(self.outside)).strip()


def seen(markdown: str) -> Seen:
    """Render a text as GitHub does, without taking anything out."""
    # Lone surrogates go over no wire; `code` lets none through, and templates are configuration.
    return Seen(
        github_flavored_markdown_to_html(markdown.encode("utf-8", "replace").decode(), Options.CMARK_OPT_UNSAFE)
    )


def active(text: str) -> list[tuple[str, str]]:
    """What GitHub would make something of, in text outside of code and links: the kind and the words."""
    return [(kind, found.group()) for kind, pattern in _MODEL.items() for found in pattern.finditer(text)]
