"""One Pub/Sub message, out of whatever frame it came in."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain import limits
from shared.domain.envelope import Delivery, read_delivery
from shared.domain.errors import Reason, Rejected
from tests.unit.domain.material import reason_of

MESSAGE = {
    "data": base64.b64encode(b'{"a":1}').decode(),
    "attributes": {"event_type": "x", "empty": ""},
    "messageId": "7",
    "publishTime": "2026-01-01T12:00:00.123456789Z",
}
EXPECTED = Delivery(
    b'{"a":1}', {"event_type": "x", "empty": ""}, "7", datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC), 2
)


def push(**changes: Any) -> bytes:
    """A push body whose message has changes; None takes a field out."""
    message = {name: value for name, value in {**MESSAGE, **changes}.items() if value is not None}
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s", "deliveryAttempt": 2}).encode()


FRAMES = {
    "a push body": ({"content-type": "application/json"}, push()),
    "a CloudEvent in binary mode": ({"ce-type": "google.cloud.pubsub.topic.v1.messagePublished", "ce-id": "7"}, push()),
    "a CloudEvent in structured mode": (
        {"content-type": "application/cloudevents+json"},
        json.dumps({"specversion": "1.0", "type": "x", "data": json.loads(push())}).encode(),
    ),
    "an older spelling": (
        {},
        push(messageId=None, publishTime=None, message_id="7", publish_time=MESSAGE["publishTime"]),
    ),
}


@pytest.mark.parametrize("frame", FRAMES)
def test_the_same_message_is_read_out_of_every_frame(frame: str) -> None:
    """Eventarc and a push subscription deliver differently, and the functions must not care."""
    headers, body = FRAMES[frame]

    assert read_delivery(headers, body) == EXPECTED


@pytest.mark.parametrize("outer", [{}, {"deliveryAttempt": None}])
def test_a_subscription_without_a_dead_letter_counts_no_attempts(outer: dict[str, Any]) -> None:
    """Pub/Sub says so only where it needs to count."""
    body = json.dumps({"message": MESSAGE, **outer}).encode()

    assert read_delivery({}, body).attempt is None


@pytest.mark.parametrize("changes", [{"data": None}, {"data": ""}, {"attributes": None}, {"attributes": {}}])
def test_a_message_without_data_or_attributes_is_still_a_message(changes: dict[str, Any]) -> None:
    """`gcloud pubsub topics publish --attribute` sends no data; the contract refuses that, not the frame."""
    delivery = read_delivery({}, push(**changes))

    assert delivery.data == (b"" if "data" in changes else EXPECTED.data)
    assert delivery.attributes == ({} if "attributes" in changes else EXPECTED.attributes)


def test_a_message_of_null_fields_is_empty() -> None:
    """Some senders write null for what is not there."""
    body = json.dumps({"message": {"data": None, "attributes": None}}).encode()

    assert read_delivery({}, body) == Delivery(b"", {}, "", None)


def test_a_time_without_zone_is_no_time() -> None:
    """An age against an unknown zone would be a guess; without a time the event counts as old."""
    assert read_delivery({}, push(publishTime="2026-01-01T12:00:00")).published is None


REFUSED = [
    ({}, b"", "the push body is not strict JSON"),
    ({}, b"[]", "the push body must be a JSON object"),
    ({}, b"{}", "the push body: message is missing"),
    ({}, b'{"message":"x"}', "message must be an object"),
    ({}, b'{"specversion":"1.0"}', "the push body: data is missing"),
    ({"ce-type": "x"}, b'{"specversion":"1.0","data":{"message":{}}}', "the push body: message is missing"),
    ({}, push(data="e30=!!!\n\x00garbage"), "message: data is not base64"),
    ({}, push(data="e30"), "data is not base64"),
    ({}, push(data="é"), "data is not base64"),
    ({}, push(data=7), "data must be a string"),
    ({}, push(attributes=["x"]), "attributes must be an object"),
    ({}, push(attributes={"x": 1}), "attributes: x must be a string"),
    ({}, push(messageId=7), "messageId must be a string"),
    ({}, push(publishTime="now"), "publishTime is no RFC 3339 time"),
    ({"content-encoding": "gzip"}, push(), "the request is compressed; Pub/Sub never does that"),
    ({"content-encoding": ""}, push(), "the request is compressed"),
]


@pytest.mark.parametrize(("headers", "body", "sentence"), REFUSED)
def test_what_pub_sub_would_not_send_is_refused(headers: dict[str, str], body: bytes, sentence: str) -> None:
    """Whoever sent it was not Pub/Sub, or it would be delivered again for ever."""
    with pytest.raises(Rejected) as caught:
        read_delivery(headers, body)

    assert caught.value.reason is Reason.MALFORMED_ENVELOPE
    assert sentence in caught.value.detail


def test_data_of_64_kib_is_read_and_one_byte_more_is_refused() -> None:
    """The size is judged before anything is parsed."""
    Delivery(b"x" * limits.MESSAGE_BYTES).require_size()

    with pytest.raises(Rejected) as caught:
        Delivery(b"x" * (limits.MESSAGE_BYTES + 1)).require_size()

    assert reason_of(caught) == (Reason.TOO_LARGE, "the message has 65,537 bytes; at most 65,536 are read")
