"""What a registry holds, in memory: blobs, manifests and tags of each repository, and uploads under way."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from local.registry.manifest import digest_of
from local.registry.names import check_digest, is_digest
from local.registry.refusal import RegistryRefusal

if TYPE_CHECKING:
    from local.registry.manifest import Manifest


@dataclass(slots=True)
class _Repository:
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


class Store:
    """The content of one registry. Every method raises RegistryRefusal with the protocol's own code."""

    def __init__(self) -> None:
        self._repositories: defaultdict[str, _Repository] = defaultdict(_Repository)
        self._uploads: dict[tuple[str, str], bytearray] = {}

    def blob(self, name: str, digest: str) -> bytes:
        """Read a blob; BLOB_UNKNOWN where the repository has none."""
        blobs = self._repositories[name].blobs
        if check_digest(digest) not in blobs:
            raise RegistryRefusal("BLOB_UNKNOWN", digest)
        return blobs[digest]

    def mount(self, name: str, digest: str, *, source: str) -> bool:
        """Take over a blob from another repository of this registry, if it is there."""
        content = self._repositories[source].blobs.get(digest)
        if content is not None:
            self._repositories[name].blobs[digest] = content
        return content is not None

    def start_upload(self, name: str) -> str:
        """Open an upload and return its id."""
        upload = str(uuid.uuid4())
        self._uploads[name, upload] = bytearray()
        return upload

    def upload(self, name: str, upload: str) -> bytearray:
        """Find the bytes received so far; BLOB_UPLOAD_UNKNOWN where there is no such upload."""
        if (name, upload) not in self._uploads:
            raise RegistryRefusal("BLOB_UPLOAD_UNKNOWN", {})
        return self._uploads[name, upload]

    def finish_upload(self, name: str, upload: str, *, digest: str) -> None:
        """Turn an upload into a blob; DIGEST_INVALID, and the upload is gone, where its bytes have another digest."""
        received = bytes(self.upload(name, upload))
        check_digest(digest)
        del self._uploads[name, upload]
        if digest_of(received) != digest:
            raise RegistryRefusal("DIGEST_INVALID", {"Digest": digest, "Reason": {}})
        self._repositories[name].blobs[digest] = received

    def manifest(self, name: str, reference: str) -> Manifest:
        """Find a manifest by tag or digest; MANIFEST_UNKNOWN where there is none."""
        repository = self._repositories[name]
        digest = check_digest(reference) if is_digest(reference) else repository.tags.get(reference, "")
        if digest not in repository.manifests:
            raise RegistryRefusal("MANIFEST_UNKNOWN", {"name": name, "reference": reference})
        return repository.manifests[digest]

    def put_manifest(self, name: str, reference: str, manifest: Manifest) -> None:
        """Store a manifest under its digest and, where the reference is a tag, point the tag at it.

        MANIFEST_BLOB_UNKNOWN names the first blob or child manifest that was not pushed before (Distribution uses
        that one code for both); DIGEST_INVALID where the reference is a digest of other bytes.
        """
        repository = self._repositories[name]
        if is_digest(reference) and check_digest(reference) != manifest.digest:
            raise RegistryRefusal("DIGEST_INVALID")
        absent = [blob for blob in manifest.blobs if blob not in repository.blobs]
        absent += [child for child in manifest.children if child not in repository.manifests]
        if absent:
            raise RegistryRefusal("MANIFEST_BLOB_UNKNOWN", absent[0])
        repository.manifests[manifest.digest] = manifest
        if not is_digest(reference):
            repository.tags[reference] = manifest.digest

    def delete_manifest(self, name: str, reference: str) -> None:
        """Forget a tag, or a manifest with every tag that points at it; MANIFEST_UNKNOWN where there is none."""
        repository = self._repositories[name]
        digest = self.manifest(name, reference).digest
        if not is_digest(reference):
            del repository.tags[reference]
            return
        del repository.manifests[digest]
        repository.tags = {tag: target for tag, target in repository.tags.items() if target != digest}

    def tags(self, name: str) -> list[str]:
        """List a repository's tags in lexical order; NAME_UNKNOWN before anything was pushed to it."""
        repository = self._repositories[name]
        if not (repository.manifests or repository.blobs):
            raise RegistryRefusal("NAME_UNKNOWN", {"name": name})
        return sorted(repository.tags)
