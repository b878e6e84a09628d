"""Messages: what a publisher may send, and what the service makes of it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import grpc
from google.pubsub_v1 import types

from local.google.pubsub import limits
from local.google.refusal import Refusal

_RESERVED_PREFIX = "goog"
_CLIENT_PREFIX = "googclient_"  # what Google's own clients add: trace context, schema revision


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the service keeps it; `publish_time` is UTC, cut to milliseconds as push bodies show it."""

    message_id: str
    data: bytes
    attributes: Mapping[str, str]
    publish_time: datetime
    ordering_key: str

    def wire(self) -> types.PubsubMessage:
        """Give the message as Pull answers it."""
        return types.PubsubMessage(
            data=self.data,
            attributes=dict(self.attributes),
            message_id=self.message_id,
            publish_time=self.publish_time,
            ordering_key=self.ordering_key,
        )


class Stamp:
    """Give each accepted message its id, a numeric string that only grows, and its publish time."""

    def __init__(self) -> None:
        self._ids = itertools.count(time.time_ns() // 1_000)

    def accept(self, data: bytes, attributes: Mapping[str, str], ordering_key: str = "") -> Message:
        """Make the message that the service keeps."""
        now = datetime.now(UTC)
        return Message(
            message_id=str(next(self._ids)),
            data=data,
            attributes=dict(attributes),
            publish_time=now.replace(microsecond=now.microsecond // 1_000 * 1_000),
            ordering_key=ordering_key,
        )


def check_publishable(messages: Sequence[types.PubsubMessage]) -> None:
    """Refuse a publish request whole when one of its messages breaks a rule.

    Raises:
        Refusal: INVALID_ARGUMENT; limits from https://cloud.google.com/pubsub/quotas#resource_limits.
    """
    if not messages:
        raise _invalid("The value for message_count is too small. You passed 0 in the request, the minimum value is 1.")
    _at_most("message_count", len(messages), limits.REQUEST_MESSAGES)
    _at_most("request_size", sum(len(message.data) for message in messages), limits.REQUEST_BYTES)
    for message in messages:
        _check_content(message)
        _check_attributes(message.attributes.items())


def _check_content(message: types.PubsubMessage) -> None:
    if not message.data and not message.attributes:
        raise _invalid(
            "One or more messages in the publish request is empty. Each message must contain either non-empty data, "
            "or at least one attribute."
        )
    _at_most("message_size", len(message.data), limits.MESSAGE_BYTES)
    _at_most("ordering_key_size", len(message.ordering_key.encode()), limits.ORDERING_KEY_BYTES)
    _at_most("attribute_count", len(message.attributes), limits.ATTRIBUTES)


def _check_attributes(attributes: Iterable[tuple[str, str]]) -> None:
    for key, value in attributes:
        if not key:
            raise _invalid("One or more messages in the publish request has an attribute with an empty key.")
        if key.startswith(_RESERVED_PREFIX) and not key.startswith(_CLIENT_PREFIX):
            raise _invalid(f"Attribute keys must not begin with '{_RESERVED_PREFIX}' (key={key}).")
        _at_most("attribute_key_size", len(key.encode()), limits.ATTRIBUTE_KEY_BYTES)
        _at_most("attribute_value_size", len(value.encode()), limits.ATTRIBUTE_VALUE_BYTES)


def _at_most(what: str, passed: int, maximum: int) -> None:
    if passed > maximum:
        raise _invalid(
            f"The value for {what} is too large. You passed {passed} in the request, "
            f"but the maximum value is {maximum}."
        )


def _invalid(sentence: str) -> Refusal:
    return Refusal(grpc.StatusCode.INVALID_ARGUMENT, sentence)
