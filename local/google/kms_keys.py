"""What the stand-in for Cloud KMS keeps: key rings, keys and their versions, with private keys made on first use."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from google.cloud import kms_v1

from local.google.messages import protobuf_of
from local.google.refusal import Refusal
from local.google.signing import KMS_ALGORITHMS, SigningAlgorithm

if TYPE_CHECKING:
    from collections.abc import Container

    from local.google.signing import PrivateKey

Algorithm = kms_v1.CryptoKeyVersion.CryptoKeyVersionAlgorithm
State = kms_v1.CryptoKeyVersion.CryptoKeyVersionState
Purpose = kms_v1.CryptoKey.CryptoKeyPurpose


class KeyVersion:
    """One version of a key: what callers may see of it, and its private key, which is in memory only."""

    def __init__(self, public: kms_v1.CryptoKeyVersion) -> None:
        self.public = public
        self.message: Any = protobuf_of(public)  # the same; proto-plus fields are slow to read
        self._key: PrivateKey | None = None
        self._making = asyncio.Lock()

    def algorithm(self) -> SigningAlgorithm:
        """The signing algorithm.

        Raises:
            Refusal: INVALID_ARGUMENT, for a key of another purpose. The wording is undocumented; this is ours.
        """
        name = Algorithm(self.message.algorithm).name
        if name not in KMS_ALGORITHMS:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"{self.public.name} has algorithm {name}, which is not for ASYMMETRIC_SIGN.",
            )
        return KMS_ALGORITHMS[name]

    def require_enabled(self) -> None:
        """Refuse a version that is disabled or destroyed.

        Raises:
            Refusal: FAILED_PRECONDITION, in the words of the real service.
        """
        if self.message.state != State.ENABLED:
            raise Refusal(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"{self.public.name} is not enabled, current state is: {self.public.state.name}.",
            )

    async def private_key(self) -> PrivateKey:
        """The private key; the first call makes it, in a thread, since RSA takes long."""
        async with self._making:
            if self._key is None:
                self._key = await asyncio.to_thread(self.algorithm().generate)
        return self._key

    async def public_key_pem(self) -> str:
        """The public key as PEM SubjectPublicKeyInfo."""
        key = (await self.private_key()).public_key()
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class KeyStore:
    """All key rings, keys and versions, by resource name, in the order of their creation."""

    def __init__(self) -> None:
        self.key_rings: dict[str, kms_v1.KeyRing] = {}
        self.keys: dict[str, kms_v1.CryptoKey] = {}
        self.versions: dict[str, KeyVersion] = {}

    def key_ring(self, name: str) -> kms_v1.KeyRing:
        """Return a key ring, or refuse with NOT_FOUND."""
        return self.key_rings.get(name) or _not_found("KeyRing", name)

    def key(self, name: str) -> kms_v1.CryptoKey:
        """Return a key, or refuse with NOT_FOUND."""
        return self.keys.get(name) or _not_found("CryptoKey", name)

    def version(self, name: str) -> KeyVersion:
        """Return a version, or refuse with NOT_FOUND."""
        return self.versions.get(name) or _not_found("CryptoKeyVersion", name)

    def add_key_ring(self, ring: kms_v1.KeyRing) -> None:
        """Keep a new key ring, or refuse with ALREADY_EXISTS."""
        _require_new("KeyRing", ring.name, self.key_rings)
        self.key_rings[ring.name] = ring

    def add_key(self, key: kms_v1.CryptoKey) -> None:
        """Keep a new key, or refuse with ALREADY_EXISTS."""
        _require_new("CryptoKey", key.name, self.keys)
        self.keys[key.name] = key

    def add_version(self, key: kms_v1.CryptoKey) -> KeyVersion:
        """Make the next version of a key, as its template says; numbers begin at 1 and are never used again."""
        now = datetime.now(UTC)
        public = kms_v1.CryptoKeyVersion(
            name=f"{key.name}/cryptoKeyVersions/{len(self.versions_of(key.name)) + 1}",
            state=State.ENABLED,
            protection_level=key.version_template.protection_level,
            algorithm=key.version_template.algorithm,
            create_time=now,
            generate_time=now,
        )
        return self.versions.setdefault(public.name, KeyVersion(public))

    def versions_of(self, key_name: str) -> list[KeyVersion]:
        """Return the versions of one key, oldest first."""
        prefix = f"{key_name}/cryptoKeyVersions/"
        return [version for name, version in self.versions.items() if name.startswith(prefix)]


def _require_new(kind: str, name: str, known: Container[str]) -> None:
    if name in known:
        raise Refusal(grpc.StatusCode.ALREADY_EXISTS, f"{kind} {name} already exists.")


def _not_found(kind: str, name: str) -> NoReturn:
    raise Refusal(grpc.StatusCode.NOT_FOUND, f"{kind} {name} not found.")
