"""The pull request's text under hostile names: rendered as GitHub's Markdown, nothing from outside is active."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from shared.domain import limits
from shared.domain.body_markers import has_part, marked_commit, rewritten
from shared.domain.harmless import code, link
from shared.domain.policy import Verdict
from shared.domain.pull_request import Commits, CommitSubject
from shared.domain.pull_request_texts import PullRequestTexts
from tests.unit.domain.material import COMMIT
from tests.unit.domain.test_pull_request import REPORT

QUICK = settings(deadline=None, max_examples=80, derandomize=True)
hostile = st.text(max_size=80) | st.text(
    alphabet="@#|<>[]()`*_~\\\n\r!:/.&;htpsw\u202e\u2028\ud800\u05d0-'\"ac1 ", max_size=80
)
# CommonMark with GitHub's tables, raw HTML as GitHub parses it before it sanitizes. Its autolinks, mentions and issue
# links act on text outside of code, so a name that is inside of code only is safe from them.
RENDER = MarkdownIt("commonmark", {"html": True}).enable("table")
write = PullRequestTexts().body_of


class Seen(HTMLParser):
    """What a browser makes of the HTML: the elements, the text outside of code, and the text inside."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[Any, ...]]] = []
        self.outside: list[str] = []
        self.inside: list[str] = []
        self._depth = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, tuple(attrs)))
        self._depth += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        """Note the end of code."""
        self._depth -= tag == "code"

    def handle_data(self, data: str) -> None:
        """Note text."""
        (self.inside if self._depth else self.outside).append(data)


def encodable(text: str) -> str:
    """Text without lone surrogates, which no renderer takes and `code` never lets through."""
    return text.encode("utf-8", "replace").decode()


@QUICK
@given(hostile)
def test_a_name_is_one_code_element_wherever_it_stands(text: str) -> None:
    """In a paragraph, in a list, in a cell of a table: one element, one cell, and no text outside of it."""
    shown = code(text)
    if shown == "(empty)":
        assert not text.strip() or text.isspace()
        return
    table = f"| a | b |\n| --- | --- |\n| {shown} | end |"
    for document in (shown, f"- {shown}", f"> {shown}", table):
        seen = Seen(RENDER.render(document))
        names = [name for name, _ in seen.elements]
        assert names.count("code") == 1, document
        assert set(names) <= {"p", "ul", "li", "blockquote", "code", "table", "thead", "tbody", "tr", "th", "td"}
        assert names.count("td") == (2 if document is table else 0)
        assert "".join(seen.outside).split() == (["a", "b", "end"] if document is table else [])


@QUICK
@given(hostile)
def test_an_address_is_a_link_to_itself_or_no_link(url: str) -> None:
    """Nobody's address becomes two."""
    links = [
        dict(attributes)["href"]
        for name, attributes in Seen(RENDER.render(link("its run", url))).elements
        if name == "a"
    ]

    assert links in ([], [url])


@QUICK
@given(st.lists(hostile, max_size=5), hostile, hostile, st.integers(0, 400))
def test_a_body_of_hostile_names_has_the_elements_of_a_plain_one_and_fits(
    files: list[str], reason: str, image: str, times: int
) -> None:
    """Whoever names a file on dev must not write into the page on which a person decides."""
    plain = write(_report(("x",) * len(files), "x", "x", times))
    shown = write(_report(tuple(files), reason, image, times))

    assert len(shown) <= limits.PULL_REQUEST_BODY_CHARACTERS
    assert has_part(f"mine\n\n{shown}", shown)
    assert marked_commit(shown) == COMMIT
    assert rewritten(f"mine\n\n{shown}", plain) == f"mine\n\n{plain}"
    if "more." not in shown and "more." not in plain and all(map(_is_shown, [*files, reason, image])):
        mine, theirs = Seen(RENDER.render(encodable(shown))), Seen(RENDER.render(encodable(plain)))
        assert mine.elements == theirs.elements
        assert re.sub(r"\s+", " ", "".join(mine.outside)) == re.sub(r"\s+", " ", "".join(theirs.outside))


def _is_shown(text: str) -> bool:
    return code(text) != "(empty)"


def _report(files: tuple[str, ...], reason: str, image: str, times: int) -> Any:
    verdicts = (Verdict(image, admitted=True, message=f"m{reason}"), *(Verdict(image * 9, admitted=True),) * times)
    commits = Commits((CommitSubject("c" * 40, reason),), 1)
    return dataclasses.replace(REPORT, files=files, rollback=reason, verdicts=verdicts, commits=commits)
