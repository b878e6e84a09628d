"""What the stand-in makes up: the attributes that Google would fill in."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Any, Final

from tests.infra.provider.schema import type_of
from tests.infra.provider.wire import UNKNOWN

_Block = dict[str, Any]


def planned(entry: dict[str, Any], proposed: _Block, prior: _Block | None) -> _Block:
    """Mark what is computed and neither configured nor known from before as unknown.

    What is configured and not known yet stays so, or Terraform refuses the plan. In nested blocks it has put what was
    known from before already.
    """
    computed = {name for name, attribute in entry["attributes"].items() if "computed" in attribute.split()}
    kept = {name: value for name, value in (prior or {}).items() if name in computed and proposed.get(name) is None}
    return _filled(entry, {**proposed, **kept}, lambda _name, _attribute: UNKNOWN)


def applied(kind: str, entry: dict[str, Any], planned_state: _Block) -> _Block:
    """Fill in every value that is still unknown."""
    own = {name: value for name, value in planned_state.items() if isinstance(value, str)}
    made = _MADE.get(kind, {})

    def fill(name: str, attribute: str) -> Any:
        form = made.get(name)
        return (
            form.format_map({**_DEFAULTS, **planned_state, **own, "number": _number(own)})
            if form
            else _made_up(kind, name, attribute, own)
        )

    return _filled(entry, planned_state, fill)


def _filled(entry: dict[str, Any], state: _Block, fill: Callable[[str, str], Any]) -> _Block:
    filled = dict(state)
    for name, attribute in entry["attributes"].items():
        value = state.get(name)
        if value is UNKNOWN or (value is None and "computed" in attribute.split()):
            filled[name] = fill(name, attribute)
    for name, nested in entry["blocks"].items():
        if isinstance(state.get(name), list):
            filled[name] = [_filled(nested, item, fill) for item in state[name]]
    return filled


def _number(own: dict[str, str]) -> str:
    """Number a project, each differently and always alike."""
    project = own.get("project_id") or own.get("project") or _DEFAULTS["project"]
    return f"{100_000_000_000 + zlib.crc32(project.encode())}"


def _made_up(kind: str, name: str, attribute: str, own: dict[str, str]) -> Any:
    if name == "project":
        return "the-provider-s-project"
    told = type_of(attribute)
    if told == "string":
        key = own.get("name") or own.get("account_id") or own.get("role") or ""
        return f"{kind.removeprefix('google_')}/{key}/{name}"
    return {"number": 0, "bool": False}.get(told) if isinstance(told, str) else _collection(told)


def _collection(told: list[Any]) -> Any:
    kind, inner = told
    if isinstance(inner, list):
        return [{member: f"some {member}" for member in inner[1]}]
    return {} if kind == "map" else []


_DEFAULTS: Final = {"project": "the-provider-s-project", "location": "nowhere"}
_POOLS: Final = "projects/{number}/locations/global/workloadIdentityPools"
_EMAIL: Final = "{account_id}@{project}.iam.gserviceaccount.com"
# Where the configuration builds on the form of a computed value, it is as Google makes it.
_MADE: Final = {
    "google_artifact_registry_repository": {
        "id": "projects/{project}/locations/{location}/repositories/{repository_id}"
    },
    "google_cloudfunctions2_function": {
        "uri": "https://{name}-abc123-uc.a.run.app",
        "service": "projects/{project}/locations/{location}/services/{name}",
    },
    "google_iam_workload_identity_pool": {"name": f"{_POOLS}/{{workload_identity_pool_id}}"},
    "google_iam_workload_identity_pool_provider": {
        "name": f"{_POOLS}/{{workload_identity_pool_id}}/providers/{{workload_identity_pool_provider_id}}"
    },
    "google_kms_crypto_key": {"id": "{key_ring}/cryptoKeys/{name}"},
    "google_kms_crypto_key_version": {"id": "//cloudkms.googleapis.com/v1/{crypto_key}/cryptoKeyVersions/{version}"},
    "google_kms_key_ring": {"id": "projects/{project}/locations/{location}/keyRings/{name}"},
    "google_monitoring_notification_channel": {"name": "projects/{project}/notificationChannels/{display_name}"},
    "google_project_iam_custom_role": {"name": "projects/{project}/roles/{role_id}"},
    "google_project": {"number": "{number}"},
    "google_pubsub_topic": {"id": "projects/{project}/topics/{name}"},
    "google_service_account": {
        "email": _EMAIL,
        "member": f"serviceAccount:{_EMAIL}",
        "name": f"projects/{{project}}/serviceAccounts/{_EMAIL}",
    },
}
IMPORTED: Final = re.compile(r"projects/(?P<project>[^/]+)/topics/(?P<name>[^/]+)")
