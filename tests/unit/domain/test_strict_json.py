"""JSON from strangers: one meaning per text, or none."""

from __future__ import annotations

import re
import time

import pytest

from shared.domain.errors import Reason, Rejected
from shared.domain.strict_json import Fields, read_object
from tests.unit.domain.material import reason_of

AMBIGUOUS = {
    b"": "Expecting value",
    b"[]": "must be a JSON object, it is a list",
    b'"x"': "must be a JSON object, it is a string",
    b"1": "must be a JSON object, it is a number",
    b"true": "must be a JSON object, it is a boolean",
    b"null": "must be a JSON object, it is null",
    b"\xff": "is not UTF-8: byte 0 is 0xff",
    b"\xef\xbb\xbf{}": "BOM",
    '{"a":1}'.encode("utf-16"): "is not UTF-8",
    b'{"a":1,"a":2}': "the key 'a' appears twice",
    b'{"b":{"a":1,"c":2,"a":1}}': "the key 'a' appears twice",
    b'{"a":1.5}': "'1.5' is a number with a fraction or exponent",
    b'{"a":1e999}': "'1e999' is a number with a fraction or exponent",
    b'{"a":NaN}': "'NaN' is a number with a fraction or exponent, or none",
    b'{"a":-Infinity}': "'-Infinity'",
    b'{"a":1234567890123456789}': "a number has 19 digits",
    b'{"a":"\\ud800"}': "holds a lone surrogate",
    b'{"a":"\n"}': "Invalid control character",
    b'{"a":"x': "Unterminated string",
    b'{"a":"x\\': "Unterminated string",
    b"{} {}": "Extra data",
    b"{'a':1}": "is not strict JSON",
}


def fields(text: str) -> Fields:
    """The fields of an object, named `it` in sentences."""
    return read_object("it", text.encode())


@pytest.mark.parametrize("data", AMBIGUOUS)
def test_text_with_no_single_meaning_is_refused(data: bytes) -> None:
    """Two readers that read one text differently are a way around one of them."""
    with pytest.raises(Rejected) as caught:
        read_object("it", data)

    assert caught.value.reason is Reason.MALFORMED_EVENT
    assert AMBIGUOUS[data] in caught.value.detail


def test_nesting_of_eight_levels_is_read() -> None:
    """The bound is above our deepest contract, and brackets in strings do not count."""
    assert read_object("it", b'{"a":' + b"[" * 7 + b'"[{\\"["' + b"]" * 7 + b"}").names() == ["a"]


def test_nesting_of_nine_levels_is_refused() -> None:
    """The depth is counted before parsing, which recurses."""
    with pytest.raises(Rejected, match="nested deeper than 8 levels"):
        read_object("it", b'{"a":' + b"[" * 8 + b"]" * 8 + b"}")


def test_the_largest_event_of_escaped_quotes_takes_no_time() -> None:
    """An open string must not be scanned anew from each of its quotes: 64 KiB took seconds, quadratically."""
    began = time.process_time()
    with pytest.raises(Rejected):
        read_object("it", b'"' + b'\\"' * 200_000)

    assert time.process_time() - began < 1


def test_many_keys_of_which_the_last_repeats_take_no_time() -> None:
    """The repeated key must not be looked for key by key."""
    began = time.process_time()
    keys = ",".join(f'"{i}":1' for i in range(50_000))
    with pytest.raises(Rejected, match="the key 'z' appears twice"):
        read_object("it", f'{{{keys},"z":1,"z":1}}'.encode())

    assert time.process_time() - began < 2


def test_the_sentence_quotes_the_first_40_bytes() -> None:
    """The person on call must recognise the event, but a log line stays a line."""
    with pytest.raises(Rejected) as caught:
        read_object("it", b"not\njson" + b"x" * 100)

    assert caught.value.detail.endswith(f"it begins with {b'not' + bytes([10]) + b'json' + b'x' * 32!r}")


def test_18_digits_are_still_a_number() -> None:
    """The bound is on the length alone; foreign formats do hold numbers."""
    assert fields('{"a":123456789012345678}').names() == ["a"]


