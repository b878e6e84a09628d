"""Container Analysis: where attestations are stored, as Grafeas occurrences of the attestor's note.

The global endpoint only: Binary Authorization does not look into regional storage. `create` does not trust its own
reply; the caller reads the occurrence back.
"""

from __future__ import annotations

from google.api_core.exceptions import AlreadyExists
from grafeas.grafeas_v1 import (
    AttestationOccurrence,
    CreateOccurrenceRequest,
    GetOccurrenceRequest,
    GrafeasAsyncClient,
    ListNoteOccurrencesRequest,
    NoteKind,
)
from grafeas.grafeas_v1 import Occurrence as OccurrenceMessage

from shared.clients import calls
from shared.domain.attestation import Attestation, Occurrence, Signature
from shared.domain.image import Digest

_PAGE = 1000  # the most that one list call returns


class Attestations:
    """Stores attestation occurrences in one project and finds them under any note."""

    def __init__(self, client: GrafeasAsyncClient, project: str) -> None:
        self._client = client
        self._project = project

    async def find(self, note: str, digest: Digest) -> tuple[Occurrence, ...]:
        """List the attestation occurrences of a note for a digest, whichever spelling of the image was stored.

        Raises:
            Unavailable: they cannot be listed.
        """
        request = ListNoteOccurrencesRequest(name=note, filter=f'has_suffix(resourceUrl, "{digest}")', page_size=_PAGE)
        pager = await calls.invoke(calls.LIST_NOTE_OCCURRENCES, self._client.list_note_occurrences, request)
        try:
            return tuple([_read(found) async for found in pager if found.kind == NoteKind.ATTESTATION])
        except Exception as error:
            raise calls.unavailable(calls.LIST_NOTE_OCCURRENCES, error) from error

    async def get(self, name: str) -> Occurrence:
        """Read one occurrence by its name.

        Raises:
            Unavailable: it cannot be read.
        """
        request = GetOccurrenceRequest(name=name)
        return _read(await calls.invoke(calls.GET_OCCURRENCE, self._client.get_occurrence, request))

    async def create(self, attestation: Attestation) -> str | None:
        """Store an attestation and answer its name, or None where the note has one for this image already.

        Raises:
            Unavailable: it may or may not be stored; look before trying again.
        """
        request = CreateOccurrenceRequest(parent=f"projects/{self._project}", occurrence=_written(attestation))
        try:
            stored = await calls.invoke(
                calls.CREATE_OCCURRENCE, self._client.create_occurrence, request, answers=(AlreadyExists,)
            )
        except AlreadyExists:
            return None
        return stored.name


def _written(attestation: Attestation) -> OccurrenceMessage:
    """Fill the fields that gcloud fills, and no others (`attestations create`, containeranalysis v1)."""
    return OccurrenceMessage(
        kind=NoteKind.ATTESTATION,
        resource_uri=attestation.resource_uri,
        note_name=attestation.note,
        attestation=AttestationOccurrence(
            serialized_payload=attestation.payload,
            signatures=[{"public_key_id": s.key_id, "signature": s.value} for s in attestation.signatures],
        ),
    )


def _read(message: OccurrenceMessage) -> Occurrence:
    signatures = tuple(Signature(s.public_key_id, s.signature) for s in message.attestation.signatures)
    payload = message.attestation.serialized_payload
    return Occurrence(message.name, Attestation(message.note_name, message.resource_uri, payload, signatures))
