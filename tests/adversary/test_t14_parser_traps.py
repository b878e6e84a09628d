"""T14, parser bombs and ambiguity: each trap that Python's own readers leave open, and that ours must not."""

from __future__ import annotations

import base64
import json
import time

import pytest

from shared.domain import limits
from shared.domain.envelope import Delivery, read_delivery
from shared.domain.errors import Reason, Rejected
from shared.domain.events import ImageResolved, TestPassed
from shared.domain.image import Digest
from shared.domain.pushes import Pushes
from shared.domain.strict_json import read_object
from tests.unit.domain.material import NAME, A, B, reason_of


def refusal(data: bytes) -> str:
    """Why an event is refused, which it must be."""
    with pytest.raises(Rejected) as caught:
        Pushes.parse(data)
    assert caught.value.reason is Reason.MALFORMED_EVENT
    return caught.value.detail


def test_a_thousand_brackets_are_refused_before_they_are_parsed() -> None:
    """Python's json raises RecursionError, which is no ValueError and would be retried."""
    assert "nested deeper than 8 levels" in refusal(b"[" * 1000)
    assert "nested deeper than 8 levels" in refusal(b'{"a":' * 1000)


def test_brackets_in_a_string_are_no_nesting() -> None:
    """A name may hold them, and a quote that is escaped does not end it."""
    assert read_object("it", b'{"a":"[[[[[[[[[[[[\\"[[[["}').any_text("a") == '[[[[[[[[[[[["[[[['


def test_an_integer_of_5000_digits_is_refused() -> None:
    """Reading it takes quadratic time, and Python raises its own ValueError at 4,300."""
    assert "a number has 5,000 digits" in refusal(b'{"a":' + b"9" * 5000 + b"}")


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"1.0"])
def test_what_is_no_json_number_or_no_integer_is_refused(number: bytes) -> None:
    """Python reads them as nan and inf, which no other reader takes."""
    assert "is a number with a fraction or exponent, or none" in refusal(b'{"a":' + number + b"}")


def test_the_second_of_two_digests_does_not_win() -> None:
    """Python takes the last one: a good digest for the reviewer, an evil one for the machine."""
    event = f'{{"image":"{NAME}","tag":"v1","digest":"{A}","digest":"{B}","media_type":"a/b"}}'

    with pytest.raises(Rejected, match="the key 'digest' appears twice"):
        ImageResolved.parse(event.encode())


def test_a_lone_surrogate_is_refused_when_it_is_read() -> None:
    """Python reads it as text, and raises when it is written again: into `rejected`, say."""
    assert "holds a lone surrogate" in refusal(b'{"image":"\\ud800"}')
    assert "holds a lone surrogate" in refusal(b'{"\\udfff":"x"}')


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_no_encoding_but_utf_8_is_read(encoding: str) -> None:
    """Python guesses UTF-16 from its zeros; a filter before us would have seen other text."""
    assert refusal('{"image":"mongo:7"}'.encode(encoding))


@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\u2028", "\0"])
def test_a_digest_ends_where_it_ends(end: str) -> None:
    """`$` matches before a final line end; two strings would be one digest."""
    with pytest.raises(Rejected) as caught:
        Digest(f"{A}{end}")

    assert caught.value.reason is Reason.NOT_A_DIGEST


@pytest.mark.parametrize("zero", [0xFF10, 0x0660, 0x1D7CE])
def test_digits_of_other_alphabets_are_no_digits(zero: int) -> None:
    r"""`\d` takes full-width and Arabic digits, and so does `int`."""
    with pytest.raises(Rejected):
        Digest("sha256:" + chr(zero) * 64)
    with pytest.raises(Rejected):
        TestPassed.parse(
            json.dumps(
                {"suite": "qa", "outcome": "success", "repository": "a/b", "commit": chr(zero) * 40, "run": "https://x"}
            ).encode()
        )


@pytest.mark.parametrize("value", [True, 1, None, ["v1"], {"v1": 1}])
def test_a_value_of_another_type_is_not_taken_for_text(value: object) -> None:
    """True is an integer to Python, and 1 would be a tag if it were turned into text."""
    event = {"image": NAME, "tag": value, "digest": A, "media_type": "a/b"}

    with pytest.raises(Rejected, match="tag must be a string"):
        ImageResolved.parse(json.dumps(event).encode())


@pytest.mark.parametrize("data", ["e30=!!!\n\x00garbage", "e30=e30=", "e30==", "e30", " e30=", "e30=\n", "_-8="])
def test_base64_with_anything_else_in_it_is_refused(data: str) -> None:
    """Python drops what is not base64 unless it is told not to: one message, two texts."""
    with pytest.raises(Rejected) as caught:
        read_delivery({}, json.dumps({"message": {"data": data}}).encode())

    assert reason_of(caught) == (
        Reason.MALFORMED_ENVELOPE,
        "the push body: message: data is not base64",
    )


def test_more_than_64_kib_is_refused_by_its_size() -> None:
    """The framework takes a body of 40 MB; what is larger than an event is not parsed at all."""
    delivery = read_delivery({}, json.dumps({"message": {"data": base64.b64encode(b"[" * 65_537).decode()}}).encode())

    with pytest.raises(Rejected) as caught:
        delivery.require_size()

    assert caught.value.reason is Reason.TOO_LARGE
    Delivery(b"x" * limits.MESSAGE_BYTES).require_size()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity"])
def test_a_compressed_body_is_refused_and_not_unpacked(encoding: str) -> None:
    """A few KiB unpack to gigabytes; Pub/Sub never compresses."""
    with pytest.raises(Rejected, match="the request is compressed"):
        read_delivery({"content-encoding": encoding}, b'{"message":{}}')


@pytest.mark.parametrize(
    "data",
    [
        b'"' + b'\\"' * 32_000,
        b'{"image":"' + b"a/" * 32_000 + b'"}',
        b'{"image":"' + b"a-" * 32_000 + b'"}',
        b'{"events":[' + b"{}," * 20_000 + b"{}]}",
        b"{" + b",".join(b'"%d":1' % i for i in range(6000)) + b"}",
        b"\\" * 65_536,
        b'"' * 65_536,
    ],
)
def test_the_largest_hostile_event_takes_no_time(data: bytes) -> None:
    """One event must not hold up the ninety-nine beside it."""
    began = time.process_time()
    with pytest.raises(Rejected):
        Pushes.parse(data)

    assert time.process_time() - began < 0.5
