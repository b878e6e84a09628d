"""Attestations as Container Analysis writes them: as protobuf's own messages.

Google's clients take and give proto-plus wrappers, which cost some 100 µs each to fill or to read: for a thousand
images as much as the rest of our own work. They are wrapped whole, and unwrapped whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from grafeas.grafeas_v1 import (
    BatchCreateOccurrencesRequest,
    BatchCreateOccurrencesResponse,
    CreateOccurrenceRequest,
    ListNoteOccurrencesResponse,
    NoteKind,
    UpdateOccurrenceRequest,
)
from grafeas.grafeas_v1 import Occurrence as OccurrenceMessage

from shared.domain.attestation import Attestation, Occurrence, Signature

_Occurrence: Final = type(OccurrenceMessage.pb(OccurrenceMessage()))
_Create: Final = type(CreateOccurrenceRequest.pb(CreateOccurrenceRequest()))
_BatchCreate: Final = type(BatchCreateOccurrencesRequest.pb(BatchCreateOccurrencesRequest()))
_Update: Final = type(UpdateOccurrenceRequest.pb(UpdateOccurrenceRequest()))


def create_request(parent: str, attestation: Attestation) -> CreateOccurrenceRequest:
    """Ask to store one attestation in a project."""
    request: CreateOccurrenceRequest = CreateOccurrenceRequest.wrap(
        _Create(parent=parent, occurrence=_written(attestation))
    )
    return request


def batch_request(parent: str, attestations: Iterable[Attestation]) -> BatchCreateOccurrencesRequest:
    """Ask to store many of them together."""
    filled = _BatchCreate(parent=parent, occurrences=map(_written, attestations))
    request: BatchCreateOccurrencesRequest = BatchCreateOccurrencesRequest.wrap(filled)
    return request


def signatures_request(name: str, attestation: Attestation) -> UpdateOccurrenceRequest:
    """Ask to put an attestation's signatures, and nothing else, in place of those of an occurrence."""
    filled = _Update(name=name, occurrence=_written(attestation))
    filled.update_mask.paths.append("attestation.signatures")
    request: UpdateOccurrenceRequest = UpdateOccurrenceRequest.wrap(filled)
    return request


def read(message: OccurrenceMessage) -> Occurrence:
    """Read an occurrence; nothing about it is believed yet."""
    return _read(OccurrenceMessage.pb(message))


def read_page(page: ListNoteOccurrencesResponse) -> list[Occurrence]:
    """Read the attestations of a page of occurrences; nothing about them is believed yet."""
    found = ListNoteOccurrencesResponse.pb(page).occurrences
    return [_read(message) for message in found if message.kind == NoteKind.ATTESTATION]


def read_names(answer: BatchCreateOccurrencesResponse) -> dict[str, str]:
    """Read which occurrence a batch says to have made for which resource; it is not believed."""
    return {message.resource_uri: message.name for message in BatchCreateOccurrencesResponse.pb(answer).occurrences}


def _written(attestation: Attestation) -> Any:
    """Fill the fields that gcloud fills, and no others (`attestations create`, containeranalysis v1)."""
    message = _Occurrence(kind=NoteKind.ATTESTATION, resource_uri=attestation.resource_uri, note_name=attestation.note)
    message.attestation.serialized_payload = attestation.payload
    for signature in attestation.signatures:
        message.attestation.signatures.add(public_key_id=signature.key_id, signature=signature.value)
    return message


def _read(message: Any) -> Occurrence:
    signatures = tuple(Signature(s.public_key_id, s.signature) for s in message.attestation.signatures)
    payload = message.attestation.serialized_payload
    return Occurrence(message.name, Attestation(message.note_name, message.resource_uri, payload, signatures))
