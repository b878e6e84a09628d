"""The RPCs that the stand-in speaks: surface.json, and the few routes that no installed client knows."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

SURFACE = Path(__file__).with_name("surface.json")

# The names under which faults are planned and calls are counted.
SHORT_NAMES = {
    "google.pubsub.v1.Publisher": "pubsub",
    "google.pubsub.v1.Subscriber": "pubsub",
    "google.cloud.kms.v1.KeyManagementService": "kms",
    "google.cloud.binaryauthorization.v1.BinauthzManagementServiceV1": "binauthz",
    "google.cloud.binaryauthorization.v1.SystemPolicyV1": "binauthz",
    "google.cloud.binaryauthorization.v1.ValidationHelperV1": "binauthz",
    "google.cloud.binaryauthorization.v1beta1.BinauthzManagementServiceV1Beta1": "binauthz",
    "grafeas.v1.Grafeas": "grafeas",
    "google.cloud.secretmanager.v1.SecretManagerService": "secrets",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP binding: verb, URI template, and which field is the body (`*` all, empty none)."""

    verb: str
    uri: str
    body: str


@dataclass(frozen=True, slots=True)
class Rpc:
    """One unary RPC: its full name without leading slash, and its message types as `module:Class`."""

    name: str
    request: str
    response: str
    routes: tuple[Route, ...]

    @property
    def short_name(self) -> str:
        """The name used in fault plans, for example `kms.AsymmetricSign`."""
        service, _, method = self.name.partition("/")
        return f"{SHORT_NAMES[service]}.{method}"


# `gcloud beta container binauthz attestations sign-and-create --validate` calls this route, and the package of
# v1beta1 has no client for it. The messages are those of v1.
HAND_ADDED = {
    "google.cloud.binaryauthorization.v1.ValidationHelperV1/ValidateAttestationOccurrence": Route(
        "POST", "/v1beta1/{attestor=projects/*/attestors/*}:validateAttestationOccurrence", "*"
    ),
}


def load_surface() -> dict[str, Rpc]:
    """Return every known RPC by its full name."""
    rpcs = (
        Rpc(row["rpc"], row["request"], row["response"], tuple(Route(**route) for route in row["routes"]))
        for row in json.loads(SURFACE.read_text(encoding="utf-8"))
    )
    return {rpc.name: _with_hand_added_route(rpc) for rpc in rpcs}


def message_type(import_path: str) -> Any:
    """Return the message class that `module:Class` names; imported only now, since most are never needed."""
    module, _, name = import_path.partition(":")
    return getattr(importlib.import_module(module), name)


def _with_hand_added_route(rpc: Rpc) -> Rpc:
    route = HAND_ADDED.get(rpc.name)
    return replace(rpc, routes=(*rpc.routes, route)) if route else rpc
