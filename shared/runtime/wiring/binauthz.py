"""Binary Authorization and Container Analysis: policy, attestors, and where attestations are stored."""

from __future__ import annotations

from typing import Final

from google.cloud.binaryauthorization_v1 import (
    BinauthzManagementServiceV1AsyncClient,
    SystemPolicyV1AsyncClient,
    ValidationHelperV1AsyncClient,
)
from google.cloud.binaryauthorization_v1.services.binauthz_management_service_v1.transports import (
    BinauthzManagementServiceV1GrpcAsyncIOTransport,
)
from google.cloud.binaryauthorization_v1.services.system_policy_v1.transports import (
    SystemPolicyV1GrpcAsyncIOTransport,
)
from google.cloud.binaryauthorization_v1.services.validation_helper_v1.transports import (
    ValidationHelperV1GrpcAsyncIOTransport,
)
from grafeas.grafeas_v1 import GrafeasAsyncClient
from grafeas.grafeas_v1.services.grafeas.transports import GrafeasGrpcAsyncIOTransport

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization, BinaryAuthorizationClients
from shared.domain import limits
from shared.domain.policy import Place
from shared.runtime.config import CLUSTER, LOCATION, PROJECT, Environment
from shared.runtime.wiring.channel import Channels
from shared.workflow.environment import PolicySettings

_BINAUTHZ: Final = "binaryauthorization.googleapis.com"
CONTAINER_ANALYSIS: Final = "containeranalysis.googleapis.com"  # global: regional storage is not looked into


def read_policy(environment: Environment) -> PolicySettings:
    """Read whose admission policy decides, and which cluster prod is, where that matters."""
    return PolicySettings(
        environment.text("PRODGATE_PROD_PROJECT", PROJECT),
        environment.text("PRODGATE_PROD_LOCATION", LOCATION),
        Place(cluster=environment.optional_text("PRODGATE_PROD_CLUSTER", CLUSTER)),
    )


def read_attestors_kept(environment: Environment) -> float:
    """Read how many seconds an attestor is kept before it is read again."""
    return environment.seconds("PRODGATE_ATTESTORS_KEPT_S", default=limits.ATTESTORS_KEPT_S)


def open_binauthz(channels: Channels, *, attestors_kept_s: float = 0.0) -> BinaryAuthorization:
    """Connect to Binary Authorization."""
    management = channels.transport(BinauthzManagementServiceV1GrpcAsyncIOTransport, _BINAUTHZ)
    system = channels.transport(SystemPolicyV1GrpcAsyncIOTransport, _BINAUTHZ)
    validation = channels.transport(ValidationHelperV1GrpcAsyncIOTransport, _BINAUTHZ)
    return BinaryAuthorization(
        BinaryAuthorizationClients(
            BinauthzManagementServiceV1AsyncClient(transport=management),
            SystemPolicyV1AsyncClient(transport=system),
            ValidationHelperV1AsyncClient(transport=validation),
        ),
        attestors_kept_s=attestors_kept_s,
    )


def open_attestations(channels: Channels, project: str) -> Attestations:
    """Connect to Container Analysis; the async client of its own package would hand out a blocking Grafeas client."""
    transport = channels.transport(GrafeasGrpcAsyncIOTransport, CONTAINER_ANALYSIS)
    return Attestations(GrafeasAsyncClient(transport=transport), project)
