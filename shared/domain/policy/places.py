"""Where pods run, and which of a policy's specific rules applies there.

A specific rule is for one cluster (`LOCATION.NAME`), Kubernetes namespace, Kubernetes service account
(`NAMESPACE:NAME`) or Istio service identity (`spiffe://DOMAIN/ns/NAMESPACE/sa/NAME`, with or without its scheme). Where
one applies, the default rule is not asked (key-concepts, "Specific rules"; the four maps of Policy).

What is not known about the place may be anything: every rule that may apply there then counts, the default one too.
A workload's manifest may say namespace and service account itself; the API server runs its pods nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from shared.domain.policy.rules import Rule

_SPIFFE: Final = "spiffe://"
_IDENTITY: Final = re.compile(r"[^/]+/ns/([^/]+)/sa/([^/]+)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pods in question run: their cluster, namespace, service account's name, Istio identity.

    None is what is not known.
    """

    cluster: str | None = None
    namespace: str | None = None
    service_account: str | None = None
    istio_identity: str | None = None

    def of_pod(self, namespace: str | None, service_account: str | None) -> Place:
        """Add what a manifest says of its own pods, which is nearer to them than what is said of all."""
        place = replace(
            self,
            namespace=self.namespace if namespace is None else namespace,
            service_account=self.service_account if service_account is None else service_account,
        )
        # A pod's identity is made of these two: of other pods, it says nothing about this one.
        if (
            self.istio_identity is None
            or _to_identity(self.istio_identity, replace(place, istio_identity=None)) is None
        ):
            return place
        return replace(place, istio_identity=None)


ANYWHERE: Final = Place()


class Scope(StrEnum):
    """What a specific rule is for; the value is how GKE's messages call it, the field how the policy does.

    Seen in messages is the cluster's (gke-binary-auth-tools #4); the other three are named alike.
    """

    CLUSTER = "cluster"
    NAMESPACE = "kubernetes namespace"
    SERVICE_ACCOUNT = "kubernetes service account"
    ISTIO_IDENTITY = "istio service identity"


SCOPE_FIELDS: Final[Mapping[str, Scope]] = {
    "clusterAdmissionRules": Scope.CLUSTER,
    "kubernetesNamespaceAdmissionRules": Scope.NAMESPACE,
    "kubernetesServiceAccountAdmissionRules": Scope.SERVICE_ACCOUNT,
    "istioServiceIdentityAdmissionRules": Scope.ISTIO_IDENTITY,
}


@dataclass(frozen=True, slots=True)
class SpecificRule:
    """A rule for one cluster, namespace, service account or identity: its key in the policy."""

    scope: Scope
    key: str
    rule: Rule

    @property
    def title(self) -> str:
        """The rule as GKE's messages name it."""
        return f"{self.scope} admission rule for {self.key}"

    def applies(self, place: Place) -> bool | None:
        """Whether the rule applies to pods in a place, or None where that is not known."""
        return _APPLIES[self.scope](self.key, place)


def _to_cluster(key: str, place: Place) -> bool | None:
    return _same(key, place.cluster)


def _to_namespace(key: str, place: Place) -> bool | None:
    return _same(key, place.namespace)


def _to_service_account(key: str, place: Place) -> bool | None:
    namespace, _, name = key.partition(":")
    return _both(_same(namespace, place.namespace), _same(name, place.service_account))


def _to_identity(key: str, place: Place) -> bool | None:
    """Compare identities; an unknown one can be narrowed down by namespace and service account, never confirmed."""
    identity = key.removeprefix(_SPIFFE)
    if place.istio_identity is not None:
        return identity == place.istio_identity.removeprefix(_SPIFFE)
    parts = _IDENTITY.fullmatch(identity)
    if parts is None:
        return None
    return _both(_both(_same(parts[1], place.namespace), _same(parts[2], place.service_account)), None)


def _same(key: str, known: str | None) -> bool | None:
    return None if known is None else key == known


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


_APPLIES: Final[Mapping[Scope, Callable[[str, Place], bool | None]]] = {
    Scope.CLUSTER: _to_cluster,
    Scope.NAMESPACE: _to_namespace,
    Scope.SERVICE_ACCOUNT: _to_service_account,
    Scope.ISTIO_IDENTITY: _to_identity,
}
