"""Kubernetes kinds: which of them run pods, which certainly run nothing. What is in neither table is not understood.

Source: Kubernetes API reference, v1.35. `MutatingWebhookConfiguration`, `MutatingAdmissionPolicy` and `APIService` are
left out on purpose: they can change what other objects run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_LIST: Final = "List"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind with its apiVersion, as a manifest names it."""

    api_version: str
    name: str

    def __str__(self) -> str:
        return f"{self.api_version} {self.name}"

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def is_list(self) -> bool:
        """Whether it only wraps other objects."""
        return self.name == _LIST and self.api_version == "v1"

    @property
    def of_items(self) -> Kind | None:
        """What the items of a typed list are that do not say: Pods in a PodList (apimachinery, unstructured)."""
        if not self.name.endswith(_LIST) or self.name == _LIST:
            return None
        return Kind(self.api_version, self.name.removesuffix(_LIST))


_TEMPLATE: Final = ("spec", "template", "spec")

POD_SPECS: Final = {
    Kind("v1", "Pod"): ("spec",),
    Kind("v1", "PodTemplate"): ("template", "spec"),
    Kind("v1", "ReplicationController"): _TEMPLATE,
    Kind("apps/v1", "Deployment"): _TEMPLATE,
    Kind("apps/v1", "ReplicaSet"): _TEMPLATE,
    Kind("apps/v1", "StatefulSet"): _TEMPLATE,
    Kind("apps/v1", "DaemonSet"): _TEMPLATE,
    Kind("batch/v1", "Job"): _TEMPLATE,
    Kind("batch/v1", "CronJob"): ("spec", "jobTemplate", *_TEMPLATE),
}
"""Where each workload kind keeps its pod spec."""

_INERT: Final = {
    "": frozenset(
        {
            "ConfigMap",
            "Endpoints",
            "LimitRange",
            "Namespace",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        }
    ),
    "apiextensions.k8s.io": frozenset({"CustomResourceDefinition"}),
    "autoscaling": frozenset({"HorizontalPodAutoscaler"}),
    "coordination.k8s.io": frozenset({"Lease"}),
    "discovery.k8s.io": frozenset({"EndpointSlice"}),
    "networking.k8s.io": frozenset({"Ingress", "IngressClass", "NetworkPolicy"}),
    "node.k8s.io": frozenset({"RuntimeClass"}),
    "policy": frozenset({"PodDisruptionBudget"}),
    "rbac.authorization.k8s.io": frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}),
    "scheduling.k8s.io": frozenset({"PriorityClass"}),
    "storage.k8s.io": frozenset({"CSIDriver", "StorageClass", "VolumeAttachment"}),
}


def runs_nothing(kind: Kind) -> bool:
    """Whether objects of this kind never run an image themselves."""
    return kind.name in _INERT.get(kind.group, frozenset())


def is_known_name(name: str) -> bool:
    """Whether a kind of this name is in either table."""
    return any(kind.name == name for kind in POD_SPECS) or any(name in names for names in _INERT.values())
