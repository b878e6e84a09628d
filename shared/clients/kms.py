"""Cloud KMS: one signature by one key version, with every integrity field checked both ways.

Source: cloud.google.com/kms/docs/data-integrity-guidelines.
"""

from __future__ import annotations

import hashlib

import google_crc32c
from google.cloud.kms_v1 import AsymmetricSignRequest, AsymmetricSignResponse, Digest, KeyManagementServiceAsyncClient

from shared.clients import calls
from shared.domain.errors import Fault, Unavailable


class Signer:
    """Signs with asymmetric key versions of algorithm EC_SIGN_P256_SHA256."""

    def __init__(self, client: KeyManagementServiceAsyncClient) -> None:
        self._client = client

    async def sign(self, key_version: str, payload: bytes) -> bytes:
        """Sign the SHA-256 of a payload; the answer is a DER ECDSA signature.

        Raises:
            Unavailable: KMS refused or did not answer, or its answer is damaged or by another key.
        """
        digest = hashlib.sha256(payload).digest()
        request = AsymmetricSignRequest(
            name=key_version, digest=Digest(sha256=digest), digest_crc32c=google_crc32c.value(digest)
        )
        answer = await calls.invoke(calls.ASYMMETRIC_SIGN, self._client.asymmetric_sign, request)
        _require_intact(key_version, answer)
        return answer.signature


def _require_intact(key_version: str, answer: AsymmetricSignResponse) -> None:
    if answer.name != key_version:
        raise Unavailable(Fault.WRONG_ANSWER, f"KMS signed with {answer.name}, not with {key_version}")
    if not answer.verified_digest_crc32c:
        raise Unavailable(Fault.WRONG_ANSWER, f"{key_version}: KMS did not verify the digest's CRC32C")
    if answer.signature_crc32c != google_crc32c.value(answer.signature):
        raise Unavailable(Fault.WRONG_ANSWER, f"{key_version}: the signature's CRC32C does not fit")
