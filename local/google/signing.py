"""The signature algorithms of Cloud KMS and Binary Authorization, with real keys.

KMS documents them at https://cloud.google.com/kms/docs/algorithms: ECDSA signatures are ASN.1 DER, PSS salts are as
long as the digest. Binary Authorization knows the same ones under shorter names.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512


class Scheme(Enum):
    """How a digest becomes a signature."""

    ECDSA = "ECDSA"
    PSS = "PSS"
    PKCS1 = "PKCS1"


@dataclass(frozen=True, slots=True)
class SigningAlgorithm:
    """A scheme, a key size in bits, and the hash whose digest is signed."""

    scheme: Scheme
    bits: int
    hash: Hash

    @property
    def digest_field(self) -> str:
        """The field of `google.cloud.kms.v1.Digest` that this algorithm signs: sha256, sha384 or sha512."""
        return self.hash.name

    def generate(self) -> PrivateKey:
        """Make a new key; for RSA this takes up to some hundred milliseconds."""
        if self.scheme is Scheme.ECDSA:
            return ec.generate_private_key(ec.SECP256R1() if self.bits == 256 else ec.SECP384R1())  # noqa: PLR2004 - P-256
        return rsa.generate_private_key(public_exponent=65537, key_size=self.bits)

    def sign(self, key: PrivateKey, digest: bytes) -> bytes:
        """Return the signature of a digest of exactly `hash.digest_size` bytes."""
        prehashed = utils.Prehashed(self.hash)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(digest, ec.ECDSA(prehashed))
        return key.sign(digest, self._padding(), prehashed)

    def verifies(self, key: object, signature: bytes, message: bytes) -> bool:
        """Whether a key of this algorithm's kind and size made this signature of the message."""
        try:
            if isinstance(key, ec.EllipticCurvePublicKey) and self.scheme is Scheme.ECDSA:
                key.verify(signature, message, ec.ECDSA(self.hash))
                return key.curve.key_size == self.bits
            if isinstance(key, rsa.RSAPublicKey) and self.scheme is not Scheme.ECDSA:
                key.verify(signature, message, self._padding(), self.hash)
                return key.key_size == self.bits
        except InvalidSignature:
            return False
        return False

    def _padding(self) -> padding.AsymmetricPadding:
        if self.scheme is Scheme.PKCS1:
            return padding.PKCS1v15()
        return padding.PSS(mgf=padding.MGF1(self.hash), salt_length=self.hash.digest_size)


def _rsa(scheme: Scheme) -> dict[str, SigningAlgorithm]:
    sizes = {f"{bits}_SHA256": SigningAlgorithm(scheme, bits, hashes.SHA256()) for bits in (2048, 3072, 4096)}
    return sizes | {"4096_SHA512": SigningAlgorithm(scheme, 4096, hashes.SHA512())}


# By the names of CryptoKeyVersion.CryptoKeyVersionAlgorithm.
KMS_ALGORITHMS = {
    "EC_SIGN_P256_SHA256": SigningAlgorithm(Scheme.ECDSA, 256, hashes.SHA256()),
    "EC_SIGN_P384_SHA384": SigningAlgorithm(Scheme.ECDSA, 384, hashes.SHA384()),
    **{f"RSA_SIGN_PSS_{size}": algorithm for size, algorithm in _rsa(Scheme.PSS).items()},
    **{f"RSA_SIGN_PKCS1_{size}": algorithm for size, algorithm in _rsa(Scheme.PKCS1).items()},
}

# By the names of PkixPublicKey.SignatureAlgorithm; the enum's numbers are shared with names like those of KMS.
BINAUTHZ_ALGORITHMS = {
    "ECDSA_P256_SHA256": SigningAlgorithm(Scheme.ECDSA, 256, hashes.SHA256()),
    "ECDSA_P384_SHA384": SigningAlgorithm(Scheme.ECDSA, 384, hashes.SHA384()),
    "ECDSA_P521_SHA512": SigningAlgorithm(Scheme.ECDSA, 521, hashes.SHA512()),
    **{f"RSA_PSS_{size}": algorithm for size, algorithm in _rsa(Scheme.PSS).items()},
    **{f"RSA_SIGN_PKCS1_{size}": algorithm for size, algorithm in _rsa(Scheme.PKCS1).items()},
}
