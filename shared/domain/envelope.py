"""A delivery of one Pub/Sub message, read out of whatever frame it came in. No I/O.

Three frames carry the same message, told apart by headers and shape: a Pub/Sub push body, an Eventarc CloudEvent in
binary mode (`ce-*` headers), and in structured mode (`application/cloudevents+json`). None of their claims about type
or source is believed; who may call is IAM's business (cloud.google.com/pubsub/docs/push; CloudEvents, HTTP binding).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.domain import limits
from shared.domain.errors import Reason, Rejected
from shared.domain.strict_json import Fields, read_object

_NAME_CHARACTERS: Final = 1024
_ATTEMPTS: Final = 2**31 - 1  # int32


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as Pub/Sub delivered it: `data` and `attributes` are untouched.

    `attempt` counts its deliveries, where the subscription has a dead letter; an approximation, as Pub/Sub says.
    """

    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    message_id: str = ""
    published: datetime | None = None
    attempt: int | None = None

    def require_size(self) -> None:
        """Refuse a message that is too large to be one of ours.

        Raises:
            Rejected: its data is larger than 64 KiB.
        """
        if len(self.data) > limits.MESSAGE_BYTES:
            raise Rejected(
                Reason.TOO_LARGE, f"the message has {len(self.data):,} bytes; at most {limits.MESSAGE_BYTES:,} are read"
            )


def read_delivery(headers: Mapping[str, str], body: bytes) -> Delivery:
    """Take the message out of a request; `headers` have lower-case names.

    Raises:
        Rejected: the request is no Pub/Sub delivery, so whoever sent it was not Pub/Sub.
    """
    if "content-encoding" in headers:
        raise Rejected(Reason.MALFORMED_ENVELOPE, "the request is compressed; Pub/Sub never does that")
    outer = read_object("the push body", body, reason=Reason.MALFORMED_ENVELOPE)
    if "ce-type" not in headers and "specversion" in outer:
        outer = outer.child("data")
    return _message(outer.child("message"), _attempt(outer))


def _attempt(outer: Fields) -> int | None:
    if "deliveryAttempt" not in outer or outer.is_empty("deliveryAttempt"):
        return None
    return outer.number("deliveryAttempt", most=_ATTEMPTS)


def _message(message: Fields, attempt: int | None) -> Delivery:
    data = message.text("data", most=limits.PUSH_BODY_BYTES) if _has_data(message) else ""
    return Delivery(
        data=_decoded(message, data),
        attributes=_attributes(message),
        message_id=_either(message, "messageId", "message_id"),
        published=_published(message),
        attempt=attempt,
    )


def _has_data(message: Fields) -> bool:
    """Attributes-only messages have no data, or an empty one; `gcloud pubsub topics publish --attribute` makes them."""
    return "data" in message and not message.is_empty("data")


def _decoded(message: Fields, data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return message.refuse("data", "is not base64")


def _attributes(message: Fields) -> dict[str, str]:
    if "attributes" not in message or message.is_empty("attributes"):
        return {}
    attributes = message.child("attributes")
    return {name: attributes.any_text(name) for name in attributes.names()}


def _either(message: Fields, camel: str, snake: str) -> str:
    for name in (camel, snake):
        if name in message:
            return message.text(name, most=_NAME_CHARACTERS)
    return ""


def _published(message: Fields) -> datetime | None:
    text = _either(message, "publishTime", "publish_time")
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return message.refuse("publishTime", "is no RFC 3339 time")
    return moment if moment is not None and moment.tzinfo else None
