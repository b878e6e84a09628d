"""Asking registries: HEAD first, which most of them do not count, GET and SHA-256 where HEAD does not say the digest.

Only configured registries are asked, and every address that is connected to follows from the image's name and the
configuration: no event, redirect or challenge can make this client connect anywhere else.

Source: OCI distribution-spec 1.1, "Pulling manifests".
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import aiohttp

from shared.clients import calls
from shared.clients.registry.access import Access, Grant, Place
from shared.clients.registry.credentials import CredentialSource, HostCredentials
from shared.clients.registry.exchange import Answer, Exchange, Request
from shared.clients.registry.manifest import (
    ACCEPT,
    DIGEST,
    MANIFEST_BYTES,
    FoundManifest,
    ReadManifest,
    read_manifest_answer,
)
from shared.domain.errors import Fault, Unavailable
from shared.domain.image import DOCKER_HUB, Digest, ImageName, PinnedImage, is_tag

# Registries whose API or tokens are served from another host than their images are named after.
_API_HOSTS: Final = {DOCKER_HUB: "registry-1.docker.io"}
_TOKEN_ORIGINS: Final = {DOCKER_HUB: ("https://auth.docker.io",), "registry.gitlab.com": ("https://gitlab.com",)}


class Registries:
    """Asks registries; `endpoints` maps a registry host to the URL that serves it, where that is not its own.

    `patience_s` is how long each request waits, in all, while a host limits how often it is asked.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoints: Mapping[str, str],
        credentials: CredentialSource | None = None,
        *,
        patience_s: float = calls.REGISTRY_PATIENCE_S,
    ) -> None:
        self._exchange = Exchange(session, patience_s)
        self._access = Access(self._exchange, credentials or HostCredentials({}))
        self._endpoints = {host: url.rstrip("/") for host, url in endpoints.items()}
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(calls.REGISTRY_AT_ONCE)
        )

    async def find(self, image: ImageName, reference: str) -> FoundManifest | None:
        """Ask what a tag or digest names; None where the registry has no such image.

        Raises:
            Rejected: it names something that is no image, or is no reference.
            Unavailable: the registry did not answer, refused, or contradicts itself.
        """
        named = reference if is_tag(reference) else Digest(reference)
        async with self._turns[image.host]:
            answer = await self._ask("HEAD", image, named)
            if answer.status == HTTPStatus.OK and DIGEST not in answer.headers:
                answer = await self._ask("GET", image, named)
        return _judged(answer, image, named)

    async def read(self, image: PinnedImage) -> ReadManifest | None:
        """Read the manifest of a digest, whose bytes are held against it; None where the registry has none.

        Raises:
            Rejected: it is no image.
            Unavailable: the registry did not answer, refused, or contradicts itself.
        """
        async with self._turns[image.name.host]:
            answer = await self._ask("GET", image.name, image.digest)
        found = _judged(answer, image.name, image.digest)
        return None if found is None else ReadManifest(found.media_type, answer.body)

    async def _ask(self, method: str, image: ImageName, reference: str) -> Answer:
        place = Place(image, self._token_origins(image.host))
        url = f"{self._endpoint(image.host)}/v2/{image.path}/manifests/{reference}"
        grant = await self._access.before(place)
        answer = await self._exchange.ask(_request(method, url, image, grant))
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        grant = await self._access.after(place, answer, grant)
        answer = await self._exchange.ask(_request(method, url, image, grant))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            why = "it is not ours to read, or does not exist"
            raise Unavailable(Fault.REFUSED, f"{image.host} answers 401 for {image} even to a fresh login: {why}")
        return answer

    def _endpoint(self, host: str) -> str:
        return self._endpoints.get(host) or f"https://{_API_HOSTS.get(host, host)}"

    def _token_origins(self, host: str) -> tuple[str, ...]:
        """A stand-in gives its tokens itself; it must not send the credentials that it is given on to the real one."""
        own = self._endpoint(host)
        return (own,) if host in self._endpoints else (own, *_TOKEN_ORIGINS.get(host, ()))


def _judged(answer: Answer, image: ImageName, reference: str) -> FoundManifest | None:
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    if answer.status != HTTPStatus.OK:
        raise Unavailable(Fault.REFUSED, f"{image.host} answers {answer.status} for {image}, {reference}")
    return read_manifest_answer(answer, image, reference)


def _request(method: str, url: str, image: ImageName, grant: Grant | None) -> Request:
    headers = {"Accept": ACCEPT}
    if grant is not None:
        headers["Authorization"] = grant.authorization.reveal()
    return Request(method, url, image.host, headers, most_bytes=MANIFEST_BYTES)
