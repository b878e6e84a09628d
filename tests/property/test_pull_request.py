"""The pull request's text under hostile names: nothing from outside is active, and the length holds."""

from __future__ import annotations

import dataclasses
import html
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import limits
from shared.domain.policy import Verdict
from shared.domain.pull_request import body, fingerprint, harmless
from tests.unit.domain.test_pull_request import REPORT

QUICK = settings(deadline=None, max_examples=60, derandomize=True)
hostile = st.text(max_size=80) | st.text(alphabet="@#|<>[]()`*_~\\\n\r!:/.&;htpsw\u202e\u2028\ud800", max_size=80)
ACTIVE = ("@", "|", "<", ">", "\n", "\r", "](", "http:", "https:", "www.", "`", "[", "]", "#", "\u202e", "\u2028")


@QUICK
@given(hostile)
def test_harmless_text_holds_no_active_character(text: str) -> None:
    """A character that Markdown or HTML could act on is there as a numeric entity only."""
    shown = harmless(text).removeprefix("<code>").removesuffix("</code>")

    rest = shown.replace("&#", "")
    assert not [active for active in ACTIVE if active in rest]
    assert shown.isascii()
    assert html.unescape(shown) == "".join(c if c.isprintable() else " " for c in text)


@QUICK
@given(st.lists(hostile, max_size=5), hostile, hostile, st.integers(0, 400))
def test_a_body_of_hostile_names_holds_nothing_of_theirs_and_fits(
    files: list[str], reason: str, image: str, times: int
) -> None:
    """Whoever names a file on dev must not write into the page on which a person decides."""
    shown, plain = (
        _report(hidden, times) for hidden in ((tuple(files), reason, image), (("x",) * len(files), "x", "x"))
    )

    assert len(shown) <= limits.PULL_REQUEST_BODY_CHARACTERS
    assert fingerprint(shown) is not None
    if "…the rest is cut" not in shown:
        assert _own(shown) == _own(plain)


def _report(names: tuple[tuple[str, ...], str, str], times: int) -> str:
    files, reason, image = names
    verdicts = (Verdict(image, admitted=True, message=f"m{reason}"), *(Verdict(image * 9, admitted=True),) * times)
    return body(dataclasses.replace(REPORT, files=files, rollback=reason, verdicts=verdicts))


def _own(text: str) -> str:
    """What stays of a body without the code that shows text from outside, and without the marker."""
    return re.sub(r"<code>[^<]*</code>", "", text).rpartition("<!--")[0]
