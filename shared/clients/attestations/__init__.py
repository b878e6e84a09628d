"""Container Analysis: where attestations are stored, as Grafeas occurrences of the attestor's note.

The global endpoint only: Binary Authorization does not look into regional storage. No reply to a write is believed; the
caller reads the occurrence back.
"""

from shared.clients.attestations.storing import BATCH, Attestations

__all__ = ["BATCH", "Attestations"]
