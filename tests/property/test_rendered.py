"""Hostile text, rendered by GitHub's own renderer: nothing from outside becomes a link, a mention or an element."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.domain.attestation import StoredAttestation, prove
from shared.domain.harmless import code, link
from shared.domain.policy import Verdict
from shared.domain.production import EarlierRelease, Finding, Lifetime, ProductionReport, comment
from shared.domain.pull_request import Commits, CommitSubject, ImageChange, SuitePassed
from shared.domain.pull_request_texts import PullRequestTexts
from tests.property.github_markdown import active, seen
from tests.unit.domain.material import COMMIT, PINNED, A, B, Signer, attestor, occurrence
from tests.unit.domain.test_pull_request import REPORT

QUICK = settings(deadline=None, max_examples=60, derandomize=True)
TRICKS = (
    "@octocat",
    "@mdo/release-managers",
    "a@b.example",
    "mailto:a@b.example",
    "www.evil.example",
    "https://evil.example/x",
    "xmpp:a@b.example",
    "#1",
    "mdo/other#7",
    "GH-12",
    "fixes #1",
    "Closes: GH-2",
    "0123456789abcdef0123456789abcdef01234567",
    "abc1234",
    "~~gone~~",
    "**bold** _it_",
    "<script>alert(1)</script>",
    "<!-- prodgate:begin -->",
    "&#64;octocat",
    "](https://evil.example)",
    "![x](https://evil.example/p.png)",
    "|\n| --- |",
    "`",
    "``",
    "```\n",
    "\\",
    "</details>",
    "\u202e",
    ":tada:",
    "[ ] task",
    "[^1]",
    "$$x$$",
)
hostile = st.lists(st.sampled_from(TRICKS) | st.text(max_size=12), max_size=5).map(" ".join)
glued = st.lists(st.sampled_from(TRICKS) | st.text(max_size=4), max_size=5).map("".join)
names = hostile | glued
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True) | st.sampled_from(
    ("GH-1", "abc1234", "www.x.y")
)


def assert_quiet(markdown: str, plain: str) -> None:
    """Hold a text with hostile names against the same one with a harmless name."""
    mine, theirs = seen(markdown), seen(plain)
    assert [tag for tag, _ in mine.elements] == [tag for tag, _ in theirs.elements]
    assert active(mine.text) == active(theirs.text)
    assert not [href for href in mine.links if href.startswith(("mailto:", "xmpp:", "http://"))]


@pytest.mark.parametrize("trick", TRICKS)
def test_each_trick_works_where_nobody_minds_it(trick: str) -> None:
    """A judge that lets everything pass is none: of the tricks each does something, or is text of another kind."""
    quiet = {"`", "``", "\\", "\u202e", ":tada:", "[ ] task", "[^1]", "$$x$$", "](https://evil.example)", "|\n| --- |"}
    rendered = seen(f"x {trick} x")
    worked = [tag for tag, _ in rendered.elements if tag != "p"] or active(rendered.text) or "<!--" in rendered.html
    assert bool(worked) or trick in quiet | {"&#64;octocat", "</details>", "```\n", "<script>alert(1)</script>"}, (
        rendered.html
    )


@QUICK
@given(names)
@example("a&#64;b&#46;example")
def test_a_name_is_code_and_nothing_else(text: str) -> None:
    """In a line, a list, a quotation and a cell."""
    shown = code(text)
    if shown == "(empty)":
        return
    for document in ("%s", "- %s", "> %s", "| a | b |\n| --- | --- |\n| %s | end |", "before %s after"):
        assert_quiet(document % shown, document % "`x`")


@QUICK
@given(names | names.map("https://ci.example/".__add__))
def test_a_run_is_one_link_to_where_it_says_or_code(url: str) -> None:
    """Whoever sets a status chooses its address."""
    found = seen(link("its run", url))

    assert found.links in ([], [url])
    assert active(found.text.replace("its run", "")) == []


def proof_by(name: str, stored_at: str) -> StoredAttestation:
    """A proof whose attestor and occurrence are called so."""
    signer = Signer()
    trusted = dataclasses.replace(attestor(signer.public), name=name)
    found = prove(dataclasses.replace(occurrence(signer), name=stored_at), PINNED, trusted)
    assert isinstance(found, StoredAttestation)
    return found


@QUICK
@given(names, names, names, tags)
def test_a_body_of_hostile_names_is_as_quiet_as_a_plain_one(one: str, two: str, three: str, tag: str) -> None:
    """Tags, suites and their runs, attestors, occurrences, files, subjects, verdicts: all are from outside."""
    if "(empty)" in (code(one), code(two), code(three)):
        return

    def report(first: str, second: str, third: str, tagged: str) -> Any:
        return dataclasses.replace(
            REPORT,
            suites=(SuitePassed(first, f"https://ci.example/`{third}"),),
            changes=(ImageChange(PINNED.name, (tagged,), (B,), (A,)),),
            proofs=(proof_by(second, third),),
            verdicts=(Verdict(first, admitted=True, message=second),),
            files=(first, second),
            commits=Commits((CommitSubject("c" * 40, third),), 1),
            rollback=first,
        )

    write = PullRequestTexts().body_of
    assert_quiet(write(report(one, two, three, tag)), write(report("x", "x", "x", "x")))


@QUICK
@given(st.lists(tags, min_size=1, max_size=4, unique=True), st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True))
@example(["GH-1"], "fixes")
@example(["gh-7"], "closes")
def test_a_title_closes_and_mentions_nothing(tagged: list[str], name: str) -> None:
    """It becomes part of the merge commit's message, where "fixes GH-1" closes an issue."""
    changed = dataclasses.replace(PINNED.name, path=f"mdo/{name}")
    title = PullRequestTexts().title_of(
        dataclasses.replace(REPORT, changes=(ImageChange(changed, tuple(tagged), (B,), (A,)),))
    )

    assert [found for found in active(title) if found[0] != "commit"] == []


@QUICK
@given(names, names)
def test_confirm_prods_comment_is_as_quiet_as_a_plain_one(run: str, suite: str) -> None:
    """A run's address is prod CI's, or that of whoever publishes; the command with it is code."""
    if "(empty)" in (code(run), code(suite)):
        return
    at = datetime(2026, 11, 26, tzinfo=UTC)

    def said(url: str, name: str) -> str:
        findings = (Finding(name, False, f"https://ci.example/`{url}", at),)
        earlier = EarlierRelease(3, COMMIT, "qa", "https://ci.example/1", confirmed=True)
        return comment(ProductionReport("mdo/e", "gate", COMMIT, findings, Lifetime(None, at, at), earlier))

    assert_quiet(said(run, suite), said("x", "x"))
