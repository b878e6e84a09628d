"""One handler for each endpoint of OCI distribution-spec 1.1 that clients use to push, pull and list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aiohttp import web
from yarl import URL

from local.registry.events import Pushed
from local.registry.lies import Lie, lying_answer, truthful_answer
from local.registry.manifest import Manifest, accepted_types, read_manifest, refuse_unaccepted
from local.registry.media_types import DOCKER_LIST
from local.registry.names import check_digest, check_name, is_digest, is_tag
from local.registry.refusal import RegistryRefusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from local.registry.store import Store

_CONTENT_RANGE: Final = re.compile(r"(?:bytes )?(\d+)-(\d+)(?:/.*)?", re.ASCII)


class Handlers:
    """The endpoints over one store; `lies` and `on_push` belong to the registry that owns them."""

    def __init__(
        self, host: str, store: Store, *, lies: dict[tuple[str, str], Lie], on_push: Callable[[Pushed], Awaitable[None]]
    ) -> None:
        self._host = host
        self._store = store
        self._lies = lies
        self._on_push = on_push

    def routes(self) -> list[web.AbstractRouteDef]:
        """List the routes; the name of each is the noun under which faults know it."""
        manifest, blob = "/v2/{name:.+}/manifests/{reference}", "/v2/{name:.+}/blobs/{digest}"
        uploads, upload = "/v2/{name:.+}/blobs/uploads/", "/v2/{name:.+}/blobs/uploads/{upload}"
        return [
            web.get("/v2/", self.root, name="root"),
            web.post(uploads, self.start_upload, name="uploads"),
            web.get(upload, self.upload_status, name="upload", allow_head=False),
            web.patch(upload, self.append_upload, name="upload"),
            web.put(upload, self.finish_upload, name="upload"),
            web.get(manifest, self.manifest, name="manifest"),
            web.put(manifest, self.put_manifest, name="manifest"),
            web.delete(manifest, self.delete_manifest, name="manifest"),
            web.get(blob, self.blob, name="blob"),
            web.get("/v2/{name:.+}/tags/list", self.tags, name="tags"),
        ]

    async def root(self, _: web.Request) -> web.Response:
        """Say that the protocol is spoken here."""
        return web.json_response({})

    async def blob(self, request: web.Request) -> web.Response:
        """Answer GET and HEAD of a blob."""
        digest = request.match_info["digest"]
        content = self._store.blob(_name(request), digest)
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
        return web.Response(body=content, headers=headers)

    async def start_upload(self, request: web.Request) -> web.Response:
        """Open an upload, or mount another repository's blob; a digest alone is ignored, as by Distribution."""
        name = _name(request)
        mounted, source = request.query.get("mount"), request.query.get("from")
        if mounted and source and self._store.mount(name, check_digest(mounted), source=check_name(source)):
            return _created(name, "blobs", mounted)
        return self._upload_answer(name, self._store.start_upload(name), status=202)

    async def upload_status(self, request: web.Request) -> web.Response:
        """Say how much of an upload has arrived."""
        return self._upload_answer(_name(request), request.match_info["upload"], status=204)

    async def append_upload(self, request: web.Request) -> web.Response:
        """Take the next chunk; one that does not begin where the last ended is 416 BLOB_UPLOAD_INVALID."""
        name, upload = _name(request), request.match_info["upload"]
        received = self._store.upload(name, upload)
        _check_range(request.headers.get("Content-Range"), len(received))
        received += await request.read()
        return self._upload_answer(name, upload, status=202)

    async def finish_upload(self, request: web.Request) -> web.Response:
        """Take the last bytes, if any, and keep the blob if it has the promised digest."""
        name, upload = _name(request), request.match_info["upload"]
        received = self._store.upload(name, upload)
        if "digest" not in request.query:
            raise RegistryRefusal("DIGEST_INVALID", "digest missing")
        received += await request.read()
        self._store.finish_upload(name, upload, digest=request.query["digest"])
        return _created(name, "blobs", request.query["digest"])

    async def manifest(self, request: web.Request) -> web.StreamResponse:
        """Answer GET and HEAD of a manifest by tag or digest, as the client's Accept header allows."""
        name, reference = _name(request), request.match_info["reference"]
        accepted = accepted_types(request.headers.getall("Accept", []))
        found = self._negotiate(name, reference, accepted)
        if (name, reference) in self._lies:
            return await lying_answer(self._lies[name, reference], found, request)
        if found.digest in request.headers.get("If-None-Match", ""):
            return web.Response(status=304)
        return truthful_answer(found)

    async def put_manifest(self, request: web.Request) -> web.Response:
        """Store a manifest and tell of it, before the answer, so that a test sees the event once its push is done."""
        name, reference = _name(request), request.match_info["reference"]
        if not (is_digest(reference) or is_tag(reference)):
            raise RegistryRefusal("MANIFEST_INVALID", {"Tag": reference})
        manifest = read_manifest(request.content_type, await request.read())
        self._store.put_manifest(name, reference, manifest)
        tag = None if is_digest(reference) else reference
        await self._on_push(
            Pushed(self._host, name, tag, manifest.digest, media_type=manifest.media_type, size=len(manifest.body))
        )
        return _created(name, "manifests", manifest.digest)

    async def delete_manifest(self, request: web.Request) -> web.Response:
        """Delete a tag, or a manifest and its tags; the content of its blobs stays."""
        self._store.delete_manifest(_name(request), request.match_info["reference"])
        return web.Response(status=202)

    async def tags(self, request: web.Request) -> web.Response:
        """List tags in lexical order, `n` at most, those after `last`, with a Link to the next page."""
        name, last, limit = _name(request), request.query.get("last", ""), request.query.get("n")
        tags = [tag for tag in self._store.tags(name) if tag > last]
        if limit is None:
            return web.json_response({"name": name, "tags": tags})
        if not (limit.isascii() and limit.isdecimal()):
            raise RegistryRefusal("PAGINATION_NUMBER_INVALID", {"n": limit})
        page = tags[: int(limit)]
        following = URL(f"/v2/{name}/tags/list").with_query(n=limit, last=page[-1]) if page != tags and page else None
        headers = {"Link": f'<{following}>; rel="next"'} if following else {}
        return web.json_response({"name": name, "tags": page}, headers=headers)

    def _negotiate(self, name: str, reference: str, accepted: frozenset[str]) -> Manifest:
        found = self._store.manifest(name, reference)
        refuse_unaccepted(found, accepted)
        # Distribution serves a client that asks by tag and knows no lists the image for linux/amd64. It would go on
        # to convert that to schema 1 for clients older than 2016, which is not done here.
        if found.media_type == DOCKER_LIST and DOCKER_LIST not in accepted and not is_digest(reference):
            child = found.platform(os="linux", architecture="amd64")
            if child is None:
                raise RegistryRefusal("MANIFEST_UNKNOWN")
            return self._store.manifest(name, child)
        return found

    def _upload_answer(self, name: str, upload: str, *, status: int) -> web.Response:
        last = max(len(self._store.upload(name, upload)) - 1, 0)
        location = f"/v2/{name}/blobs/uploads/{upload}"
        return web.Response(
            status=status, headers={"Location": location, "Range": f"0-{last}", "Docker-Upload-UUID": upload}
        )


def _name(request: web.Request) -> str:
    return check_name(request.match_info["name"])


def _created(name: str, kind: str, digest: str) -> web.Response:
    headers = {"Location": f"/v2/{name}/{kind}/{digest}", "Docker-Content-Digest": digest}
    return web.Response(status=201, headers=headers)


def _check_range(content_range: str | None, received: int) -> None:
    if content_range is None:
        return
    matched = _CONTENT_RANGE.fullmatch(content_range)
    if matched is None or int(matched[1]) != received:
        raise RegistryRefusal("BLOB_UPLOAD_INVALID")
