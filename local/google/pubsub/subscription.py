"""One subscription: its settings, and the messages that it still owes its subscriber."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from google.pubsub_v1 import types

from local.google.pubsub import filter as filters
from local.google.pubsub import limits
from local.google.pubsub.clock import Clock
from local.google.pubsub.durations import duration_or
from local.google.pubsub.messages import Message

ACK_ID = r"[\w\-]{32}"
_ACK_ID_BYTES = 24  # 32 characters in base64


@dataclass(slots=True, eq=False)
class Outstanding:
    """A message not acknowledged yet; `ready_at` is service time, `ack_id` is set while a Pull holds a lease."""

    message: Message
    attempts: int = 0
    ready_at: float = 0.0
    ack_id: str = ""


# Takes over a message that was refused too often; answers whether it did.
DeadLetters: TypeAlias = Callable[["Subscription", Outstanding], bool]


class Subscription:
    """Messages wait here until acknowledged; refused ones wait for their backoff, or go to the dead letters."""

    def __init__(
        self,
        settings: types.Subscription,
        *,
        clock: Clock,
        dead_letters: DeadLetters,
        topic_retains: Callable[[], bool],
    ) -> None:
        self.settings = settings
        self.matches = filters.parse(settings.filter)
        self._clock = clock
        self._dead_letters = dead_letters
        self._topic_retains = topic_retains
        self._outstanding: dict[Outstanding, None] = {}
        self._retained: list[Message] = []

    @property
    def endpoint(self) -> str:
        """Where messages are pushed to; empty for a pull subscription."""
        return self.settings.push_config.push_endpoint

    @property
    def max_attempts(self) -> int | None:
        """After how many deliveries a message is dead; None without a dead-letter policy."""
        policy = self.settings.dead_letter_policy
        return policy.max_delivery_attempts if "dead_letter_policy" in self.settings else None

    @property
    def idle(self) -> bool:
        """Whether every message was acknowledged."""
        return not self._outstanding

    def outstanding(self) -> list[Outstanding]:
        """List what is not acknowledged, oldest first."""
        return list(self._outstanding)

    def owes(self, outstanding: Outstanding) -> bool:
        """Say whether a message is still to be delivered."""
        return outstanding in self._outstanding

    def add(self, message: Message) -> Outstanding:
        """Take a message in, whatever the filter says."""
        added = Outstanding(message)
        self._outstanding[added] = None
        return added

    def acknowledge(self, outstanding: Outstanding) -> None:
        """Forget a message; keep its copy where `retain_acked_messages` or the topic's retention asks for that."""
        if not self.owes(outstanding):
            return
        del self._outstanding[outstanding]
        if self.settings.retain_acked_messages or self._topic_retains():
            self._retained.append(outstanding.message)

    def refuse(self, outstanding: Outstanding) -> None:
        """Count a delivery as failed: a nack, a missed ack deadline, an endpoint that is not there."""
        outstanding.ack_id = ""
        if not self.owes(outstanding):
            return
        if self.max_attempts and outstanding.attempts >= self.max_attempts and self._dead_letters(self, outstanding):
            del self._outstanding[outstanding]
            return
        outstanding.ready_at = self._clock.now() + self._backoff(outstanding.attempts).total_seconds()

    def lease(self, at_most: int) -> list[Outstanding]:
        """Hand out ready messages until the ack deadline; leases that ran out count as refused first."""
        self._end_leases()
        now = self._clock.now()
        leased = [one for one in self._outstanding if not one.ack_id and one.ready_at <= now][:at_most]
        for one in leased:
            one.attempts += 1
            one.ack_id = secrets.token_urlsafe(_ACK_ID_BYTES)
            one.ready_at = now + self.settings.ack_deadline_seconds
        return leased

    def extend(self, outstanding: Outstanding, seconds: int) -> None:
        """Move the end of a lease to so many seconds from now."""
        outstanding.ready_at = self._clock.now() + seconds

    def leased(self, ack_ids: frozenset[str]) -> list[Outstanding]:
        """Find the messages whose leases are named and still run; the service ignores the other ids as well."""
        self._end_leases()
        return [one for one in self._outstanding if one.ack_id and one.ack_id in ack_ids]

    def seek(self, moment: datetime) -> list[Outstanding]:
        """Forget what was published before a moment; give back what was acknowledged and retained since then."""
        for one in self.outstanding():
            if one.message.publish_time < moment:
                self.acknowledge(one)
        oldest = datetime.now(UTC) - duration_or(self.settings, "message_retention_duration", limits.DEFAULT_RETENTION)
        again = [message for message in self._retained if message.publish_time >= max(moment, oldest)]
        self._retained = [message for message in self._retained if message not in again]
        return [self.add(message) for message in again]

    def _end_leases(self) -> None:
        now = self._clock.now()
        for one in self.outstanding():
            if one.ack_id and one.ready_at <= now:
                self.refuse(one)

    def _backoff(self, attempts: int) -> timedelta:
        doublings = 2.0 ** min(attempts - 1, 20)
        if "retry_policy" in self.settings:
            policy = self.settings.retry_policy
            minimum = duration_or(policy, "minimum_backoff", limits.DEFAULT_MINIMUM_BACKOFF)
            return min(minimum * doublings, duration_or(policy, "maximum_backoff", limits.DEFAULT_MAXIMUM_BACKOFF))
        if self.endpoint:
            return min(limits.FIRST_PUSH_BACKOFF * doublings, limits.LONGEST_PUSH_BACKOFF)
        return timedelta()
