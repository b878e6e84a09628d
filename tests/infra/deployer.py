"""What the deployer holds where, against what Terraform needs there, of each resource in the state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import yaml

from tests.infra.rights import GATE

_TABLE: Final = yaml.safe_load(Path(__file__).with_name("deployer_permissions.yaml").read_text())
NEEDS: Final[dict[str, dict[str, list[str]]]] = _TABLE["needs"]
HOLDS: Final[dict[str, list[str]]] = _TABLE["holds"]
_WHO: Final = "serviceAccount:prodgate-deployer@"
_PATHS: Final = ("project", "key_ring", "crypto_key_id", "crypto_key", "service_account_id", "project_id")
# What hangs on something that another project has, and by what it is found there.
_PLACES: Final = {
    "google_artifact_registry_repository_iam_member": ("location", "repository"),
    "google_pubsub_topic_iam_member": ("topic",),
}
Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A role that the deployer holds on a project, or, where `place` is not empty, on something in it."""

    project: str
    place: tuple[str, ...]
    role: str
    permissions: tuple[str, ...]


def held(resources: Iterable[Resource]) -> list[Held]:
    """List the deployer's roles.

    Raises:
        KeyError: a role that the table does not know.
    """
    made = list(resources)
    custom = {r["values"]["name"]: r["values"]["permissions"] for r in made if r["type"].endswith("custom_role")}
    known = {**HOLDS, **custom}
    return [
        Held(project_of(each), _place(each), each["values"]["role"], tuple(known[each["values"]["role"]]))
        for each in made
        if each["type"].endswith("_iam_member") and each["values"]["member"].startswith(_WHO)
    ]


def needed(resource: Resource) -> Iterator[str]:
    """Name the permissions that one resource needs of the deployer, which changes nothing of its own rights."""
    row = NEEDS[resource["type"]]
    yield from row["look"]
    if not resource["address"].startswith("module.deployer."):
        yield from row.get("make", [])


def missing(resources: Iterable[Resource]) -> list[tuple[str, str]]:
    """List what it would be refused: the resource's address, and the permission."""
    made = list(resources)
    rights = held(made)
    return [
        (resource["address"], permission)
        for resource in made
        if resource["type"].startswith("google_")
        for permission in needed(resource)
        if not any(_reaches(right, resource) and _has(right, permission) for right in rights)
    ]


def idle(resources: Iterable[Resource]) -> set[tuple[str, str]]:
    """List roles on projects, and in which, of which no resource there needs anything."""
    made = [resource for resource in resources if resource["type"].startswith("google_")]
    used = {(project_of(resource), permission) for resource in made for permission in needed(resource)}
    return {
        (right.role, right.project)
        for right in held(made)
        if not right.place and not any(right.project == project and _has(right, name) for project, name in used)
    }


def project_of(resource: Resource) -> str:
    """Name the project in which a resource is; what names none is in the gate's."""
    for path in _PATHS:
        if value := resource["values"].get(path):
            return re.sub(r"^projects/([^/]+)/.*", r"\1", value)
    return GATE


def may_listen(resources: Iterable[Resource], topic: str) -> bool:
    """Whether it may subscribe to a topic, wherever that is."""
    project = topic.split("/")[1]
    return any(
        right.project == project and right.place in {(), (topic,)} and _has(right, "pubsub.topics.attachSubscription")
        for right in held(resources)
    )


def _place(resource: Resource) -> tuple[str, ...]:
    if resource["type"] == "google_project_iam_member":
        return ()
    return tuple(resource["values"][key] for key in _PLACES.get(resource["type"], ())) or (resource["address"],)


def _reaches(right: Held, resource: Resource) -> bool:
    if right.project != project_of(resource):
        return False
    return not right.place or right.place == _place(resource)


def _has(right: Held, permission: str) -> bool:
    return any(fnmatchcase(permission, pattern) for pattern in right.permissions)
