"""Storing attestations: together where the service takes them together, otherwise one by one.

What BatchCreateOccurrences does when one of its occurrences exists already, or is not to its taste, is documented
nowhere: it may refuse all, with whichever status, or make the others. Either way each that it did not answer with is
created by itself, which says of that one alone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from grafeas.grafeas_v1 import DeleteOccurrenceRequest, GetOccurrenceRequest, GrafeasAsyncClient
from grafeas.grafeas_v1.services.grafeas.transports.base import DEFAULT_CLIENT_INFO

from shared.clients import calls
from shared.clients.attestations.finding import Finder
from shared.clients.attestations.wire import batch_request, create_request, read, read_names, signatures_request
from shared.clients.gathering import all_of, settle_all
from shared.domain.attestation import Attestation, Occurrence, Signature

LOG: Final = logging.getLogger("prodgate.attestations")
BATCH: Final = 100  # occurrences of one call; the service takes 1,000, and our timeout is for fewer
CREATED_AT_ONCE: Final = 128  # calls under way at a time
_NOT_ALL: Final = (AlreadyExists, InvalidArgument, FailedPrecondition)  # said of a batch, maybe for one of it
_NOT_UPDATED: Final = (InvalidArgument, FailedPrecondition, MethodNotImplemented)


class Attestations(Finder):
    """Stores attestation occurrences in one project, and finds them under any note."""

    def __init__(self, client: GrafeasAsyncClient, project: str) -> None:
        super().__init__(client)
        self._create_occurrence = calls.Direct(
            client.transport.create_occurrence, DEFAULT_CLIENT_INFO, routed_by="parent"
        )
        self._parent = f"projects/{project}"
        self._takes_batches = True

    async def get(self, name: str) -> Occurrence | None:
        """Read one occurrence by its name; None where there is none (yet).

        Raises:
            Unavailable: it cannot be read.
        """
        request, method = GetOccurrenceRequest(name=name), self._client.get_occurrence
        try:
            return read(await calls.invoke(calls.GET_OCCURRENCE, method, request, answers=(NotFound,)))
        except NotFound:
            return None

    async def create_all(self, attestations: Sequence[Attestation]) -> list[str | None]:
        """Store up to `BATCH` attestations and answer their names, None where the note has one for the image already.

        Raises:
            Unavailable: any of them may or may not be stored; look before trying again.
        """
        names = await self._create_together(attestations) if len(attestations) > 1 else {}
        missing = [a for a in attestations if a.resource_uri not in names]
        created = all_of(await settle_all(map(self._create, missing), at_once=CREATED_AT_ONCE))
        names |= {a.resource_uri: name for a, name in zip(missing, created, strict=True)}
        return [names[a.resource_uri] for a in attestations]

    async def add_signature(self, occurrence: Occurrence, signature: Signature) -> bool:
        """Put one more signature on an attestation, in place of those under the same key id; False where refused.

        All signatures are written, so the occurrence must have been read just now: others may have signed it too.

        Raises:
            Unavailable: it may or may not be there; look before trying again.
        """
        kept = tuple(s for s in occurrence.attestation.signatures if s.key_id != signature.key_id)
        signed = replace(occurrence.attestation, signatures=(*kept, signature))
        request = signatures_request(occurrence.name, signed)
        try:
            await calls.invoke(calls.UPDATE_OCCURRENCE, self._client.update_occurrence, request, answers=_NOT_UPDATED)
        except _NOT_UPDATED as error:
            LOG.warning("%s takes no further signature: %s", occurrence.name, error.message)
            return False
        return True

    async def delete(self, name: str) -> None:
        """Delete an occurrence, if there is one.

        Raises:
            Unavailable: it may or may not be there.
        """
        request, method = DeleteOccurrenceRequest(name=name), self._client.delete_occurrence
        try:
            await calls.invoke(calls.DELETE_OCCURRENCE, method, request, answers=(NotFound,))
        except NotFound:
            return

    async def _create_together(self, attestations: Sequence[Attestation]) -> dict[str, str | None]:
        if not self._takes_batches:
            return {}
        request = batch_request(self._parent, attestations)
        call, method = calls.BATCH_CREATE_OCCURRENCES, self._client.batch_create_occurrences
        try:
            answer = await calls.invoke(call, method, request, answers=(*_NOT_ALL, MethodNotImplemented))
        except AlreadyExists:
            return {}
        except _NOT_ALL as error:
            LOG.warning("a batch is refused, its attestations are stored one by one: %s", error.message)
            return {}
        except MethodNotImplemented as error:
            LOG.warning("batches are refused, attestations are stored one by one: %s", error.message)
            self._takes_batches = False
            return {}
        return {**read_names(answer)}

    async def _create(self, attestation: Attestation) -> str | None:
        request = create_request(self._parent, attestation)
        call, method = calls.CREATE_OCCURRENCE, self._create_occurrence
        try:
            return read(await calls.invoke(call, method, request, answers=(AlreadyExists,))).name
        except AlreadyExists:
            return None
