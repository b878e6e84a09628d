"""Lies that a registry, or whoever sits in front of it, may tell about a manifest; a test asks for them by name."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, Final

from aiohttp import web

from local.registry.manifest import digest_of

if TYPE_CHECKING:
    from local.registry.manifest import Manifest

_CHUNK: Final = b" " * 65_536  # bytes; blanks, so that a reader of JSON never finds its end


class Lie(Enum):
    """What is wrong with the answer to GET and HEAD of one manifest reference."""

    WRONG_DIGEST_HEADER = "wrong digest header"  # Docker-Content-Digest names other bytes
    NO_DIGEST_HEADER = "no digest header"
    WRONG_BODY = "wrong body"  # the right header over bytes that nobody pushed
    ENDLESS_BODY = "endless body"  # GET alone: a chunked answer that never ends


def truthful_answer(manifest: Manifest) -> web.Response:
    """Answer with a manifest as it is; aiohttp leaves out the body for HEAD and keeps its length."""
    headers = {
        "Content-Type": manifest.media_type,
        "Docker-Content-Digest": manifest.digest,
        "ETag": f'"{manifest.digest}"',
    }
    return web.Response(body=manifest.body, headers=headers)


async def lying_answer(lie: Lie, manifest: Manifest, request: web.Request) -> web.StreamResponse:
    """Answer a request for a manifest with the lie that was asked for."""
    if lie is Lie.ENDLESS_BODY and request.method == "GET":
        return await _endless(manifest, request)
    answer = truthful_answer(manifest)
    if lie is Lie.WRONG_DIGEST_HEADER:
        answer.headers["Docker-Content-Digest"] = digest_of(b"other bytes than " + manifest.body)
    if lie is Lie.NO_DIGEST_HEADER:
        del answer.headers["Docker-Content-Digest"]
    if lie is Lie.WRONG_BODY:
        answer.body = manifest.body + b"\n"
    return answer


async def _endless(manifest: Manifest, request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers=truthful_answer(manifest).headers)
    answer.enable_chunked_encoding()
    await answer.prepare(request)
    while request.transport is not None:
        await answer.write(_CHUNK)
        await asyncio.sleep(0)  # a client in the same loop needs its turn to notice
    return answer
