"""Say which distribution an imported module comes from."""

from __future__ import annotations

from functools import cache
from importlib.metadata import packages_distributions
from typing import TYPE_CHECKING, Final

from packaging.utils import canonicalize_name

from infra.staging.failure import StagingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName

# Several distributions share the packages `google` and `opentelemetry`, so their metadata alone cannot tell.
# A test holds every row against the files that are installed.
NAMESPACES: Final = {
    "google.api": "googleapis-common-protos",
    "google.api_core": "google-api-core",
    "google.auth": "google-auth",
    "google.cloud.binaryauthorization": "google-cloud-binary-authorization",
    "google.cloud.binaryauthorization_v1": "google-cloud-binary-authorization",
    "google.cloud.devtools.containeranalysis": "google-cloud-containeranalysis",
    "google.cloud.devtools.containeranalysis_v1": "google-cloud-containeranalysis",
    "google.cloud.kms": "google-cloud-kms",
    "google.cloud.kms_v1": "google-cloud-kms",
    "google.cloud.pubsub": "google-cloud-pubsub",
    "google.cloud.pubsub_v1": "google-cloud-pubsub",
    "google.cloud.secretmanager": "google-cloud-secret-manager",
    "google.cloud.secretmanager_v1": "google-cloud-secret-manager",
    "google.iam": "grpc-google-iam-v1",
    "google.longrunning": "googleapis-common-protos",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "google.pubsub_v1": "google-cloud-pubsub",
    "google.rpc": "googleapis-common-protos",
    "google.type": "googleapis-common-protos",
    "opentelemetry": "opentelemetry-api",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.semconv": "opentelemetry-semantic-conventions",
}


def distributions_of(imports: Mapping[str, Path]) -> frozenset[NormalizedName]:
    """Name the distributions that bring the imported modules; keys are dotted names, values who imports them.

    Raises:
        StagingError: a module belongs to no installed distribution, or to several; each is named with its importer.
    """
    installed = _installed()
    found, unknown = set(), []
    for module, importer in sorted(imports.items()):
        candidates = _candidates(module, installed)
        if len(candidates) == 1:
            found.add(canonicalize_name(candidates.pop()))
        else:
            unknown.append(f"{importer}: import {module} belongs to {_listed(candidates)}")
    if unknown:
        raise StagingError("\n".join(unknown))
    return frozenset(found)


@cache
def _installed() -> Mapping[str, list[str]]:
    """Read once which distribution brings which top-level package: that is every installed file's name."""
    return packages_distributions()


def _candidates(module: str, installed: Mapping[str, Iterable[str]]) -> set[str]:
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        prefix = ".".join(parts[:end])
        if prefix in NAMESPACES:
            return {NAMESPACES[prefix]}
    return set(installed.get(parts[0], ()))


def _listed(candidates: set[str]) -> str:
    return f"one of {', '.join(sorted(candidates))}; say which in {__name__}" if candidates else "no installed package"
