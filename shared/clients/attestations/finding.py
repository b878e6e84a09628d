"""Finding attestations: by digest suffix, whichever spelling of the image was stored, in as few calls as possible.

`has_suffix(resourceUrl, "sha256:…")` is what gcloud sends. Whether the service takes several of them joined by OR is
documented nowhere, so a refusal is remembered, and the note itself is listed from then on. How long a filter may be is
documented nowhere either, so it is kept short.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from typing import Any, Final

from google.api_core.exceptions import InvalidArgument
from grafeas.grafeas_v1 import GrafeasAsyncClient, ListNoteOccurrencesRequest

from shared.clients import calls
from shared.clients.attestations.wire import read_page
from shared.clients.gathering import gather_all
from shared.domain.attestation import Occurrence
from shared.domain.image import Digest

LOG: Final = logging.getLogger("prodgate.attestations")
PAGE: Final = 1000  # occurrences; the most that one list call returns (grafeas.proto)
DIGESTS_PER_FILTER: Final = 50  # about 5,000 characters
_DIGESTS_PER_PAGE: Final = 10  # a page of a whole note is read for so many digests, rather than one list for each


class Finder:
    """Lists the attestation occurrences of a note."""

    def __init__(self, client: GrafeasAsyncClient) -> None:
        self._client = client
        self._takes_or = True

    async def find_all(self, note: str, digests: Sequence[Digest]) -> Mapping[Digest, tuple[Occurrence, ...]]:
        """List the attestation occurrences of a note for each digest.

        Raises:
            Unavailable: they cannot be listed.
        """
        found = await (self._joined(note, digests) if self._takes_or else self._apart(note, digests))
        by_digest = _by_digest(found)
        return {digest: tuple(by_digest[digest]) for digest in digests}

    async def of_note(self, note: str, *, pages: int | None = None) -> tuple[list[Occurrence], bool]:
        """List the attestations of a note, up to so many pages; answer whether these are all.

        Raises:
            Unavailable: they cannot be listed.
        """
        read_pages = [page async for page in self._pages(note, "", most=pages)]
        found = _flat(map(read_page, read_pages))
        return found, not read_pages[-1].next_page_token

    async def _joined(self, note: str, digests: Sequence[Digest]) -> list[Occurrence]:
        parts = [digests[start : start + DIGESTS_PER_FILTER] for start in range(0, len(digests), DIGESTS_PER_FILTER)]
        try:
            return _flat(await gather_all(self._list(note, part) for part in parts))
        except InvalidArgument as error:
            LOG.warning("filters joined by OR are refused, notes are listed instead: %s", error.message)
            self._takes_or = False
        return await self._apart(note, digests)

    async def _apart(self, note: str, digests: Sequence[Digest]) -> list[Occurrence]:
        """List as much of the note as is cheaper than asking for each digest, then ask for those not found yet."""
        pages = -(-len(digests) // _DIGESTS_PER_PAGE)
        found, complete = await self.of_note(note, pages=pages) if len(digests) > 1 else ([], False)
        known = _by_digest(found)
        missing = () if complete else tuple(digest for digest in digests if digest not in known)
        return found + _flat(await gather_all(self._list(note, (digest,)) for digest in missing))

    async def _list(self, note: str, digests: Iterable[Digest]) -> list[Occurrence]:
        joined = " OR ".join(f'has_suffix(resourceUrl, "{digest}")' for digest in digests)
        return _flat([read_page(page) async for page in self._pages(note, joined)])

    async def _pages(self, note: str, joined: str, *, most: int | None = None) -> AsyncIterable[Any]:
        request = ListNoteOccurrencesRequest(name=note, filter=joined, page_size=PAGE)
        refusals = (InvalidArgument,) if " OR " in joined else ()
        call, method = calls.LIST_NOTE_OCCURRENCES, self._client.list_note_occurrences
        pager = await calls.invoke(call, method, request, answers=refusals)
        try:
            async for page in pager.pages:
                yield page
                most = None if most is None else most - 1
                if most == 0:
                    return
        except Exception as error:
            raise calls.unavailable(call, error) from error


def _by_digest(found: Iterable[Occurrence]) -> defaultdict[str, list[Occurrence]]:
    by_digest: defaultdict[str, list[Occurrence]] = defaultdict(list)
    for occurrence in found:
        by_digest[occurrence.attestation.resource_uri.rpartition("@")[2]].append(occurrence)
    return by_digest


def _flat(parts: Iterable[list[Occurrence]]) -> list[Occurrence]:
    return [occurrence for part in parts for occurrence in part]
