"""Private keys of every kind, and signatures by them as Cloud KMS would make them, apart from the code under test."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
_CURVES = {"P256": ec.SECP256R1(), "P384": ec.SECP384R1(), "P521": ec.SECP521R1()}
_HASHES = {"SHA256": SHA256(), "SHA384": SHA384(), "SHA512": SHA512()}


@cache
def private_key(size: str) -> PrivateKey:
    """A key of `P256`, `P384`, `P521`, `2048`, `3072` or `4096`, made once."""
    if size in _CURVES:
        return ec.generate_private_key(_CURVES[size])
    return rsa.generate_private_key(65537, int(size))


def sign(algorithm: str, data: bytes) -> bytes:
    """Sign data as Binary Authorization's algorithm of this name says."""
    scheme, _, rest = algorithm.removeprefix("RSA_SIGN_").removeprefix("RSA_").partition("_")
    size, _, digest = rest.partition("_")
    key, hashing = private_key(size), _HASHES[digest]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashing))
    if scheme == "PKCS1":
        return key.sign(data, padding.PKCS1v15(), hashing)
    return key.sign(data, padding.PSS(padding.MGF1(hashing), hashing.digest_size), hashing)


def size_of(algorithm: str) -> str:
    """Which key an algorithm needs."""
    return algorithm.split("_")[-2]


def pem(key: PublicKey) -> str:
    """A public key as attestors and KMS show it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_pem(algorithm: str) -> str:
    """The public key that verifies what `sign` signs."""
    return pem(private_key(size_of(algorithm)).public_key())
