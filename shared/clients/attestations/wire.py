"""Attestations as Container Analysis writes them."""

from __future__ import annotations

from grafeas.grafeas_v1 import AttestationOccurrence, NoteKind
from grafeas.grafeas_v1 import Occurrence as OccurrenceMessage

from shared.domain.attestation import Attestation, Occurrence, Signature


def written(attestation: Attestation) -> OccurrenceMessage:
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


def read(message: OccurrenceMessage) -> Occurrence:
    """Read an occurrence; nothing about it is believed yet."""
    signatures = tuple(Signature(s.public_key_id, s.signature) for s in message.attestation.signatures)
    payload = message.attestation.serialized_payload
    return Occurrence(message.name, Attestation(message.note_name, message.resource_uri, payload, signatures))
