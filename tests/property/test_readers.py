"""Readers of text from strangers: whatever they are given, they answer or reject."""

from __future__ import annotations

import contextlib
import json
import string
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.envelope import read_delivery
from shared.domain.errors import Rejected
from shared.domain.events import ImageResolved, ReportedCompletion, TestPassed, event_id
from shared.domain.image import ImageReference, PinnedImage, parse_name
from shared.domain.manifests import read_manifest
from shared.domain.policy import Policy, matches
from shared.domain.pushes import Pushes
from shared.domain.strict_json import read_object

QUICK = settings(deadline=None, max_examples=60, derandomize=True)

component = st.from_regex(r"[a-z0-9]{1,8}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,4}){0,2}", fullmatch=True)
host = st.from_regex(r"[a-z0-9]{1,5}(?:-[a-z0-9]{1,3})?\.(?:io|dev)(?::[0-9]{1,5})?", fullmatch=True)
tag = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}", fullmatch=True)
digest = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)
name = st.builds(lambda h, parts: "/".join([h, *parts]), host, st.lists(component, min_size=1, max_size=4))
near_miss = st.text(alphabet=f"{string.ascii_letters}09/:@._-[]\n\u0131\uff11 ", max_size=60)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
any_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=6,
)
words = st.sampled_from(
    [
        *("action", "INSERT", "DELETE", "push", "digest", "tag", "image", "images", "events", "target", "request"),
        *("host", "repository", "mediaType", "suite", "outcome", "success", "commit", "run", "rollback", "reason"),
        *("message", "data", "attributes", "messageId", "publishTime", "specversion", "name", "defaultAdmissionRule"),
        *("evaluationMode", "enforcementMode", "requireAttestationsBy", "admissionWhitelistPatterns", "namePattern"),
        *("ALWAYS_ALLOW", "DRYRUN_AUDIT_LOG_ONLY", "REQUIRE_ATTESTATION", "globalPolicyEvaluationMode", "ENABLE"),
    ]
)
likely_json = st.recursive(
    scalars | words | digest | name,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=6),
    max_leaves=12,
)
PARSERS = (Pushes.parse, ImageResolved.parse, TestPassed.parse, ReportedCompletion.parse)


@QUICK
@given(name, st.none() | tag, st.none() | digest)
def test_a_reference_prints_as_it_was_read(name: str, tag: str | None, digest: str | None) -> None:
    """A name goes through events and manifests many times, and must stay the same name."""
    text = name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")
    reference = ImageReference.parse(text)

    assert (str(reference.name), reference.tag, reference.digest) == (name, tag, digest)
    assert parse_name(str(reference.name)) == reference.name
    if digest:
        assert PinnedImage.parse(str(reference.pinned())) == reference.pinned()


@QUICK
@given(near_miss | st.text())
def test_no_text_makes_the_reference_parser_raise_anything_but_rejected(text: str) -> None:
    """And what it reads, it normalises to a fixed point."""
    with contextlib.suppress(Rejected):
        reference = ImageReference.parse(text)
        assert parse_name(str(reference.name)) == reference.name
        assert reference.written == text
        assert text.isascii()
        assert text.isprintable()


@QUICK
@given(st.binary() | st.text(alphabet='{}[]",:\\u0d8ntrue1.eE-+ ').map(str.encode))
def test_no_bytes_make_the_json_reader_raise_anything_but_rejected(data: bytes) -> None:
    """What it reads can be written again as UTF-8, and names each key once."""
    with contextlib.suppress(Rejected):
        assert isinstance(read_object("it", data).names(), list)
        json.dumps(json.loads(data), ensure_ascii=False, allow_nan=False).encode()


@QUICK
@given(likely_json | any_json)
def test_no_json_makes_an_event_parser_raise_anything_but_rejected(document: Any) -> None:
    """An exception without a name would be retried until the dead letter."""
    data = json.dumps(document).encode()
    for parse in PARSERS:
        with contextlib.suppress(Rejected):
            parse(data)


@QUICK
@given(st.binary(), st.dictionaries(st.sampled_from(["ce-type", "content-encoding"]), st.text()), likely_json)
def test_no_request_makes_the_envelope_reader_raise_anything_but_rejected(
    data: bytes, headers: dict[str, str], document: Any
) -> None:
    """Anything can be posted to a public address."""
    for body in (data, json.dumps({"message": document}).encode(), json.dumps(document).encode()):
        with contextlib.suppress(Rejected):
            read_delivery(headers, body)


@QUICK
@given(st.dictionaries(words | st.text(max_size=5), likely_json | any_json, max_size=6))
def test_no_json_makes_the_policy_reader_raise_anything_but_rejected(document: dict[str, Any]) -> None:
    """A policy of tomorrow must be refused by name, not crash the function."""
    with contextlib.suppress(Rejected):
        Policy.read(document)


@QUICK
@given(st.binary() | st.text(alphabet="-:?#&*!|>'\"%@`{}[], \n\tab0\u2028\ufeff").map(str.encode))
def test_no_bytes_make_the_manifest_reader_raise(data: bytes) -> None:
    """It collects problems, so that one file does not hide the others."""
    manifest = read_manifest("x.yaml", data)

    assert (manifest.bom + manifest.text).encode() in {data, b""}


@QUICK
@given(any_json, st.sampled_from([None, 1, 4]))
def test_an_event_id_is_stable_under_order_and_blanks(document: Any, indent: int | None) -> None:
    """A person who retypes an event for a replay gets the same id."""
    turned = dict(reversed(document.items())) if isinstance(document, dict) else document

    assert event_id("gcr", json.dumps(document).encode()) == event_id("gcr", json.dumps(turned, indent=indent).encode())


@QUICK
@given(st.text(alphabet="ab/:*", max_size=8), st.text(alphabet="ab/:@", max_size=8))
def test_one_star_never_matches_across_a_slash(pattern: str, image: str) -> None:
    """`gcr.io/p/nginx*` must not admit what lies in a folder below."""
    stem = pattern.rstrip("*")

    if matches(f"{stem}*", image):
        assert image.count("/") == stem.count("/")
    if matches(f"{stem}**", image):
        assert image.startswith(stem)
        assert "/" in stem
