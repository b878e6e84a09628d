"""The filter grammar of ListOccurrences, on its own."""

from __future__ import annotations

import pytest
from grafeas import grafeas_v1

from local.google.messages import protobuf_of
from local.google.occurrence_filter import endings_of, parse_filter
from local.google.refusal import Refusal

OCCURRENCE = protobuf_of(
    grafeas_v1.Occurrence(
        resource_uri="h.example/team/image@sha256:abc",
        note_name="projects/acme/notes/qa",
        kind=grafeas_v1.NoteKind.ATTESTATION,
    )
)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ('kind="ATTESTATION"', True),
        ('kind = "BUILD"', False),
        ('kind!="BUILD"', True),
        ('has_suffix(resourceUrl, "sha256:abc")', True),
        ('has_suffix(resourceUrl,"sha256:def")', False),
        ('has_prefix(resourceUrl, "h.example/")', True),
        ('resourceUrl="h.example/team/image@sha256:abc"', True),
        ('noteProjectId="acme" AND noteId="qa"', True),
        ('noteProjectId="acme" AND noteId="other"', False),
        ('noteId="other" OR noteId="qa"', True),
        ('has_suffix(resourceUrl, "x") OR has_suffix(resourceUrl, "abc")', True),
        ('noteId="qa" OR noteId="x" AND kind="BUILD"', False),
        ('noteId="qa" OR (noteId="x" AND kind="BUILD")', True),
        (r'noteId="q\"a"', False),
    ],
)
def test_a_filter_admits_what_it_says(text: str, matches: bool) -> None:
    """Comparisons, functions, both operators, and that OR binds tighter than AND (AIP-160)."""
    assert parse_filter(text)(OCCURRENCE) is matches


@pytest.mark.parametrize(
    "text",
    [
        "kind",
        'kind="ATTESTATION',
        "kind=ATTESTATION",
        'kind="A" AND',
        'kind="A" kind="B"',
        'severity="HIGH"',
        'has_suffix(resourceUrl "x")',
        'kind>"A"',
        r'kind="\x"',
        "(" * 30 + 'kind="A"' + ")" * 30,
        '(kind="A"',
        'kind("A")',
    ],
)
def test_a_filter_that_is_not_understood_is_refused(text: str) -> None:
    """Nothing is guessed: a filter that was ignored would list too much or too little."""
    with pytest.raises(Refusal, match="Invalid filter"):
        parse_filter(text)


@pytest.mark.parametrize(
    ("text", "endings"),
    [
        ('has_suffix(resourceUrl, "6:abc")', {":abc"}),
        ('(has_suffix(resourceUri, "6:abc") OR has_suffix(resourceUri, ":def"))', {":abc", ":def"}),
        ('has_suffix(resourceUrl, "6:abc") OR has_suffix(resourceUrl, "def")', None),
        ('has_suffix(resourceUrl, "6:abc") OR kind="BUILD"', None),
        ('has_prefix(resourceUrl, "6:abc")', None),
        ('has_suffix(noteId, "6:abc")', None),
        ('has_suffix(resourceUrl, "6:abc") AND kind="BUILD"', None),
        ("", None),
    ],
)
def test_a_filter_bounds_how_resources_end(text: str, endings: set[str] | None) -> None:
    """Only where each that it admits has one of these endings may a list look at those alone."""
    assert endings_of(parse_filter(text), 4) == endings
