"""receive_push: have a registry's webhook prove who sent it, and publish what it announces on `gcr` only."""

from __future__ import annotations

from dataclasses import dataclass

from shared.clients.pubsub import Publisher
from shared.domain.ignored import Ignored
from shared.domain.pushes import Pushes
from shared.domain.webhook_authentication import Webhook
from shared.domain.webhooks import Source, read_webhook
from shared.workflow.done import Done
from shared.workflow.kept_secrets import KeptSecrets


@dataclass(frozen=True, slots=True)
class ReceivingCloud:
    """What receiving needs of the world."""

    secrets: KeptSecrets
    publisher: Publisher


async def receive_webhook(webhook: Webhook, source: Source, secret_version: str, cloud: ReceivingCloud) -> Done:
    """Publish what an authentic webhook announces; a replay of it is published again, which changes nothing.

    Raises:
        Rejected: it is not authentic, or malformed.
        Unavailable: its secret cannot be read, or Pub/Sub did not take the message.
    """
    said = read_webhook(source, webhook, await cloud.secrets.read(secret_version))
    if isinstance(said, Ignored):
        return Done(f"ignored: {said.why}", changed=False)
    await cloud.publisher.publish_event(Pushes.topic, said.data)
    return Done(f"published: {said.summary}", changed=False)
