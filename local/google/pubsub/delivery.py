"""What listeners are told about each delivery to a push endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from local.google.pubsub.messages import Message

# https://cloud.google.com/pubsub/docs/push#receive_push
ACKNOWLEDGING = frozenset({102, 200, 201, 202, 204})


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One attempt to push one message.

    `attempt` counts from 1, `elapsed_s` is seconds on the wall, `publish_time` is UTC. `status` is the endpoint's HTTP
    status, None where no answer came back: connection refused, ack deadline missed, a fault on the way.
    """

    topic: str
    subscription: str
    message: Message
    attempt: int
    status: int | None
    elapsed_s: float

    @property
    def message_id(self) -> str:
        """The id that the service gave the message."""
        return self.message.message_id

    @property
    def attributes(self) -> Mapping[str, str]:
        """The attributes as published."""
        return self.message.attributes

    @property
    def data(self) -> bytes:
        """The data as published."""
        return self.message.data

    @property
    def publish_time(self) -> datetime:
        """When the service accepted the message, UTC."""
        return self.message.publish_time

    @property
    def acknowledged(self) -> bool:
        """Whether the endpoint's answer ends the delivery of this message."""
        return self.status in ACKNOWLEDGING
