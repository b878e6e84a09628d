"""Secret Manager, wired."""

from __future__ import annotations

from google.cloud.secretmanager_v1 import SecretManagerServiceAsyncClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcAsyncIOTransport,
)

from shared.clients.secrets import Secrets
from shared.runtime.telemetry import Redactor
from shared.runtime.wiring.channel import Channels


def open_secrets(channels: Channels, redactor: Redactor) -> Secrets:
    """Connect to Secret Manager; logs learn each secret that is read, so as to hide it."""
    transport = channels.transport(
        SecretManagerServiceGrpcAsyncIOTransport, SecretManagerServiceAsyncClient.DEFAULT_ENDPOINT
    )
    return Secrets(SecretManagerServiceAsyncClient(transport=transport), redactor.learn)
