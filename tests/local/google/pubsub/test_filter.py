"""The filter language on its own."""

from __future__ import annotations

import pytest

from local.google.pubsub.filter import FilterError, parse

ATTRIBUTES = {"suite": "qa", "event-type": "x.y", "a b": "c", "quote": 'say "hi"'}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("attributes:suite", True),
        ("attributes:missing", False),
        ('attributes.suite = "qa"', True),
        ('attributes.suite="QA"', False),
        ('attributes.suite != "qa"', False),
        ('attributes.missing != "qa"', True),
        ('attributes.event-type = "x.y"', True),
        ('attributes."a b" = "c"', True),
        ('attributes:"a b"', True),
        ('attributes.quote = "say \\"hi\\""', True),
        ('hasPrefix(attributes.event-type, "x.")', True),
        ('hasPrefix(attributes.missing, "")', False),
        ("NOT attributes:suite", False),
        ("-attributes:missing", True),
        ("NOT NOT attributes:suite", True),
        ('attributes:suite AND attributes.suite = "load"', False),
        ('attributes:missing OR attributes.suite = "qa"', True),
        ("attributes:suite AND (attributes:missing OR attributes:quote)", True),
        ("NOT (attributes:suite AND attributes:missing)", True),
    ],
)
def test_a_filter_reads_attributes_only(text: str, expected: bool) -> None:
    """Each operator, with and without the attribute there."""
    assert parse(text)(ATTRIBUTES) is expected


@pytest.mark.parametrize(
    "text",
    [
        "suite",
        "attributes",
        "attributes.suite",
        "attributes.suite = qa",
        "attributes.suite = 'qa'",
        'attributes.suite > "qa"',
        'attributes.suite = "qa" and attributes:x',
        "attributes:a AND attributes:b OR attributes:c",
        "attributes:a attributes:b",
        "(attributes:a",
        "attributes:a)",
        "NOT",
        'hasPrefix(attributes.a, "x"',
        'hasSuffix(attributes.a, "x")',
        'attributes.a = "unclosed',
        'attributes.a = "\\x"',
        'data = "x"',
        "(" * 100 + "attributes:a" + ")" * 100,
    ],
)
def test_what_is_not_in_the_language_is_refused(text: str) -> None:
    """With a reason, never with a traceback of the parser's own."""
    with pytest.raises(FilterError):
        parse(text)


def test_a_filter_is_measured_in_bytes() -> None:
    """256 of them, and one more is too many."""
    fits = f'attributes.a = "{"y" * 239}"'
    assert len(fits) == 256
    parse(fits)
    with pytest.raises(FilterError, match="longer than 256 bytes"):
        parse(fits.replace("y", "ü", 1))
