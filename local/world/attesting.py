"""Storing attestations by hand, good ones and bad ones, as somebody with the right to store them can."""

from __future__ import annotations

import hashlib
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from google.cloud import kms_v1
from grafeas import grafeas_v1

from local.world.clients import Clients
from local.world.names import KEY, NOTE, PROD_PROJECT

FIRST_VERSION = f"{KEY}/cryptoKeyVersions/1"


async def attest(
    clients: Clients,
    image: str,
    *,
    payload: bytes | None = None,
    key: ec.EllipticCurvePrivateKey | None = None,
    key_version: str = FIRST_VERSION,
    note: str = NOTE,
) -> str:
    """Store an attestation of an image and answer its occurrence's name.

    Signed is `payload`, by default the one that the image deserves. `key` signs in place of the key version, whose id
    the signature then still claims.
    """
    signed = payload_of(image) if payload is None else payload
    signature = await _by_kms(clients, key_version, signed) if key is None else key.sign(signed, ec.ECDSA(SHA256()))
    occurrence = grafeas_v1.Occurrence(
        resource_uri=image,
        note_name=note,
        attestation=grafeas_v1.AttestationOccurrence(
            serialized_payload=signed,
            signatures=[{"public_key_id": f"//cloudkms.googleapis.com/v1/{key_version}", "signature": signature}],
        ),
    )
    stored = await clients.grafeas.create_occurrence(parent=f"projects/{PROD_PROJECT}", occurrence=occurrence)
    return str(stored.name)


def payload_of(image: str) -> bytes:
    """Write what an attestation of an image signs, as `gcloud container binauthz create-signature-payload` does."""
    name, _, digest = image.partition("@")
    critical = {
        "identity": {"docker-reference": name},
        "image": {"docker-manifest-digest": digest},
        "type": "Google cloud binauthz container signature",
    }
    return (json.dumps({"critical": critical}, indent=2, sort_keys=True) + "\n").encode()


async def _by_kms(clients: Clients, key_version: str, payload: bytes) -> bytes:
    digest = kms_v1.Digest(sha256=hashlib.sha256(payload).digest())
    answer = await clients.kms.asymmetric_sign(name=key_version, digest=digest)
    return bytes(answer.signature)
