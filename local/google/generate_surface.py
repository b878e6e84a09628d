"""Write surface.json: the RPCs of the Google APIs that the stand-in speaks, read out of the installed clients.

The client packages carry no service descriptors, so this looks at private names: the stubs of each gRPC transport
(full method name, request and response type) and the HTTP options of each REST transport (verb, URI template, body).
That is why the table is checked in, and why a test generates it again and compares: an upgrade of a client that
moves those names, or adds an RPC, is seen at once.

    python -m local.google.generate_surface
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

SURFACE = Path(__file__).with_name("surface.json")

# (full name of the service, module of its client, prefix of its transport classes)
SERVICES = (
    ("google.pubsub.v1.Publisher", "google.pubsub_v1.services.publisher", "Publisher"),
    ("google.pubsub.v1.Subscriber", "google.pubsub_v1.services.subscriber", "Subscriber"),
    (
        "google.cloud.kms.v1.KeyManagementService",
        "google.cloud.kms_v1.services.key_management_service",
        "KeyManagementService",
    ),
    (
        "google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1",
        "google.cloud.binaryauthorization_v1.services.binauthz_management_service_v1",
        "BinauthzManagementServiceV1",
    ),
    (
        "google.cloud.binaryauthorization.v1.SystemPolicyV1",
        "google.cloud.binaryauthorization_v1.services.system_policy_v1",
        "SystemPolicyV1",
    ),
    (
        "google.cloud.binaryauthorization.v1.ValidationHelperV1",
        "google.cloud.binaryauthorization_v1.services.validation_helper_v1",
        "ValidationHelperV1",
    ),
    (
        "google.cloud.binaryauthorization.v1beta1.BinauthzManagementServiceV1Beta1",
        "google.cloud.binaryauthorization_v1beta1.services.binauthz_management_service_v1_beta1",
        "BinauthzManagementServiceV1Beta1",
    ),
    ("grafeas.v1.Grafeas", "grafeas.grafeas_v1.services.grafeas", "Grafeas"),
    (
        "google.cloud.secretmanager.v1.SecretManagerService",
        "google.cloud.secretmanager_v1.services.secret_manager_service",
        "SecretManagerService",
    ),
)


# properties of a transport that are its channel, another client, or a streaming RPC
NOT_STUBS = frozenset({"grpc_channel", "operations_client", "streaming_pull"})


class _RecordingChannel:
    """Stands where a transport expects its channel, and notes each stub that is made."""

    def __init__(self) -> None:
        self.stubs: dict[str, tuple[str, str]] = {}

    def unary_unary(self, path: str, *, request_serializer: Any, response_deserializer: Any) -> None:
        """Note the types of one method, unless its request is a plain protobuf message.

        Those serialize with a function of their base class, which does not tell the type; only the IAM methods of
        Secret Manager are so, and the stand-in has no IAM.
        """
        if hasattr(request_serializer, "__self__"):
            types = (request_serializer.__self__, response_deserializer.__self__)
            self.stubs[path.removeprefix("/")] = (_import_path(types[0]), _import_path(types[1]))


def generate() -> str:
    """Return the table as JSON text: one object per unary RPC, sorted by name, with its HTTP routes."""
    rpcs = [rpc for service, module, prefix in SERVICES for rpc in _rpcs(service, module, prefix)]
    rpcs.sort(key=lambda rpc: str(rpc["rpc"]))
    return json.dumps(rpcs, indent=1) + "\n"


def _rpcs(service: str, module: str, prefix: str) -> list[dict[str, object]]:
    routes = _routes(module, prefix)
    return [
        {"rpc": name, "request": request, "response": response, "routes": routes.get(name.rpartition("/")[2], [])}
        for name, (request, response) in _stubs(module, prefix).items()
        # the transports also offer IAM and locations, which are services of their own
        if name.startswith(f"{service}/")
    ]


def _stubs(module: str, prefix: str) -> dict[str, tuple[str, str]]:
    transport_type = getattr(importlib.import_module(f"{module}.transports.grpc"), f"{prefix}GrpcTransport")
    transport = transport_type.__new__(transport_type)
    channel = _RecordingChannel()
    transport._logged_channel = channel  # noqa: SLF001 - the only place where the method names are written down
    transport._stubs = {}  # noqa: SLF001 - same
    for name, member in vars(transport_type).items():
        if isinstance(member, property) and name not in NOT_STUBS:
            getattr(transport, name)
    return channel.stubs


def _routes(module: str, prefix: str) -> dict[str, list[dict[str, str]]]:
    base = getattr(importlib.import_module(f"{module}.transports.rest_base"), f"_Base{prefix}RestTransport")
    return {
        name.removeprefix("_Base"): [
            {"verb": option["method"].upper(), "uri": option["uri"], "body": option.get("body", "")}
            for option in method._get_http_options()  # noqa: SLF001 - the annotations of the API, verbatim
        ]
        for name, method in vars(base).items()
        if name.startswith("_Base") and hasattr(method, "_get_http_options")
    }


def _import_path(message_type: type) -> str:
    return f"{message_type.__module__}:{message_type.__qualname__}"


if __name__ == "__main__":
    SURFACE.write_text(generate(), encoding="utf-8")
