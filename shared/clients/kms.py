"""Cloud KMS: the public key of a key version, and signatures by it, with every integrity field checked both ways.

GetPublicKey alone tells whether a version may sign: it answers for enabled versions only, and the algorithm's name says
the purpose. GetCryptoKeyVersion would need a further right, which cloudkms.signerVerifier does not hold.
Source: cloud.google.com/kms/docs/data-integrity-guidelines.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import google_crc32c
from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud.kms_v1 import (
    AsymmetricSignRequest,
    AsymmetricSignResponse,
    CryptoKeyVersion,
    GetPublicKeyRequest,
    KeyManagementServiceAsyncClient,
    PublicKey,
)
from google.cloud.kms_v1.services.key_management_service.transports.base import DEFAULT_CLIENT_INFO

from shared.clients import calls
from shared.domain.attestors import KeyVersion, SigningKey
from shared.domain.errors import Fault, Unavailable

_T = TypeVar("_T")
_UNUSABLE: Final = (
    FailedPrecondition,
    InvalidArgument,
    NotFound,
)  # not enabled; of another purpose; destroyed, or none
_SignRequest: Final = type(AsymmetricSignRequest.pb(AsymmetricSignRequest()))
DAMAGED_TRIES: Final = 3  # "discard the response and perform a limited number of retries" (the guidelines)
# What KMS says where our digest does not fit its checksum, so was damaged on the way to it (the guidelines).
_DAMAGED_REQUEST: Final = "digest_crc32c"


class Signer:
    """Signs with asymmetric key versions of every algorithm that Binary Authorization verifies."""

    def __init__(self, client: KeyManagementServiceAsyncClient) -> None:
        self._client = client
        self._asymmetric_sign = calls.Direct(client.transport.asymmetric_sign, DEFAULT_CLIENT_INFO, routed_by="name")

    async def key_version(self, name: str) -> KeyVersion:
        """Read the public key and the algorithm of an enabled key version.

        Raises:
            Unavailable: the version is disabled, destroyed or made for something else, or every answer is damaged.
        """
        return await _undamaged(lambda: self._key_version(name))

    async def sign(self, key: SigningKey, data: bytes) -> bytes:
        """Sign data with a key version, hashed as its algorithm wants.

        Raises:
            Unavailable: KMS refused or did not answer, or every answer is damaged, or one is by another key.
        """
        return await _undamaged(lambda: self._sign(key, data))

    async def _key_version(self, name: str) -> KeyVersion:
        request = GetPublicKeyRequest(name=name)
        try:
            answer = await calls.invoke(calls.GET_PUBLIC_KEY, self._client.get_public_key, request, answers=_UNUSABLE)
        except _UNUSABLE as error:
            raise Unavailable(Fault.UNUSABLE_KEY, f"{name} cannot sign: {error.message}") from error
        _require_intact_key(name, answer)
        algorithm = calls.enum_name(CryptoKeyVersion.CryptoKeyVersionAlgorithm, answer.algorithm)
        return KeyVersion(name, algorithm, answer.pem)

    async def _sign(self, key: SigningKey, data: bytes) -> bytes:
        digest = key.algorithm.digest(data)
        # Filled as protobuf's own message: proto-plus takes forty times as long, once for each image.
        filled = _SignRequest(name=key.version)
        setattr(filled.digest, key.algorithm.hash.name, digest)
        filled.digest_crc32c.value = google_crc32c.value(digest)
        request = AsymmetricSignRequest.wrap(filled)
        call, refusals = calls.ASYMMETRIC_SIGN, (FailedPrecondition, InvalidArgument)
        try:
            answer = await calls.invoke(call, self._asymmetric_sign, request, answers=refusals)
        except FailedPrecondition as error:
            raise Unavailable(Fault.UNUSABLE_KEY, f"{key.version} cannot sign: {error.message}") from error
        except InvalidArgument as error:
            if _DAMAGED_REQUEST in error.message:
                raise Unavailable(Fault.DAMAGED_ANSWER, f"{key.version}: {error.message}") from error
            raise calls.unavailable(call, error) from error
        read = AsymmetricSignResponse.pb(answer)  # read as the request is filled, for the same reason
        _require_intact_signature(key.version, read)
        return bytes(read.signature)


async def _undamaged(ask: Callable[[], Awaitable[_T]]) -> _T:
    """Ask again where what came was damaged on the way, a few times; what is wrong in another way stays wrong."""
    for _ in range(DAMAGED_TRIES - 1):
        try:
            return await ask()
        except Unavailable as error:
            if error.fault is not Fault.DAMAGED_ANSWER:
                raise
    return await ask()


def _require_intact_key(name: str, answer: PublicKey) -> None:
    if answer.name != name:
        raise Unavailable(Fault.OTHER_KEY_ANSWERED, f"KMS answered with the public key of {answer.name}, not of {name}")
    if answer.pem_crc32c != google_crc32c.value(answer.pem.encode()):
        raise Unavailable(Fault.DAMAGED_ANSWER, f"{name}: the public key's CRC32C does not fit")


def _require_intact_signature(key_version: str, answer: Any) -> None:
    if answer.name != key_version:
        raise Unavailable(Fault.OTHER_KEY_ANSWERED, f"KMS signed with {answer.name}, not with {key_version}")
    if not answer.verified_digest_crc32c:
        raise Unavailable(Fault.DAMAGED_ANSWER, f"{key_version}: KMS did not verify the digest's CRC32C")
    # Of a checksum that is missing protobuf reads 0, which is also that of no bytes.
    sent = answer.HasField("signature_crc32c")
    if not sent or answer.signature_crc32c.value != google_crc32c.value(answer.signature):
        raise Unavailable(Fault.DAMAGED_ANSWER, f"{key_version}: the signature's CRC32C does not fit")
