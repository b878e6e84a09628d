"""OCI registries: which digest does this reference name now?

HEAD with all four manifest types first (a narrower Accept would silently name the amd64 child of an index), GET and
SHA-256 where the registry does not say the digest. No redirect is followed, and only configured registries are asked:
an event cannot make this client connect anywhere else (OCI distribution-spec 1.1, pulling manifests).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from shared.clients import calls
from shared.domain.errors import Fault, Reason, Rejected, Unavailable, shown
from shared.domain.image import DOCKER_HUB, Digest, ImageName

MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_HEADERS: Final = {"Accept": ", ".join(MANIFEST_TYPES)}
_MANIFEST_BYTES: Final = 4 * 1024 * 1024  # the least that a registry must accept, and the most that any sends
_CHUNK_BYTES: Final = 64 * 1024
_DOCKER_HUB_API: Final = "registry-1.docker.io"
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class FoundManifest:
    """What a reference names now."""

    digest: Digest
    media_type: str


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Registries:
    """Asks registries; `endpoints` maps a registry host to the URL that serves it, where that is not https://HOST."""

    def __init__(self, session: aiohttp.ClientSession, endpoints: Mapping[str, str]) -> None:
        self._session = session
        self._endpoints = endpoints

    async def find(self, image: ImageName, reference: str) -> FoundManifest | None:
        """Ask what a tag or digest names; None where the registry has no such image.

        Raises:
            Rejected: it names something that is no image.
            Unavailable: the registry did not answer, refused, or contradicts itself.
        """
        answer = await self._ask("HEAD", image, reference)
        if answer.status == HTTPStatus.OK and "Docker-Content-Digest" not in answer.headers:
            answer = await self._ask("GET", image, reference)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK:
            raise Unavailable(Fault.REFUSED, f"{image.host} answers {answer.status} for {image}, {reference}")
        found = FoundManifest(_digest(answer, image), _media_type(answer, image))
        if reference.startswith("sha256:") and found.digest != reference:
            raise Unavailable(Fault.WRONG_ANSWER, f"{image.host} answers {found.digest} for {image}@{reference}")
        return found

    async def _ask(self, method: str, image: ImageName, reference: str) -> _Answer:
        url = f"{self._endpoint(image.host)}/v2/{image.path}/manifests/{reference}"
        for pause_s in calls.REGISTRY_PAUSES_S:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                answer = await self._once(method, url)
                if answer.status not in _RETRIED:
                    return answer
            await asyncio.sleep(pause_s)
        try:
            return await self._once(method, url)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(Fault.UNREACHABLE, f"{image.host}: {type(error).__name__} {error}") from error

    async def _once(self, method: str, url: str) -> _Answer:
        timeout = aiohttp.ClientTimeout(total=calls.REGISTRY_TRY_S)
        asked = self._session.request(method, url, headers=_HEADERS, allow_redirects=False, timeout=timeout)
        async with asked as response:
            body = await _bounded(response) if method == "GET" else b""
            return _Answer(response.status, response.headers, body)

    def _endpoint(self, host: str) -> str:
        return self._endpoints.get(host) or f"https://{_DOCKER_HUB_API if host == DOCKER_HUB else host}"


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        body += chunk
        if len(body) > _MANIFEST_BYTES:
            raise Unavailable(Fault.WRONG_ANSWER, f"{response.url} sends a manifest of over {_MANIFEST_BYTES:,} bytes")
    return bytes(body)


def _digest(answer: _Answer, image: ImageName) -> Digest:
    """Hash the bytes where there are some; the header is the registry's word, which is all that a HEAD gives."""
    stated = answer.headers.get("Docker-Content-Digest")
    counted = f"sha256:{hashlib.sha256(answer.body).hexdigest()}" if answer.body else None
    try:
        return Digest(counted or stated or "")
    except Rejected as error:
        raise Unavailable(Fault.WRONG_ANSWER, f"{image.host} names no digest for {image}: {error.detail}") from error


def _media_type(answer: _Answer, image: ImageName) -> str:
    media_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if media_type not in MANIFEST_TYPES:
        raise Rejected(Reason.UNKNOWN_IMAGE, f"{image} is no image: the registry says it is {shown(media_type)}")
    return media_type
