"""Kubernetes kinds: what runs pods, what runs nothing, and what is not understood."""

from __future__ import annotations

import pytest

from shared.domain.kinds import POD_SPECS, Kind, runs_nothing

INERT = [
    *("v1 ConfigMap", "v1 Endpoints", "v1 LimitRange", "v1 Namespace", "v1 PersistentVolume"),
    *("v1 PersistentVolumeClaim", "v1 ResourceQuota", "v1 Secret", "v1 Service", "v1 ServiceAccount"),
    *("apiextensions.k8s.io/v1 CustomResourceDefinition", "autoscaling/v2 HorizontalPodAutoscaler"),
    *("coordination.k8s.io/v1 Lease", "discovery.k8s.io/v1 EndpointSlice", "networking.k8s.io/v1 Ingress"),
    *("networking.k8s.io/v1 IngressClass", "networking.k8s.io/v1 NetworkPolicy", "node.k8s.io/v1 RuntimeClass"),
    *("policy/v1 PodDisruptionBudget", "rbac.authorization.k8s.io/v1 ClusterRole"),
    *("rbac.authorization.k8s.io/v1 ClusterRoleBinding", "rbac.authorization.k8s.io/v1 Role"),
    *("rbac.authorization.k8s.io/v1 RoleBinding", "scheduling.k8s.io/v1 PriorityClass"),
    *("storage.k8s.io/v1 CSIDriver", "storage.k8s.io/v1 StorageClass", "storage.k8s.io/v1 VolumeAttachment"),
]
NOT_INERT = [
    "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
    "admissionregistration.k8s.io/v1 MutatingAdmissionPolicy",
    "apiregistration.k8s.io/v1 APIService",
    "argoproj.io/v1alpha1 Application",
    "argoproj.io/v1alpha1 Rollout",
    "kustomize.config.k8s.io/v1beta1 Kustomization",
    "v1 List",
    "v1 Binding",
    "v1 Ingress",
    "v1 configmap",
    "apps/v1 ConfigMap",
    "evil.policy/v1 PodDisruptionBudget",
]


def kind(text: str) -> Kind:
    """A kind out of `apiVersion Kind`."""
    return Kind(*text.split())


@pytest.mark.parametrize("name", INERT)
def test_a_kind_that_runs_nothing_is_read_over(name: str) -> None:
    """Blocking on these would make every release a rejection."""
    assert runs_nothing(kind(name))


@pytest.mark.parametrize("name", [*NOT_INERT, *map(str, POD_SPECS)])
def test_a_kind_that_may_run_or_change_something_is_not_inert(name: str) -> None:
    """A webhook changes what others run, and a custom resource may run anything."""
    assert not runs_nothing(kind(name))


def test_a_kind_prints_as_the_configuration_writes_it() -> None:
    """What the problem says can be copied into the exemptions."""
    assert str(Kind("apps/v1", "Deployment")) == "apps/v1 Deployment"


def test_the_group_is_what_stands_before_the_version() -> None:
    """The core group has no name."""
    assert (Kind("v1", "Pod").group, Kind("apps/v1", "Deployment").group) == ("", "apps")


def test_only_v1_list_wraps() -> None:
    """Any other list kind is not understood, and therefore a problem."""
    assert Kind("v1", "List").is_list
    assert not Kind("v2", "List").is_list
    assert not Kind("v1", "PodList").is_list
