"""The real clients of Google's services, as an administrator of the company uses them."""

from __future__ import annotations

from typing import Any

from google.cloud.binaryauthorization_v1 import BinauthzManagementServiceV1AsyncClient
from google.cloud.kms_v1 import KeyManagementServiceAsyncClient
from google.cloud.secretmanager_v1 import SecretManagerServiceAsyncClient
from google.pubsub_v1 import PublisherAsyncClient, SubscriberAsyncClient
from grafeas.grafeas_v1 import GrafeasAsyncClient
from grpc import aio

from local.world.names import Endpoints


class Clients:
    """One client per service, on insecure channels to the stand-ins."""

    def __init__(self, at: Endpoints) -> None:
        self._channels = [aio.insecure_channel(at.google), aio.insecure_channel(at.pubsub)]
        google, pubsub = self._channels
        self.kms: KeyManagementServiceAsyncClient = _on(google, KeyManagementServiceAsyncClient)
        self.grafeas: GrafeasAsyncClient = _on(google, GrafeasAsyncClient)
        self.binauthz: BinauthzManagementServiceV1AsyncClient = _on(google, BinauthzManagementServiceV1AsyncClient)
        self.secrets: SecretManagerServiceAsyncClient = _on(google, SecretManagerServiceAsyncClient)
        self.publisher: PublisherAsyncClient = _on(pubsub, PublisherAsyncClient)
        self.subscriber: SubscriberAsyncClient = _on(pubsub, SubscriberAsyncClient)

    async def close(self) -> None:
        """Close the channels."""
        for channel in self._channels:
            await channel.close(None)


def _on(channel: aio.Channel, kind: Any) -> Any:
    return kind(transport=kind.get_transport_class("grpc_asyncio")(channel=channel))
