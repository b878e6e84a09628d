"""A stand-in for Cloud KMS: asymmetric signing keys, their versions, and signatures that verify.

It signs with real keys, which are made on first use and live in memory only. Where the real service first answers
PENDING_GENERATION, a version here is ENABLED at once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import new as new_hash
from typing import TYPE_CHECKING, Any

import google_crc32c
import grpc
from cryptography.hazmat.primitives.hashes import SHA512
from google.cloud import kms_v1

from local.google.kms_keys import KeyStore, KeyVersion, Purpose, State
from local.google.messages import copy_of, protobuf_of, set_fields
from local.google.paging import page_of
from local.google.refusal import Refusal
from local.google.resource_names import require_id, require_name
from local.google.signing import KMS_ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from local.google.dispatch import Handler
    from local.google.signing import PrivateKey, SigningAlgorithm

_SignResponse: Any = type(protobuf_of(kms_v1.AsymmetricSignResponse()))

SERVICE = "google.cloud.kms.v1.KeyManagementService"
LOCATION = "projects/*/locations/*"
KEY_RING = f"{LOCATION}/keyRings/*"
KEY = f"{KEY_RING}/cryptoKeys/*"
VERSION = f"{KEY}/cryptoKeyVersions/*"

# Documented for key_ring_id and crypto_key_id in google/cloud/kms/v1/service.proto.
RESOURCE_ID = "[a-zA-Z0-9_-]{1,63}"

# Documented for data in google/cloud/kms/v1/service.proto (SOFTWARE keys): 64 KiB.
MAX_DATA_BYTES = 64 * 1024

# Documented for page_size in google/cloud/kms/v1/service.proto: the default is 100.
DEFAULT_PAGE, MOST_PAGE = 100, 1000

# Documented for destroy_scheduled_duration in google/cloud/kms/v1/resources.proto: the default is 30 days.
DESTROY_AFTER = timedelta(days=30)

SWITCHABLE = frozenset({State.ENABLED, State.DISABLED})


class Deceit(Enum):
    """What a signature is over or by that is not what was asked for; every integrity field of the answer is right."""

    OTHER_KEY = "another key of the same algorithm"
    OTHER_HASH = "the right key, with another hash"
    OTHER_PAYLOAD = "the right key, over something else"


class KeyManagement:
    """Cloud KMS in memory; it signs as it is asked to, unless `deceit` says otherwise."""

    def __init__(self) -> None:
        self.deceit: Deceit | None = None
        self._store = KeyStore()

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by full RPC name."""
        answered: dict[str, Handler] = {
            "CreateKeyRing": self._create_key_ring,
            "GetKeyRing": self._get_key_ring,
            "CreateCryptoKey": self._create_key,
            "GetCryptoKey": self._get_key,
            "CreateCryptoKeyVersion": self._create_version,
            "GetCryptoKeyVersion": self._get_version,
            "ListCryptoKeyVersions": self._list_versions,
            "UpdateCryptoKeyVersion": self._update_version,
            "DestroyCryptoKeyVersion": self._destroy_version,
            "RestoreCryptoKeyVersion": self._restore_version,
            "GetPublicKey": self._get_public_key,
            "AsymmetricSign": self._asymmetric_sign,
        }
        return {f"{SERVICE}/{rpc}": handler for rpc, handler in answered.items()}

    async def _create_key_ring(self, request: kms_v1.CreateKeyRingRequest) -> kms_v1.KeyRing:
        require_name(LOCATION, request.parent)
        require_id(request.key_ring_id, RESOURCE_ID, field="key_ring_id")
        ring = kms_v1.KeyRing(name=f"{request.parent}/keyRings/{request.key_ring_id}", create_time=datetime.now(UTC))
        self._store.add_key_ring(ring)
        return copy_of(ring)

    async def _get_key_ring(self, request: kms_v1.GetKeyRingRequest) -> kms_v1.KeyRing:
        require_name(KEY_RING, request.name)
        return copy_of(self._store.key_ring(request.name))

    async def _create_key(self, request: kms_v1.CreateCryptoKeyRequest) -> kms_v1.CryptoKey:
        require_name(KEY_RING, request.parent)
        require_id(request.crypto_key_id, RESOURCE_ID, field="crypto_key_id")
        self._store.key_ring(request.parent)
        key = copy_of(request.crypto_key)
        _require_signing_template(key)
        set_fields(key, name=f"{request.parent}/cryptoKeys/{request.crypto_key_id}", create_time=datetime.now(UTC))
        self._store.add_key(key)
        if not request.skip_initial_version_creation:
            self._store.add_version(key)
        return copy_of(key)

    async def _get_key(self, request: kms_v1.GetCryptoKeyRequest) -> kms_v1.CryptoKey:
        require_name(KEY, request.name)
        return copy_of(self._store.key(request.name))

    async def _create_version(self, request: kms_v1.CreateCryptoKeyVersionRequest) -> kms_v1.CryptoKeyVersion:
        require_name(KEY, request.parent)
        return copy_of(self._store.add_version(self._store.key(request.parent)).public)

    async def _get_version(self, request: kms_v1.GetCryptoKeyVersionRequest) -> kms_v1.CryptoKeyVersion:
        return copy_of(self._version(request.name).public)

    async def _list_versions(
        self, request: kms_v1.ListCryptoKeyVersionsRequest
    ) -> kms_v1.ListCryptoKeyVersionsResponse:
        require_name(KEY, request.parent)
        versions = [version.public for version in self._store.versions_of(self._store.key(request.parent).name)]
        page = page_of(versions, size=request.page_size, token=request.page_token, default=DEFAULT_PAGE, most=MOST_PAGE)
        return kms_v1.ListCryptoKeyVersionsResponse(
            crypto_key_versions=[copy_of(version) for version in page.items],
            next_page_token=page.next_page_token,
            total_size=len(versions),
        )

    async def _update_version(self, request: kms_v1.UpdateCryptoKeyVersionRequest) -> kms_v1.CryptoKeyVersion:
        version, wanted = self._version(request.crypto_key_version.name).public, request.crypto_key_version.state
        if list(request.update_mask.paths) != ["state"] or wanted not in SWITCHABLE:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT, "Only state can be updated here, to ENABLED or to DISABLED."
            )
        _require_state(version, SWITCHABLE)
        set_fields(version, state=wanted)
        return copy_of(version)

    async def _destroy_version(self, request: kms_v1.DestroyCryptoKeyVersionRequest) -> kms_v1.CryptoKeyVersion:
        version = self._version(request.name).public
        _require_state(version, SWITCHABLE)
        set_fields(version, state=State.DESTROY_SCHEDULED, destroy_time=datetime.now(UTC) + DESTROY_AFTER)
        return copy_of(version)

    async def _restore_version(self, request: kms_v1.RestoreCryptoKeyVersionRequest) -> kms_v1.CryptoKeyVersion:
        version = self._version(request.name).public
        _require_state(version, {State.DESTROY_SCHEDULED})
        set_fields(version, state=State.DISABLED, destroy_time=None)
        return copy_of(version)

    async def _get_public_key(self, request: kms_v1.GetPublicKeyRequest) -> kms_v1.PublicKey:
        version = self._version(request.name)
        version.require_enabled()
        pem = await version.public_key_pem()
        return kms_v1.PublicKey(
            name=version.public.name,
            algorithm=version.public.algorithm,
            protection_level=version.public.protection_level,
            pem=pem,
            pem_crc32c=google_crc32c.value(pem.encode()),
        )

    async def _asymmetric_sign(self, request: kms_v1.AsymmetricSignRequest) -> kms_v1.AsymmetricSignResponse:
        asked: Any = protobuf_of(request)  # proto-plus fields are slow to read, and a release signs a hundred times
        version = self._version(asked.name)
        version.require_enabled()
        algorithm = version.algorithm()
        _require_checksum(asked, "digest", _digest_bytes(asked))
        _require_checksum(asked, "data", asked.data)
        digest = _digest_to_sign(asked, algorithm)
        key = await version.private_key()
        signature = (
            algorithm.sign(key, digest) if self.deceit is None else _deceive(self.deceit, algorithm, key, digest)
        )
        filled = _SignResponse(
            name=asked.name,
            signature=signature,
            verified_digest_crc32c=asked.HasField("digest_crc32c"),
            verified_data_crc32c=asked.HasField("data_crc32c"),
            protection_level=version.message.protection_level,
        )
        filled.signature_crc32c.value = google_crc32c.value(signature)
        answer: kms_v1.AsymmetricSignResponse = kms_v1.AsymmetricSignResponse.wrap(filled)
        return answer

    def _version(self, name: str) -> KeyVersion:
        require_name(VERSION, name)
        return self._store.version(name)


