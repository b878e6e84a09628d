"""A small pushing client: real OCI images, the same bytes for the same content each time.

The layer is a tar with one file, gzipped without compression, so that its digest depends on no version of zlib.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from typing import Any

import aiohttp
from yarl import URL

from local.registry import media_types
from local.registry.manifest import digest_of

_PLATFORMS = ("amd64", "arm64")


async def push_image(
    url: str, repository: str, tag: str, *, content: bytes, index: bool = False, provenance: bool = False
) -> str:
    """Build an image whose one layer holds `content`, push it under a tag and return the digest that the tag names.

    With `index`, the tag names an OCI index with one image for linux/amd64 and one for linux/arm64; with `provenance`
    it holds an attestation manifest as well, as BuildKit adds one
    (https://docs.docker.com/build/metadata/attestations/attestation-storage/).

    Raises:
        aiohttp.ClientResponseError: the registry refused a step.
    """
    async with aiohttp.ClientSession(f"{url}/", raise_for_status=True) as session:
        if not index:
            image = await _push_platform(session, repository, tag, content=content)
            return str(image["digest"])
        children = [
            await _push_platform(session, repository, None, content=content, architecture=architecture)
            for architecture in _PLATFORMS
        ]
        if provenance:
            children.append(await _push_provenance(session, repository, str(children[0]["digest"])))
        document = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": children}
        return await _put_manifest(session, repository, tag, media_type=media_types.OCI_INDEX, body=_json(document))


async def retag(url: str, repository: str, source: str, tag: str) -> str:
    """Give what `source` (a tag or a digest) names one more tag, or move that tag there; return the digest.

    Raises:
        aiohttp.ClientResponseError: the registry refused a step, 404 where there is no such source.
    """
    async with aiohttp.ClientSession(f"{url}/", raise_for_status=True) as session:
        accept = {"Accept": ", ".join(media_types.ALL)}
        async with session.get(f"v2/{repository}/manifests/{source}", headers=accept) as answer:
            media_type, body = answer.headers["Content-Type"], await answer.read()
        return await _put_manifest(session, repository, tag, media_type=media_type, body=body)


async def delete_image(url: str, repository: str, digest: str) -> None:
    """Delete a manifest by digest, and with it every tag that names it.

    Raises:
        aiohttp.ClientResponseError: the registry refused, 404 where there is no such image.
    """
    async with aiohttp.ClientSession(f"{url}/", raise_for_status=True) as session:
        await session.delete(f"v2/{repository}/manifests/{digest}")


async def _push_platform(
    session: aiohttp.ClientSession, repository: str, tag: str | None, *, content: bytes, architecture: str = "amd64"
) -> dict[str, Any]:
    tar = _tar(content)
    layer = _stored_gzip(tar)
    config = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_MANIFEST,
            "config": _descriptor(media_types.OCI_CONFIG, config),
            "layers": [_descriptor(media_types.OCI_LAYER_GZIP, layer)],
        }
    )
    for blob in (config, layer):
        await _push_blob(session, repository, blob)
    reference = tag or digest_of(manifest)
    await _put_manifest(session, repository, reference, media_type=media_types.OCI_MANIFEST, body=manifest)
    platform = {"platform": {"os": "linux", "architecture": architecture}}
    return _descriptor(media_types.OCI_MANIFEST, manifest) | platform


async def _push_provenance(session: aiohttp.ClientSession, repository: str, subject: str) -> dict[str, Any]:
    attached = await _push_platform(session, repository, None, content=b"provenance", architecture="unknown")
    annotations = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject}
    return attached | {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": annotations}


async def _push_blob(session: aiohttp.ClientSession, repository: str, blob: bytes) -> None:
    async with session.post(f"v2/{repository}/blobs/uploads/") as started:
        upload = started.url.join(URL(started.headers["Location"], encoded=True))
    headers = {"Content-Type": "application/octet-stream"}
    async with session.put(upload.update_query(digest=digest_of(blob)), data=blob, headers=headers):
        return


async def _put_manifest(
    session: aiohttp.ClientSession, repository: str, reference: str, *, media_type: str, body: bytes
) -> str:
    headers = {"Content-Type": media_type}
    async with session.put(f"v2/{repository}/manifests/{reference}", data=body, headers=headers):
        return digest_of(body)


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), sort_keys=True).encode()


def _tar(content: bytes) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        entry = tarfile.TarInfo("content")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def _stored_gzip(content: bytes) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=0, mtime=0) as writer:
        writer.write(content)
    return packed.getvalue()