REFUSED_TEXT = {
    "{}": "it: a is missing",
    '{"a":null}': "it: a must be a string, it is null",
    '{"a":true}': "it: a must be a string, it is a boolean",
    '{"a":1}': "it: a must be a string, it is a number",
    '{"a":""}': "it: a must have 1 to 3 characters, it has 0",
    '{"a":"abcd"}': "it: a must have 1 to 3 characters, it has 4",
    '{"a":"ab1"}': "it: a is 'ab1', which is not of its form [a-z]+",
    '{"a":"ab\\n"}': "it: a is 'ab\\n', which is not of its form [a-z]+",
}


@pytest.mark.parametrize("text", REFUSED_TEXT)
def test_a_text_field_of_another_type_length_or_form_is_refused(text: str) -> None:
    """Every field is read by type, and as a whole: `$` would let a final newline through."""
    with pytest.raises(Rejected) as caught:
        fields(text).text("a", most=3, matching=re.compile(r"[a-z]+"))

    assert reason_of(caught) == (Reason.MALFORMED_EVENT, REFUSED_TEXT[text])


def test_a_text_field_of_the_greatest_length_is_read() -> None:
    """A bound includes its last value."""
    assert fields('{"a":"abc"}').text("a", most=3) == "abc"


def test_a_choice_is_one_of_a_closed_list() -> None:
    """An unknown word is refused with the words that are known."""
    assert fields('{"a":"yes"}').choice("a", ("yes", "no")) == "yes"

    with pytest.raises(Rejected, match="a is 'Yes'; it must be yes or no"):
        fields('{"a":"Yes"}').choice("a", ("yes", "no"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a":{}}', "it: a must be a list, it is an object"),
        ('{"a":[]}', "it: a must hold 1 to 2 items, it holds 0"),
        ('{"a":["x","y","z"]}', "it: a must hold 1 to 2 items, it holds 3"),
        ('{"a":["x",{}]}', "it: a must be a string, it is an object"),
    ],
)
def test_a_list_of_texts_is_bounded_and_of_one_type(text: str, sentence: str) -> None:
    """An empty list means no, and an endless one is work for an attacker's pleasure."""
    with pytest.raises(Rejected) as caught:
        fields(text).texts("a", most=2)

    assert caught.value.detail == sentence


def test_children_are_named_by_their_place() -> None:
    """A sentence about the second row must say that it is the second."""
    _, second = fields('{"rows":[{"a":"x"},{"a":1}]}').children("rows", most=2)

    with pytest.raises(Rejected, match=re.escape("it: rows[1]: a must be a string")):
        second.text("a", most=9)


def test_a_field_that_nobody_read_is_refused_by_name() -> None:
    """An unknown field may mean something to the sender that we would silently not do."""
    read = fields('{"a":"x","b":"y","c":"z"}')
    read.text("a", most=1)
    read.ignore("c")

    with pytest.raises(Rejected, match="the field 'b' is unknown"):
        read.done()


def test_a_parser_s_refusal_names_the_field() -> None:
    """The reason stays the parser's, and the sentence says where."""

    def parse(text: str) -> str:
        raise Rejected(Reason.NOT_A_DIGEST, f"{text} is no digest")

    with pytest.raises(Rejected) as caught:
        fields('{"a":"x"}').parsed("a", parse, most=1)

    assert reason_of(caught) == (Reason.NOT_A_DIGEST, "it: a: x is no digest")


@pytest.mark.parametrize("value", ["null", '""', "{}", "[]"])
def test_null_and_what_holds_nothing_are_empty(value: str) -> None:
    """Foreign formats leave a field out in any of these ways."""
    assert fields(f'{{"a":{value}}}').is_empty("a")


@pytest.mark.parametrize("value", ["0", "false", '" "', "[0]"])
def test_zero_false_and_blank_are_not_empty(value: str) -> None:
    """They are values, and of the wrong type most times: to be refused, not skipped."""
    assert not fields(f'{{"a":{value}}}').is_empty("a")


def test_any_text_reads_the_empty_one_too() -> None:
    """Attributes of a message may have empty values."""
    assert fields('{"a":""}').any_text("a") == ""
    assert "a" in fields('{"a":""}')
    assert "b" not in fields('{"a":""}')
