"""Pub/Sub: publish one message and know that it is stored."""

from __future__ import annotations

from collections.abc import Mapping

from google.pubsub_v1.services.publisher import PublisherAsyncClient
from google.pubsub_v1.types import PublishRequest, PubsubMessage
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.clients import calls
from shared.domain.events import event_id, event_type


class Publisher:
    """Publishes to the topics of one project."""

    def __init__(self, client: PublisherAsyncClient, project: str) -> None:
        self._client = client
        self._project = project

    async def publish_event(self, topic: str, data: bytes, more: Mapping[str, str] | None = None) -> None:
        """Publish one of our own events, with its id, its type and the trace that it belongs to (W3C trace context).

        `more` attributes say what is no part of the event, and so not of its id.

        Raises:
            Unavailable: it may or may not be stored; publishing it again is harmless.
        """
        attributes = {**(more or {}), "event_id": event_id(topic, data), "event_type": event_type(topic)}
        TraceContextTextMapPropagator().inject(attributes)
        await self.publish(topic, data, attributes)

    async def publish(self, topic: str, data: bytes, attributes: Mapping[str, str]) -> None:
        """Publish a message as it is.

        Raises:
            Unavailable: it may or may not be stored.
        """
        request = PublishRequest(
            topic=f"projects/{self._project}/topics/{topic}",
            messages=[PubsubMessage(data=data, attributes=dict(attributes))],
        )
        await calls.invoke(calls.PUBLISH, self._client.publish, request)