def _deceive(deceit: Deceit, algorithm: SigningAlgorithm, key: PrivateKey, digest: bytes) -> bytes:
    match deceit:
        case Deceit.OTHER_KEY:
            return algorithm.sign(algorithm.generate(), digest)
        case Deceit.OTHER_HASH:
            return replace(algorithm, hash=SHA512()).sign(key, new_hash("sha512", digest).digest())
        case Deceit.OTHER_PAYLOAD:
            return algorithm.sign(key, new_hash(algorithm.digest_field, b"something else").digest())


def _require_signing_template(key: Any) -> None:
    algorithm = key.version_template.algorithm.name
    if key.purpose == Purpose.ENCRYPT_DECRYPT:
        # such keys cannot encrypt here; they exist so that signing with one can be refused
        key.version_template.algorithm = kms_v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm.GOOGLE_SYMMETRIC_ENCRYPTION
    elif key.purpose != Purpose.ASYMMETRIC_SIGN or algorithm not in KMS_ALGORITHMS:
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"The stand-in cloud has no keys of purpose {key.purpose.name} with algorithm {algorithm}.",
        )
    if not key.version_template.protection_level:
        key.version_template.protection_level = kms_v1.ProtectionLevel.SOFTWARE


def _require_state(version: kms_v1.CryptoKeyVersion, allowed: Collection[int]) -> None:
    if version.state not in allowed:
        raise Refusal(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"{version.name} cannot change so, current state is: {version.state.name}.",
        )


