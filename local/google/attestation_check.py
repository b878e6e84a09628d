"""Whether an attestation proves an image to an attestor: what ValidateAttestationOccurrence decides.

Written from the documents alone and sharing nothing with the code that it is used to test. Where those are silent,
the choice follows what is known to be accepted: the payload's formatting and the spelling of its `type` do not
matter, only the digest does (https://cloud.google.com/binary-authorization/docs/key-concepts), and a signature may
cover the raw payload or its DSSE encoding with the default type that `gcloud … --pae-encode-payload` uses.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.cloud.binaryauthorization_v1 import PkixPublicKey

from local.google.messages import protobuf_of
from local.google.signing import BINAUTHZ_ALGORITHMS

if TYPE_CHECKING:
    from google.cloud.binaryauthorization_v1 import Attestor, ValidateAttestationOccurrenceRequest

DSSE_TYPE = b"application/vnd.dev.cosign.simplesigning.v1+json"


def denial_of(attestor: Attestor, request: ValidateAttestationOccurrenceRequest) -> str:
    """Return why the attestation is not verifiable, or "" when it is; the wordings are ours."""
    asked: Any = protobuf_of(request)  # proto-plus fields are slow to read, and a release asks a hundred times
    trusting: Any = protobuf_of(attestor)
    if asked.occurrence_note != trusting.user_owned_grafeas_note.note_reference:
        return f"The occurrence's note {asked.occurrence_note} is not the note of attestor {trusting.name}."
    digest = asked.occurrence_resource_uri.partition("@")[2]
    if not digest.startswith("sha256:"):
        return "Expected digest with sha256 scheme, but got tag or malformed digest"
    payload = asked.attestation.serialized_payload
    if _attested_digest(payload) != digest:
        return f"The payload does not attest {digest}."
    if not any(_is_trusted(trusting, signature, payload) for signature in asked.attestation.signatures):
        return "No attestations found that were valid and signed by a key trusted by the attestor"
    return ""


def _attested_digest(payload: bytes) -> Any:
    """The digest that a simple signing payload names, or None where there is none."""
    try:
        return json.loads(payload)["critical"]["image"]["docker-manifest-digest"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _is_trusted(attestor: Any, signature: Any, payload: bytes) -> bool:
    keys = attestor.user_owned_grafeas_note.public_keys
    return any(_verifies(key, signature.signature, payload) for key in keys if key.id == signature.public_key_id)


def _verifies(key: Any, signature: bytes, payload: bytes) -> bool:
    """Whether a PKIX key made this signature; keys of PGP and ML-DSA are not known here."""
    named = PkixPublicKey.SignatureAlgorithm(key.pkix_public_key.signature_algorithm).name
    algorithm = BINAUTHZ_ALGORITHMS.get(named)
    if algorithm is None:
        return False
    public_key = _public_key(key.pkix_public_key.public_key_pem)
    return any(algorithm.verifies(public_key, signature, signed) for signed in (payload, _pae(payload)))


@cache
def _public_key(pem: str) -> object:
    """Read a key; one that cannot be read verifies nothing."""
    try:
        return load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None


def _pae(payload: bytes) -> bytes:
    """The pre-authentication encoding of https://github.com/secure-systems-lab/dsse/blob/master/protocol.md."""
    return b"DSSEv1 %d %b %d %b" % (len(DSSE_TYPE), DSSE_TYPE, len(payload), payload)
