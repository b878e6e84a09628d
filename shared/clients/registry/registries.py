"""Asking registries: HEAD first, which most of them do not count, GET and SHA-256 where HEAD does not say the digest.

Only configured registries are asked, and every address that is connected to follows from the image's name, the
configuration and the short table of beyond.py: no event, redirect or challenge can make this client connect elsewhere.
At most one redirect is followed, of a question that changes nothing, and what it leads to is asked as nobody.

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
from shared.clients.registry.beyond import Beyond, api_host
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
from shared.domain.image import Digest, ImageName, PinnedImage, is_tag

# Registries that do not serve HEAD, or proxies before them, answer it so; 404 is believed once GET says it too.
_HEAD_SERVES_NOT: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
)


class Registries:
    """Asks registries; `endpoints` maps a registry host to the URL that serves it, where that is not its own.

    `beyond` says where else they may send us; `patience_s` is how long each request waits, in all, while a host limits
    how often it is asked.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoints: Mapping[str, str],
        credentials: CredentialSource | None = None,
        *,
        beyond: Beyond | None = None,
        patience_s: float = calls.REGISTRY_PATIENCE_S,
    ) -> None:
        self._exchange = Exchange(session, patience_s)
        self._access = Access(self._exchange, credentials or HostCredentials({}))
        self._access_of_nobody = Access(self._exchange, HostCredentials({}))
        self._beyond = beyond or Beyond()
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
            if not _head_serves(answer):
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
        return None if found is None else ReadManifest(found.media_type, answer.body or b"")

    async def _ask(self, method: str, image: ImageName, reference: str) -> Answer:
        answer = await self._ask_at(method, image, reference, self._access)
        if not answer.is_redirect:
            return answer
        try:
            elsewhere = self._beyond.redirected(image, reference, answer.headers.get("Location"))
        except ValueError as error:
            raise answer.redirects(image.host, str(error)) from None
        answer = await self._ask_at(method, elsewhere, reference, self._access_of_nobody)
        if answer.is_redirect:
            raise answer.redirects(elsewhere.host, f"and {image.host} to it; no second redirect is followed")
        return answer

    async def _ask_at(self, method: str, image: ImageName, reference: str, access: Access) -> Answer:
        endpoint = self._endpoint(image.host)
        further = self._beyond.gives_tokens(image.host, is_stand_in=image.host in self._endpoints)
        place = Place(image, (endpoint, *further))
        url = f"{endpoint}/v2/{image.path}/manifests/{reference}"
        grant = await access.before(place)
        answer = await self._exchange.ask(_request(method, url, image, grant))
        if answer.status != HTTPStatus.UNAUTHORIZED:
            return answer
        grant = await access.after(place, answer, grant)
        answer = await self._exchange.ask(_request(method, url, image, grant))
        if answer.status == HTTPStatus.UNAUTHORIZED:
            why = "it is not ours to read, or does not exist"
            raise Unavailable(Fault.REFUSED, f"{image.host} answers 401 for {image} even to a fresh login: {why}")
        return answer

    def _endpoint(self, host: str) -> str:
        return self._endpoints.get(host) or f"https://{api_host(host)}"


def _head_serves(answer: Answer) -> bool:
    """Whether the answer to HEAD says what it is asked for, or refuses to; only GET has bytes to hash."""
    if answer.status == HTTPStatus.OK:
        return DIGEST in answer.headers and "Content-Type" in answer.headers
    return answer.status not in _HEAD_SERVES_NOT


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
