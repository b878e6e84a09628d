"""Showing text from outside in GitHub's Markdown so that it can do nothing.

It is shown in code spans, where Markdown, mentions, issue and commit links and autolinks do nothing. `<code>` with
entities would not do: GitHub decodes entities before it looks for e-mail addresses, so that `a&#64;b&#46;c` becomes a
link (cmark-gfm, autolink.c, postprocess_text; html-pipeline, MentionFilter).

A code span ends at a backtick, and a table cell at a bar even inside of one, so both, the backslash, whatever does not
print, and whatever turns text around are written as their code points.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_ESCAPED: Final = frozenset("`|\\")
# Left to right, or of no direction; neither marks that stack upon others nor anything that reorders its neighbours.
_DIRECTIONS: Final = frozenset(("L", "EN", "ES", "ET", "CS", "WS", "ON"))
# Printable ASCII but for those three is plain without a look; a body of long names is written many times until it fits.
_LOOKED_AT: Final = re.compile(r"[^ -\[\]-_a-{}~]")
# What may be linked: no bracket, blank or quote ends the address, and no page that would note who links to it.
_LINKED: Final = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~%/?=&+:,;@#-]*)?", re.ASCII)
_NOTING: Final = re.compile(r"/(?:issues|pull|discussions|commit)/", re.ASCII)


def code(text: str) -> str:
    """Show text as a code span; an empty one is called so."""
    shown = _LOOKED_AT.sub(lambda found: found[0] if _is_plain(found[0]) else _escape(found[0]), text)
    return f"`{shown}`" if shown.strip() else "(empty)"


def link(words: str, url: str) -> str:
    """Link our own words to an address from outside; where that could do more than lead there, show it as code."""
    if _LINKED.fullmatch(url) and not _NOTING.search(url):
        return f"[{words}]({url})"
    return f"{words} {code(url)}" if url else words


def _is_plain(character: str) -> bool:
    if character in _ESCAPED or not character.isprintable():
        return False
    return unicodedata.bidirectional(character) in _DIRECTIONS and not unicodedata.category(character).startswith("M")


def _escape(character: str) -> str:
    """Name a character by its code point, as Unicode does."""
    return f"<U+{ord(character):04X}>"
