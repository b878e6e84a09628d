"""What happened to each event: put together from Pub/Sub's deliveries and from the functions' own log entries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.google.pubsub import DeliveryRecord
from shared.domain.vocabulary import LogEvent

_LABELS: Final = "logging.googleapis.com/labels"
_OUTCOMES: Final[dict[str, str]] = {
    LogEvent.DONE: "done",
    LogEvent.REJECTED: "rejected",
    LogEvent.UNAVAILABLE: "unavailable",
}


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """One event and what its function made of it; `at_s` is since the ledger began, `elapsed_ms` the function's own."""

    topic: str
    function: str
    event_id: str
    message_id: str
    outcome: str
    sentence: str
    changed: bool
    at_s: float
    logged_at: str
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message as Pub/Sub delivered it: what can be published again to replay the event."""

    topic: str
    message_id: str
    data: bytes
    published: str
    status: int | None


class Ledger:
    """Listens to functions and to Pub/Sub; `tell` hears of each outcome as it is logged."""

    def __init__(self, tell: Callable[[EventOutcome], None]) -> None:
        self.outcomes: list[EventOutcome] = []
        self.deliveries: list[Delivered] = []
        self.warnings: list[str] = []
        self.began = time.monotonic()
        self._tell = tell
        self._lock = threading.Lock()

    def hear_log(self, function: str, entry: Mapping[str, Any]) -> None:
        """Take one log entry of a function."""
        labels = entry.get(_LABELS) or {}
        outcome = _OUTCOMES.get(str(labels.get("event")))
        if outcome is None:
            if entry.get("severity") not in ("INFO", "DEFAULT", "DEBUG"):
                self.warnings.append(f"{function}: {entry.get('message')}")
            return
        heard = EventOutcome(
            topic=str(labels.get("topic")),
            function=function,
            event_id=str(labels.get("event_id")),
            message_id=str(labels.get("message_id")),
            outcome=outcome,
            sentence=str(entry.get("message")),
            changed=labels.get("changed") == "True",
            at_s=time.monotonic() - self.began,
            logged_at=str(entry.get("time")),
            elapsed_ms=float(labels.get("elapsed_ms", 0)),
        )
        with self._lock:
            self.outcomes.append(heard)
            self._tell(heard)

    def hear_delivery(self, record: DeliveryRecord) -> None:
        """Take one delivery of Pub/Sub's."""
        topic = record.topic.rpartition("/")[2]
        published = record.publish_time.isoformat()
        self.deliveries.append(Delivered(topic, record.message_id, record.data, published, record.status))
