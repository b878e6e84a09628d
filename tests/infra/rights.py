"""Who may do what, read from what Terraform applied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_PLACES: Final = {  # resource type → what its binding hangs on, and which of its values say where that is
    "google_artifact_registry_repository_iam_member": ("repository", ("project", "location", "repository")),
    "google_binary_authorization_attestor_iam_member": ("attestor", ("project", "attestor")),
    "google_cloud_run_v2_service_iam_member": ("service", ("name",)),
    "google_container_analysis_note_iam_member": ("note", ("project", "note")),
    "google_kms_crypto_key_iam_member": ("key", ("crypto_key_id",)),
    "google_project_iam_member": ("project", ("project",)),
    "google_pubsub_subscription_iam_member": ("subscription", ("subscription",)),
    "google_pubsub_topic_iam_member": ("topic", ("topic",)),
    "google_secret_manager_secret_iam_member": ("secret", ("secret_id",)),
    "google_service_account_iam_member": ("account", ("service_account_id",)),
    "google_storage_bucket_iam_member": ("bucket", ("bucket",)),
}
GATE: Final = "mdo-gate"  # the example's
_OWN: Final = re.compile(r"serviceAccount:prodgate-(?P<name>[a-z-]+)@.*")
_AGENT: Final = re.compile(r"serviceAccount:service-(?P<number>[0-9]+)@gcp-sa-(?P<name>[a-z-]+)\..*")
_FEDERATED: Final = re.compile(
    r"principalSet://.*/workloadIdentityPools/prodgate-github-[a-z0-9-]+/attribute\.repository_id/(?P<id>[0-9]+)"
)
_AGENTS: Final = {"pubsub": "Pub/Sub", "binaryauthorization": "Binary Authorization"}


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One binding: `who` holds `role` on the `place` of a `kind`, perhaps only under a condition."""

    who: str
    role: str
    kind: str
    place: str
    condition: str


def rights(resources: Iterable[Mapping[str, Any]]) -> list[Right]:
    """Read every binding.

    Raises:
        KeyError: a type of binding that is not in the table of places.
    """
    made = list(resources)
    numbers = {p["values"]["number"]: p["values"]["project_id"] for p in made if p["type"] == "google_project"}
    bindings = (each for each in made if re.search(r"_iam_(member|binding|policy)$", each["type"]))
    return sorted(_right(binding, numbers) for binding in bindings)


def _right(resource: Mapping[str, Any], numbers: Mapping[str, str]) -> Right:
    kind, keys = _PLACES[resource["type"]]
    values = resource["values"]
    place = "/".join(values[key] for key in keys)
    short = re.sub(rf"^projects/{GATE}/(topics|serviceAccounts)/", "", place).partition("@")[0]
    conditions = values.get("condition") or [{"title": ""}]
    return Right(_who(values["member"], numbers), values["role"], kind, short, conditions[0]["title"])


def _who(member: str, numbers: Mapping[str, str]) -> str:
    if own := _OWN.fullmatch(member):
        return own["name"]
    if agent := _AGENT.fullmatch(member):
        return f"{_AGENTS[agent['name']]} of {numbers[agent['number']]}"
    if federated := _FEDERATED.fullmatch(member):
        return f"GitHub's repository {federated['id']}"
    return member
