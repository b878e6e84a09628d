"""RPCs that are called with less around them than Google's clients put there: on the wire they are the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import grpc
import pytest
from google.api_core.exceptions import PermissionDenied
from google.cloud.binaryauthorization_v1 import (
    BinauthzManagementServiceV1AsyncClient,
    SystemPolicyV1AsyncClient,
    ValidateAttestationOccurrenceRequest,
    ValidationHelperV1AsyncClient,
)
from google.cloud.kms_v1 import AsymmetricSignRequest, KeyManagementServiceAsyncClient
from grafeas.grafeas_v1 import CreateOccurrenceRequest, GrafeasAsyncClient

from shared.clients import calls
from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization, BinaryAuthorizationClients
from shared.clients.kms import Signer
from shared.domain.algorithms import BY_KMS_NAME
from shared.domain.attestation import Attestation
from shared.domain.attestors import Attestor, SigningKey
from shared.domain.errors import Unavailable

# Whoever quotes too little in a header routes to another place.
KEY = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k ey/cryptoKeyVersions/1"
ATTESTOR = "projects/p/attestors/q a"


class Recording(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in the stubs only
    """Refuses every RPC, and remembers its method, what was told beside it, and the seconds that it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, list[Any]]] = []
        self.given_s: list[float] = []

    def service(self, handler_call_details: Any) -> Any:
        """Note the headers; those that gRPC itself adds are the same in any case."""
        told = sorted(tuple(header) for header in handler_call_details.invocation_metadata)
        self.calls.append((handler_call_details.method, told))
        return grpc.unary_unary_rpc_method_handler(self._refuse)

    async def _refuse(self, _: bytes, context: Any) -> None:
        self.given_s.append(context.time_remaining())
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, "no")


def recorded(story: Callable[[grpc.aio.Channel], Awaitable[None]]) -> Recording:
    """Tell a story to a server that refuses everything; answer what it was told."""

    async def told() -> Recording:
        recording, server = Recording(), grpc.aio.server()
        server.add_generic_rpc_handlers((recording,))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await story(channel)
        await server.stop(grace=None)
        return recording

    return asyncio.run(told())


def connected(kind: Any, channel: grpc.aio.Channel) -> Any:
    """Put a client on a channel."""
    return kind(transport=kind.get_transport_class("grpc_asyncio")(channel=channel))


def require_same(recording: Recording, call: calls.Call) -> None:
    """Both calls said the same, the route too, and had the time of one try."""
    theirs, ours = recording.calls
    assert ours == theirs
    assert {"x-goog-request-params", "x-goog-api-client"} <= {name for name, _ in ours[1]}
    assert recording.given_s == pytest.approx([call.try_s, call.try_s], abs=1.0)


def test_a_signature_is_asked_for_as_the_client_of_kms_asks() -> None:
    """KMS routes by the header to where the key lives; without it some keys cannot be found."""

    async def story(channel: grpc.aio.Channel) -> None:
        client = connected(KeyManagementServiceAsyncClient, channel)
        with suppress(PermissionDenied):
            await client.asymmetric_sign(AsymmetricSignRequest(name=KEY), timeout=calls.ASYMMETRIC_SIGN.try_s)
        with suppress(Unavailable):
            await Signer(client).sign(SigningKey(KEY, BY_KMS_NAME["EC_SIGN_P256_SHA256"]), b"payload")

    require_same(recorded(story), calls.ASYMMETRIC_SIGN)


def test_a_verdict_is_asked_for_as_the_client_of_binary_authorization_asks() -> None:
    """The same of ValidateAttestationOccurrence."""

    async def story(channel: grpc.aio.Channel) -> None:
        kinds = (BinauthzManagementServiceV1AsyncClient, SystemPolicyV1AsyncClient, ValidationHelperV1AsyncClient)
        clients = BinaryAuthorizationClients(*(connected(kind, channel) for kind in kinds))
        request = ValidateAttestationOccurrenceRequest(attestor=ATTESTOR)
        with suppress(PermissionDenied):
            await clients.validation.validate_attestation_occurrence(request, timeout=calls.VALIDATE_OCCURRENCE.try_s)
        attestation = Attestation("projects/p/notes/n", "host/i", b"{}", ())
        with suppress(Unavailable):
            await BinaryAuthorization(clients).require_valid(Attestor(ATTESTOR, "projects/p/notes/n", ()), attestation)

    require_same(recorded(story), calls.VALIDATE_OCCURRENCE)


def test_an_occurrence_is_created_as_the_client_of_container_analysis_creates_it() -> None:
    """The same of CreateOccurrence."""

    async def story(channel: grpc.aio.Channel) -> None:
        client = connected(GrafeasAsyncClient, channel)
        request = CreateOccurrenceRequest(parent="projects/p q")
        with suppress(PermissionDenied):
            await client.create_occurrence(request, timeout=calls.CREATE_OCCURRENCE.try_s)
        attestation = Attestation("projects/p/notes/n", "host/i", b"{}", ())
        with suppress(Unavailable):
            await Attestations(client, "p q").create_all([attestation])

    require_same(recorded(story), calls.CREATE_OCCURRENCE)
