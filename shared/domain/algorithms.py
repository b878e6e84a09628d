"""The signature algorithms of Binary Authorization: how each hashes, signs and verifies, and what KMS calls it.

Source: google/cloud/binaryauthorization/v1/resources.proto (PkixPublicKey.SignatureAlgorithm), and for the signatures
cloud.google.com/kms/docs/algorithms: ECDSA is ASN.1 DER, a PSS salt is as long as the digest. ML-DSA, which attestors
can list since 2026, is not among them yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

_KEYS_KEPT: Final = 64  # attestors' keys are few, and each verifies many signatures
_VERIFIED_KEPT: Final = 256  # of the two batches that are signed at a time; some 100 kB
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Scheme(Enum):
    """How a digest becomes a signature."""

    ECDSA = "ECDSA"
    PSS = "RSASSA-PSS"
    PKCS1 = "RSASSA-PKCS1-v1_5"


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm by its name on attestors: its scheme, the key's size in bits, and the hash.

    `kms` is Cloud KMS's name for it, None where KMS has no such key.
    """

    name: str
    kms: str | None
    scheme: Scheme
    bits: int
    hash: SHA256 | SHA384 | SHA512

    def digest(self, data: bytes) -> bytes:
        """Hash what is to be signed."""
        hashing = Hash(self.hash)
        hashing.update(data)
        return hashing.finalize()

    def verifies(self, pem: str, signature: bytes, data: bytes) -> bool:
        """Whether the signature over the data is by this public key; False for a key of another kind or size."""
        try:
            _verify(self.name, pem, signature, data)
        except InvalidSignature:
            return False
        return True

    def verify(self, key: PublicKey, signature: bytes, data: bytes) -> None:
        """Verify a signature with a key.

        Raises:
            InvalidSignature: it is not by this key, or the key is of another kind or size.
        """
        if not self._fits(key):
            raise InvalidSignature
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(self.hash))
        else:
            key.verify(signature, data, self._padding(), self.hash)

    def _fits(self, key: PublicKey) -> bool:
        if isinstance(key, ec.EllipticCurvePublicKey):
            return self.scheme is Scheme.ECDSA and key.curve.name == f"secp{self.bits}r1"
        return self.scheme is not Scheme.ECDSA and key.key_size == self.bits

    def _padding(self) -> padding.AsymmetricPadding:
        if self.scheme is Scheme.PKCS1:
            return padding.PKCS1v15()
        return padding.PSS(mgf=padding.MGF1(self.hash), salt_length=self.hash.digest_size)


def _ecdsa(bits: int, digest: SHA256 | SHA384 | SHA512, *, kms: bool = True) -> Algorithm:
    size = f"P{bits}_{digest.name.upper()}"
    return Algorithm(f"ECDSA_{size}", f"EC_SIGN_{size}" if kms else None, Scheme.ECDSA, bits, digest)


def _rsa(scheme: Scheme, prefix: str, bits: int, digest: SHA256 | SHA512) -> Algorithm:
    size = f"{bits}_{digest.name.upper()}"
    return Algorithm(f"{prefix}_{size}", f"RSA_SIGN_{scheme.name}_{size}", scheme, bits, digest)


_RSA_SIZES: Final = ((2048, SHA256()), (3072, SHA256()), (4096, SHA256()), (4096, SHA512()))
ALGORITHMS: Final = {
    algorithm.name: algorithm
    for algorithm in (
        _ecdsa(256, SHA256()),
        _ecdsa(384, SHA384()),
        _ecdsa(521, SHA512(), kms=False),
        *(_rsa(Scheme.PSS, "RSA_PSS", bits, digest) for bits, digest in _RSA_SIZES),
        *(_rsa(Scheme.PKCS1, "RSA_SIGN_PKCS1", bits, digest) for bits, digest in _RSA_SIZES),
    )
}
BY_KMS_NAME: Final = {algorithm.kms: algorithm for algorithm in ALGORITHMS.values() if algorithm.kms is not None}


@lru_cache(maxsize=_VERIFIED_KEPT)
def _verify(algorithm: str, pem: str, signature: bytes, data: bytes) -> None:
    """Verify a signature, unless the very same bytes verified by the very same key a while ago.

    Each attestation is verified when it is signed and when it is read back. What does not verify is not kept: it is
    anybody's, and as large as they like.

    Raises:
        InvalidSignature: it does not verify, or there is no key in the PEM.
    """
    key = public_key(pem)
    if key is None:
        raise InvalidSignature
    ALGORITHMS[algorithm].verify(key, signature, data)


@lru_cache(maxsize=_KEYS_KEPT)
def public_key(pem: str) -> PublicKey | None:
    """Read a PEM public key; None where it is none, or of a kind that no algorithm here signs with."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey) else None


def is_same_key(one: str, other: str) -> bool:
    """Whether two PEM texts hold the same public key, however they are wrapped; False where one holds none."""
    first, second = public_key(one), public_key(other)
    return first is not None and second is not None and _der(first) == _der(second)


def _der(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