def _require_checksum(asked: Any, field: str, content: bytes) -> None:
    """Check a CRC32C where one was sent; the wording is that of https://cloud.google.com/kms/docs/data-integrity-guidelines."""
    given = f"{field}_crc32c"
    if asked.HasField(given) and getattr(asked, given).value != google_crc32c.value(content):
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"The checksum in field {field}_crc32c did not match the data in field {field}.",
        )


def _digest_bytes(asked: Any) -> bytes:
    field = asked.digest.WhichOneof("digest")
    return getattr(asked.digest, field) if field else b""


def _digest_to_sign(asked: Any, algorithm: SigningAlgorithm) -> bytes:
    """Return the digest that was sent, or that of the data that was sent; the wordings are ours."""
    field = asked.digest.WhichOneof("digest")
    if bool(field) == bool(asked.data):
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "Exactly one of digest and data must be given.")
    if not field:
        if len(asked.data) > MAX_DATA_BYTES:
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, f"data must not exceed {MAX_DATA_BYTES} bytes.")
        return new_hash(algorithm.digest_field, asked.data).digest()
    digest = _digest_bytes(asked)
    if field != algorithm.digest_field:
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT, f"The key's algorithm signs {algorithm.digest_field}, not {field}."
        )
    if len(digest) != algorithm.hash.digest_size:
        raise Refusal(
            grpc.StatusCode.INVALID_ARGUMENT,
            f"provided digest has incorrect size (got {len(digest)}, want {algorithm.hash.digest_size})",
        )
    return digest
