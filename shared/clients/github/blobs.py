"""The files of a tree, read by their ids: many in one GraphQL query, the rest one by one, and each only once.

A blob's id is the hash of its bytes, so what comes back is held against it: text that GitHub cut, decoded or changed on
the way is noticed, and read again through the Git database API, byte for byte (docs.github.com/rest/git/blobs).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from shared.clients.gathering import gather_all
from shared.clients.github.connection import Connection, Refused
from shared.clients.github.kept import Kept
from shared.domain.errors import Fault, Unavailable
from shared.domain.release import TreeEntry

_AT_ONCE: Final = 100  # objects of one query; GitHub bounds a query's nodes at 500,000 and its time at 10 s
_FEW: Final = 1  # a single one is one request either way, and comes byte for byte


class Blobs:
    """Reads the blobs of one repository."""

    def __init__(self, connection: Connection, cache: Kept[str, bytes]) -> None:
        self._connection = connection
        self._cache = cache

    async def read(self, entries: Sequence[TreeEntry]) -> list[bytes]:
        """Read files; those read before are not asked for again.

        Raises:
            Unavailable: one of them cannot be read.
        """
        wanted = {entry.sha for entry in entries}
        found = {sha: data for sha in wanted if (data := self._cache.get(sha)) is not None}
        found |= await self._many(sorted(wanted - found.keys()))
        missing = sorted(wanted - found.keys())
        found |= dict(zip(missing, await gather_all(map(self._one, missing)), strict=True))
        for sha, data in found.items():
            self._cache.put(sha, data)
        return [found[entry.sha] for entry in entries]

    async def _many(self, shas: list[str]) -> dict[str, bytes]:
        if len(shas) <= _FEW:
            return {}
        answers = await gather_all(map(self._queried, _batches(shas)))
        return {sha: data for answer in answers for sha, data in answer.items()}

    async def _queried(self, shas: Iterable[str]) -> dict[str, bytes]:
        """Ask for many at once; what GraphQL does not give is read one by one afterwards."""
        numbered = {f"b{number}": sha for number, sha in enumerate(shas)}
        answer = await self._connection.query(_query(numbered)) or {}
        return dict(_verified(numbered, answer.get("repository") or {}))

    async def _one(self, sha: str) -> bytes:
        try:
            found = await self._connection.get(f"/git/blobs/{sha}")
        except Refused as error:
            # GitHub itself named this blob, in a tree; that it does not have it is no answer about the event.
            raise Unavailable(Fault.REFUSED, f"GitHub, blob {sha}: {error.status} {error.message}") from error
        return base64.b64decode(found["content"])


def _query(numbered: dict[str, str]) -> str:
    objects = " ".join(
        f'{alias}: object(oid: "{sha}") {{ ... on Blob {{ text isTruncated }} }}' for alias, sha in numbered.items()
    )
    return f"query($owner: String!, $name: String!) {{ repository(owner: $owner, name: $name) {{ {objects} }} }}"


def _verified(numbered: dict[str, str], answers: dict[str, Any]) -> Iterable[tuple[str, bytes]]:
    for alias, sha in numbered.items():
        text = (answers.get(alias) or {}).get("text")
        data = text.encode() if isinstance(text, str) else None
        if data is not None and _blob_id(data) == sha:
            yield sha, data


def _blob_id(data: bytes) -> str:
    """Hash as Git does: the kind and the length, a zero byte, the bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _batches(shas: list[str]) -> list[list[str]]:
    return [shas[start : start + _AT_ONCE] for start in range(0, len(shas), _AT_ONCE)]
