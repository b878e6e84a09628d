"""Text from outside, shown in Markdown: what it may still do is nothing."""

from __future__ import annotations

import pytest

from shared.domain.harmless import code, link

SHOWN = {
    "@everyone": "`@everyone`",
    "#1": "`#1`",
    "a@b.c": "`a@b.c`",
    "[x](https://evil)": "`[x](https://evil)`",
    "a|b": "`a<U+007C>b`",
    "`x`": "`<U+0060>x<U+0060>`",
    "a\\|b": "`a<U+005C><U+007C>b`",
    "<b>&amp;": "`<b>&amp;`",
    "a\nb\r\tc": "`a<U+000A>b<U+000D><U+0009>c`",
    "\x00\x7f\x1b": "`<U+0000><U+007F><U+001B>`",
    f"a{chr(0x202E)}b{chr(0x2028)}c": "`a<U+202E>b<U+2028>c`",
    "\u05d0": "`<U+05D0>`",
    "e\u0301": "`e<U+0301>`",
    "\ud800": "`<U+D800>`",
    "é 漢": "`é 漢`",
    "path/to-it 1": "`path/to-it 1`",
    "": "(empty)",
    "  ": "(empty)",
}


@pytest.mark.parametrize("text", SHOWN)
def test_text_from_outside_is_a_code_span_that_can_do_nothing(text: str) -> None:
    """A file name must not mention a team, close an issue, start a link, leave its table, or turn the text around."""
    assert code(text) == SHOWN[text]


LINKS = {
    "https://ci.example/runs/1?a=b#c": "[its run](https://ci.example/runs/1?a=b#c)",
    "http://ci.example/1": "its run `http://ci.example/1`",
    "javascript:alert(1)": "its run `javascript:alert(1)`",
    "https://ci.example/a) [x](https://evil": "its run `https://ci.example/a) [x](https://evil`",
    "https://github.com/o/r/issues/1": "its run `https://github.com/o/r/issues/1`",
    "": "its run",
}


@pytest.mark.parametrize("url", LINKS)
def test_only_an_address_that_does_nothing_but_lead_there_is_linked(url: str) -> None:
    """An issue would note on its own page who links to it; a bracket would end the link and begin another."""
    assert link("its run", url) == LINKS[url]
