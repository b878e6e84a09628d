"""Reading YAML that decides something: one meaning, or none."""

from __future__ import annotations

import pytest

from shared.domain.errors import Reason, Rejected
from shared.domain.strict_yaml import read_yaml_object

REFUSED = {
    "a key twice": (b"a: 1\na: 2\n", "line 1: the key 'a' appears twice"),
    "a key twice, deeper": (b"a:\n  b: 1\n  b: 2\n", "line 2: the key 'b' appears twice"),
    "a merge": (b"a: &x {b: c}\nd:\n  <<: *x\n", "line 3: a YAML merge"),
    "an alias": (b"a: &x {b: c}\nd: *x\n", "line 1: an alias repeats a value"),
    "an alias of a text": (b"a: &x b\nd: *x\n", "line 1: an alias repeats a value"),
    "another type": (b"a: !!binary aGk=\n", "line 1: the type"),
    "a key that is a list": (b"? [a]\n: b\n", "line 1: a key is no text"),
    "a list": (b"- a\n", "line 1: it must be a YAML mapping"),
    "a text": (b"a\n", "line 1: it must be a YAML mapping"),
    "two documents": (b"a: b\n---\nc: d\n", "must be one YAML document, not 2"),
    "no YAML": (b"a: [", "it is not YAML"),
    "no UTF-8": (b"a: \xff", "is not UTF-8"),
    "too much": (b"#" * (4 * 1024 * 1024 + 1), "has 4,194,305 bytes; at most 4,194,304"),
    "too deep": (b"a: " + b"[" * 200, "it is too large to be judged"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused(case: str) -> None:
    """The file that a person reviews must be the one that decides."""
    data, why = REFUSED[case]

    with pytest.raises(Rejected) as caught:
        read_yaml_object("the policy", data, Reason.MALFORMED_POLICY)

    assert caught.value.reason is Reason.MALFORMED_POLICY
    assert caught.value.detail.startswith("the policy")
    assert why in caught.value.detail


@pytest.mark.parametrize("nothing", [b"", b"# a comment\n", b"---\n", b"null\n", b"{}\n"])
def test_nothing_is_an_empty_mapping(nothing: bytes) -> None:
    """What an empty one means, its reader says: of a policy, that it admits nothing."""
    assert read_yaml_object("it", nothing, Reason.MALFORMED_POLICY) == {}


def test_texts_stay_texts_and_nothing_is_none() -> None:
    """A number, a date and a yes are what stands there; only null is no text."""
    data = b"a: 010\nb: yes\nc: 2026-01-01\nd: null\ne:\nf: ''\ng: [1, {h: ~}]\ni: {}\n"

    assert read_yaml_object("it", data, Reason.MALFORMED_POLICY) == {
        "a": "010",
        "b": "yes",
        "c": "2026-01-01",
        "d": None,
        "e": None,
        "f": "",
        "g": ["1", {"h": None}],
        "i": {},
    }
