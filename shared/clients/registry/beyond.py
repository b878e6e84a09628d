"""Where a registry may send us beyond its own origin: for tokens, and for manifests.

Both are the registry's own words, so a hostile or broken one can name 169.254.169.254 or somebody else's host. Few
registries need it: the table has those that are known to, the configuration may add others.

Sources: auth.docker.io, Docker Hub's challenge; github.com/kubernetes/registry.k8s.io, cmd/archeio, request-handling.md
(every manifest is redirected to a regional Artifact Registry) and its issues 234, 237 and 256 (to which);
github.com/getwud/wud/issues/143 (lscr.io shows GHCR's challenge, since GHCR is behind it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from shared.domain.addresses import host_alone
from shared.domain.errors import Rejected
from shared.domain.image import DOCKER_HUB, ImageName, parse_name

_DOCKER_API: Final = "registry-1.docker.io"
_GHCR: Final = "ghcr.io"
# Registries whose API is served from another host than their images are named after.
_API_HOSTS: Final = {DOCKER_HUB: _DOCKER_API}
_TOKEN_ORIGINS: Final[Mapping[str, tuple[str, ...]]] = {
    DOCKER_HUB: ("https://auth.docker.io",),
    _DOCKER_API: ("https://auth.docker.io",),
    "registry.gitlab.com": ("https://gitlab.com",),
    "lscr.io": (f"https://{_GHCR}",),
}
# `*` is one part of a host's name, without a dot: Google's locations, which no more than Google can add to.
_REDIRECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "registry.k8s.io": ("*-docker.pkg.dev/k8s-artifacts-prod/images",),
    "lscr.io": (f"{_GHCR}/linuxserver",),
}
_ANY_PART: Final = "[a-z0-9-]+"
# Plain https, nothing escaped; what follows a ? is an id for the logs of registry.k8s.io, and is dropped.
_MANIFEST: Final = re.compile(r"https://([\w.:\[\]-]+)/v2/([\w./-]+)/manifests/([\w.:-]+)(?:\?[\x21-\x7e]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Beyond:
    """What is configured, by registry host: origins that give its tokens, and `HOST[/PATH]` that it redirects to."""

    token_origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    redirects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def gives_tokens(self, host: str, *, is_stand_in: bool) -> tuple[str, ...]:
        """The origins, besides its own, that give tokens for a registry.

        A stand-in must not send the credentials that it is given on to the real one.
        """
        return (*self.token_origins.get(host, ()), *(() if is_stand_in else _TOKEN_ORIGINS.get(host, ())))

    def redirected(self, image: ImageName, reference: str, location: str | None) -> ImageName:
        """Read where a registry redirects the question for a manifest to, as the repository that is to be asked.

        Raises:
            ValueError: that is nothing that it may redirect to, or no manifest of the same reference.
        """
        matched = _MANIFEST.fullmatch(location or "")
        if matched is None or matched[3] != reference:
            raise ValueError("which is no manifest of the same reference by https")
        name = _exactly(matched[1], matched[2])
        allowed = (*self.redirects.get(image.host, ()), *_REDIRECTS.get(image.host, ()))
        if name is None or not any(_is_below(name, prefix) for prefix in allowed):
            raise ValueError(f"which is nothing that {image.host} may redirect to")
        return name

    def named(self, prefixes: Iterable[str], endpoints: Mapping[str, str]) -> frozenset[str]:
        """The hosts that somebody named: of registries, stand-ins, token origins and redirects."""
        registries = {prefix.partition("/")[0] for prefix in prefixes}
        configured = {to.partition("/")[0] for prefixes in self.redirects.values() for to in prefixes}
        urls = (*endpoints.values(), *(origin for origins in self.token_origins.values() for origin in origins))
        hosts = {*registries, *map(api_host, registries), *configured}
        return frozenset(map(host_alone, hosts)) | {urlsplit(url).hostname or "" for url in urls}


def api_host(host: str) -> str:
    """The host that serves the API of a registry."""
    return _API_HOSTS.get(host, host)


def _exactly(host: str, path: str) -> ImageName | None:
    """Read a repository that is written as it is meant: nothing is normalised."""
    try:
        name = parse_name(f"{host}/{path}")
    except Rejected:
        return None
    return name if (name.host, name.path) == (host, path) else None


def _is_below(image: ImageName, prefix: str) -> bool:
    host, slash, path = prefix.partition("/")
    wanted = _ANY_PART + re.escape(host[1:]) if host.startswith("*") else re.escape(host)
    return re.fullmatch(wanted, image.host) is not None and image.path.startswith(path + slash)
