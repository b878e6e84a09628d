"""Cloud KMS, and how attestations are signed."""

from __future__ import annotations

from google.cloud.kms_v1 import KeyManagementServiceAsyncClient
from google.cloud.kms_v1.services.key_management_service.transports import KeyManagementServiceGrpcAsyncIOTransport

from shared.clients.kms import Signer
from shared.domain.payload import PayloadForm
from shared.runtime.config import Environment
from shared.runtime.wiring.channel import Channels
from shared.workflow.signing import SigningSettings
from shared.workflow.storing import Replacing


def read_signing(environment: Environment) -> SigningSettings:
    """Read in which form payloads are signed, and what may be done with attestations in the way."""
    return SigningSettings(
        environment.choice("PRODGATE_PAYLOAD", PayloadForm, default=PayloadForm.JSON),
        environment.choice("PRODGATE_REPLACE_ATTESTATIONS", Replacing, default=Replacing.NEVER),
    )


def open_signer(channels: Channels) -> Signer:
    """Connect to Cloud KMS."""
    transport = channels.transport(
        KeyManagementServiceGrpcAsyncIOTransport, KeyManagementServiceAsyncClient.DEFAULT_ENDPOINT
    )
    return Signer(KeyManagementServiceAsyncClient(transport=transport))
