"""What the environments repository looks like, apart from `environment`: pin_manifests needs no Binary Authorization.

Whoever imports a client pays for it at every cold start (bench cold_start).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.domain.errors import Reason, Rejected
from shared.domain.exempt_paths import NO_EXEMPT_PATHS, ExemptPaths
from shared.domain.image_paths import NO_PATHS, ImagePaths


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """The environments repository: its branches, the folders that are deployed, and what is exempt outside of it.

    `exempt_kinds` are `apiVersion Kind` pairs that prodgate need not understand, `image_paths` say where others keep
    their images; paths win. What is at `exempt_paths` is not looked at.
    """

    repository: str
    dev: str
    prod: str
    folders: tuple[str, ...]
    exempt_kinds: frozenset[str]
    image_paths: ImagePaths = field(default_factory=lambda: NO_PATHS)
    exempt_paths: ExemptPaths = NO_EXEMPT_PATHS


def require_repository(repository: str, configured: str) -> None:
    """Refuse events about any repository but the configured one.

    Raises:
        Rejected: the event names another.
    """
    if repository != configured:
        raise Rejected(Reason.UNKNOWN_REPOSITORY, f"repository: {repository} is not configured, {configured} is")
