"""What lands in `rejected`: the message as it came, and who refused it, and why."""

from __future__ import annotations

import hashlib

from shared.domain import limits
from shared.domain.envelope import Delivery
from shared.domain.errors import Reason, Rejected
from shared.domain.rejection import rejected_message

ERROR = Rejected(Reason.NOT_A_DIGEST, "nginx:1 is a tag")
OWN = {
    "prodgate-function": "attest_images",
    "prodgate-reason": "not-a-digest",
    "prodgate-detail": "nginx:1 is a tag",
}


def test_data_and_attributes_stay_as_they_came() -> None:
    """Whoever mends the cause replays exactly this message."""
    data = b"\xff{ not json"

    assert rejected_message(Delivery(data, {"event_id": "7", "x": ""}), ERROR, "attest_images") == (
        data,
        {"event_id": "7", "x": "", **OWN},
    )


def test_64_kib_are_kept_whole() -> None:
    """That is the most that is ever accepted."""
    data, attributes = rejected_message(Delivery(b"x" * limits.MESSAGE_BYTES), ERROR, "attest_images")

    assert (len(data), attributes) == (limits.MESSAGE_BYTES, OWN)


def test_of_something_larger_the_first_kib_is_kept_with_hash_and_size() -> None:
    """Enough to recognise it and to find the original, and not enough to fill the topic."""
    large = bytes(range(256)) * 257

    data, attributes = rejected_message(Delivery(large), ERROR, "attest_images")

    assert data == large[:1024]
    assert attributes == {
        **OWN,
        "prodgate-sha256": hashlib.sha256(large).hexdigest(),
        "prodgate-size": "65792",
    }


def test_the_reasons_of_last_time_give_way_to_those_of_this_time() -> None:
    """A message that was replayed out of `rejected` carries them, and may fail for another cause now."""
    old = {"prodgate-function": "x", "prodgate-size": "7", "prodgate-forged": "y", "prodgatekeeper": "z"}

    _, attributes = rejected_message(Delivery(b"", old), ERROR, "attest_images")

    assert attributes == {"prodgatekeeper": "z", **OWN}


def test_97_attributes_are_kept_beside_ours() -> None:
    """Pub/Sub takes 100."""
    original = {f"a{i:03}": "x" for i in range(97)}

    _, attributes = rejected_message(Delivery(b"", original), ERROR, "attest_images")

    assert attributes == {**original, **OWN}


def test_attributes_beyond_100_give_way_and_are_counted() -> None:
    """Pub/Sub would refuse the message whole, and it would be lost to its own attributes."""
    original = {f"a{i:03}": "x" for i in reversed(range(100))}

    _, attributes = rejected_message(Delivery(b"", original), ERROR, "attest_images")

    kept = {f"a{i:03}": "x" for i in range(96)}
    assert attributes == {**kept, **OWN, "prodgate-attributes-left-out": "4"}
    assert len(attributes) == limits.ATTRIBUTES


def test_a_long_sentence_is_cut_at_1024_bytes_and_not_inside_of_a_character() -> None:
    """Half a character would be no text, and Pub/Sub takes text only."""
    _, attributes = rejected_message(Delivery(b""), Rejected(Reason.NOT_A_DIGEST, "x" + "é" * 600), "f")

    assert attributes["prodgate-detail"] == "x" + "é" * 511


def test_a_lone_surrogate_in_the_sentence_does_not_stop_the_rejection() -> None:
    """It cannot be encoded; the message would be retried for ever."""
    _, attributes = rejected_message(Delivery(b""), Rejected(Reason.NOT_A_DIGEST, "a\ud800b"), "f")

    assert attributes["prodgate-detail"] == "a?b"
