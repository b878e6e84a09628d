"""Configured paths: where a custom resource keeps its images, as people outside of dev say.

`acme.io/v1 Shop spec.image` names one image, `acme.io/v1 Shop spec.jobs[].image` one per item of a list, and
`argoproj.io/v1alpha1 Rollout spec.template.spec:podSpec` a whole pod spec, which is read as that of a Deployment is:
init containers and image volumes too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from shared.domain.kinds import POD_SPECS, Kind

_POD_SPEC: Final = ":podSpec"
_KEYS: Final = r"[A-Za-z0-9_-]+(?:(?:\[\])?\.[A-Za-z0-9_-]+)*"
IMAGE_PATH: Final = re.compile(
    rf"\S+ [A-Z][A-Za-z0-9]* (?:{_KEYS}|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*{_POD_SPEC})", re.ASCII
)
"""The form of one row of configuration: apiVersion, kind and path."""


@dataclass(frozen=True, slots=True)
class ImagePath:
    """The keys from an object to an image, those of lists with `[]`, or to a pod spec."""

    keys: tuple[str, ...]
    is_pod_spec: bool

    def __str__(self) -> str:
        return ".".join(self.keys)


ImagePaths = Mapping[Kind, tuple[ImagePath, ...]]
NO_PATHS: Final[ImagePaths] = {}


def read_image_paths(rows: Iterable[str]) -> ImagePaths:
    """Gather the paths of each kind out of rows that have the form IMAGE_PATH."""
    found: dict[Kind, tuple[ImagePath, ...]] = {}
    for row in rows:
        api_version, name, path = row.split(" ")
        kind = Kind(api_version, name)
        keys = tuple(path.removesuffix(_POD_SPEC).split("."))
        found[kind] = (*found.get(kind, ()), ImagePath(keys, path.endswith(_POD_SPEC)))
    return found


def useless_paths(paths: ImagePaths) -> list[str]:
    """Say which paths would never be followed: Kubernetes itself says where its workloads keep their images."""
    return [
        f"{kind} is built in, and read as Kubernetes runs it" for kind in paths if kind in POD_SPECS or kind.is_list
    ]
