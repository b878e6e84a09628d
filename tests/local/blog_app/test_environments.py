"""The Blog App's manifests make sense, and Kubernetes' own types agree."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import blog_app
from local.blog_app import environment_files, first_prod_files, prod_policy

FOLDER = Path(blog_app.__file__).parent / "environments"
PLATFORM = {
    "quay.io/argoproj/argocd:v2.13.2",
    "ghcr.io/dexidp/dex:v2.41.1",
    "docker.io/library/redis:7.4-alpine",
    "oci.external-secrets.io/external-secrets/external-secrets:v0.12.1",
    "docker.io/istio/proxyv2:1.24.2",
}
SERVICES = ("posts", "reviews", "ratings", "users", "frontend")
APP = {f"us-docker.pkg.dev/mdo/apps/mdo-{service}:v1" for service in SERVICES} | {"docker.io/library/mongo:7"}


def _documents(files: dict[str, bytes]) -> list[dict[str, Any]]:
    return [
        document
        for path, content in files.items()
        if path.endswith(".yaml")
        for document in yaml.safe_load_all(content)
    ]


def _pods(files: dict[str, bytes]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    pods = []
    for document in _documents(files):
        spec = document.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            pods.append((document, template))
    return pods


def _containers(template: dict[str, Any]) -> list[dict[str, Any]]:
    pod = template["spec"]
    return [*pod.get("initContainers", []), *pod["containers"]]


def _images(files: dict[str, bytes]) -> set[str]:
    return {container["image"] for _, template in _pods(files) for container in _containers(template)}


def test_dev_starts_with_the_app_and_its_platform() -> None:
    """Eleven images, MongoDB's in three places."""
    assert _images(environment_files()) == PLATFORM | APP
    used = Counter(
        container["image"] for _, template in _pods(environment_files()) for container in _containers(template)
    )
    assert used["docker.io/library/mongo:7"] == 3


def test_prod_starts_with_the_platform_and_an_empty_namespace() -> None:
    """What the app brings later is absent; what is there equals dev's."""
    first = first_prod_files()
    assert _images(first) == PLATFORM
    assert {path for path in first if path.startswith("apps/")} == {"apps/namespace.yaml"}
    assert first.items() <= environment_files().items()


def test_no_manifest_hides_an_image() -> None:
    """Only built-in kinds of Kubernetes, each object once."""
    documents = _documents(environment_files())
    builtin = {"v1", "apps/v1", "batch/v1", "policy/v1", "networking.k8s.io/v1"}
    assert {document["apiVersion"] for document in documents} == builtin
    names = [(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in documents]
    assert [name for name, times in Counter(names).items() if times > 1] == []


def test_every_reference_inside_the_manifests_finds_its_target() -> None:
    """Selectors select, service accounts, config maps and volumes exist, and named ports are declared."""
    documents = _documents(environment_files())
    known = {(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in documents}
    for workload, template in _pods(environment_files()):
        namespace, pod = workload["metadata"]["namespace"], template["spec"]
        assert ("Namespace", None, namespace) in known
        assert ("ServiceAccount", namespace, pod["serviceAccountName"]) in known
        if "selector" in workload["spec"]:
            assert workload["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        volumes = {v["name"] for v in pod.get("volumes", [])}
        volumes |= {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
        for container in _containers(template):
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes
            for source in container.get("envFrom", []):
                assert ("ConfigMap", namespace, source["configMapRef"]["name"]) in known
            ports = {port["name"] for port in container.get("ports", [])}
            probes = [container[key] for key in container if key.endswith("Probe")]
            assert {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe} <= ports


def test_every_service_and_disruption_budget_selects_a_pod_that_has_its_ports() -> None:
    """A typo in a label would make it silently select nothing."""
    pods = [(w["metadata"]["namespace"], t) for w, t in _pods(environment_files())]
    for document in _documents(environment_files()):
        if document["kind"] not in {"Service", "PodDisruptionBudget"}:
            continue
        selector = document["spec"]["selector"]
        selector = selector.get("matchLabels", selector)
        selected = [
            template
            for namespace, template in pods
            if namespace == document["metadata"]["namespace"]
            and selector.items() <= template["metadata"]["labels"].items()
        ]
        assert len(selected) == 1, document["metadata"]
        declared = {port["name"] for container in _containers(selected[0]) for port in container.get("ports", [])}
        assert {port["targetPort"] for port in document["spec"].get("ports", [])} <= declared


def test_every_container_runs_as_an_ordinary_user_with_bounded_memory() -> None:
    """The good practice that the namespace's pod security level and the cluster's memory demand."""
    for workload, template in _pods(environment_files()):
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True
        for container in _containers(template):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, workload["metadata"]["name"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]


def test_the_policy_exempts_the_platform_and_nothing_of_the_app() -> None:
    """Each pattern is in use, and each platform image has one."""
    policy = yaml.safe_load(prod_policy())
    patterns = [pattern["namePattern"].rstrip("*") for pattern in policy["admissionWhitelistPatterns"]]
    exempt = {image for image in PLATFORM | APP if image.startswith(tuple(patterns))}
    assert exempt == PLATFORM
    assert len(patterns) == len(PLATFORM)
    assert policy["defaultAdmissionRule"]["requireAttestationsBy"] == [
        "projects/mdo-prod/attestors/quality-assurance-attestor"
    ]


@pytest.mark.judge
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_reads_every_manifest_into_its_types() -> None:
    """Nothing is of a wrong type, and no field of a workload is unknown: an unknown one would vanish.

    `kubectl set` is used because it decodes into types and needs no cluster; `create --dry-run=client` asks one.
    """
    command = ["kubectl", "set", "serviceaccount", "--local", "-R", "-f", str(FOLDER), "probe", "-o", "yaml"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "unable to decode" not in ran.stderr
    typed = {(d["kind"], d["metadata"]["name"]): d for d in yaml.safe_load_all(ran.stdout)}
    for workload, template in _pods(environment_files()):
        template["spec"]["serviceAccountName"] = "probe"
        assert _missing(workload, typed[workload["kind"], workload["metadata"]["name"]]) == []


def _missing(written: Any, typed: Any, at: str = "") -> list[str]:
    if isinstance(written, dict):
        return [
            gap
            for key, value in written.items()
            for gap in (_missing(value, typed[key], f"{at}.{key}") if key in typed else [f"{at}.{key}"])
        ]
    if isinstance(written, list):
        return [gap for index, value in enumerate(written) for gap in _missing(value, typed[index], f"{at}[{index}]")]
    return [] if written == typed else [f"{at}: {written!r} became {typed!r}"]
