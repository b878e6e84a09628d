"""The signature algorithms on keys that KMS would not make."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from local.google.signing import BINAUTHZ_ALGORITHMS, KMS_ALGORITHMS


def test_a_curve_of_another_size_is_not_accepted() -> None:
    """P-384 with SHA-256 is a true signature, and yet none of ECDSA_P256_SHA256."""
    key = ec.generate_private_key(ec.SECP384R1())
    signature = key.sign(b"message", ec.ECDSA(hashes.SHA256()))
    assert not BINAUTHZ_ALGORITHMS["ECDSA_P256_SHA256"].verifies(key.public_key(), signature, b"message")


def test_a_key_of_another_kind_is_not_accepted() -> None:
    """Ed25519 is neither ECDSA nor RSA, and Binary Authorization does not know it."""
    key = ed25519.Ed25519PrivateKey.generate()
    signature = key.sign(b"message")
    assert not any(
        algorithm.verifies(key.public_key(), signature, b"message") for algorithm in BINAUTHZ_ALGORITHMS.values()
    )


def test_binary_authorization_knows_an_algorithm_that_kms_has_not() -> None:
    """An attestor may trust a P-521 key of somebody else; no key version can have one."""
    key = ec.generate_private_key(ec.SECP521R1())
    signature = key.sign(b"message", ec.ECDSA(hashes.SHA512()))
    assert BINAUTHZ_ALGORITHMS["ECDSA_P521_SHA512"].verifies(key.public_key(), signature, b"message")
    assert not any("P521" in known for known in KMS_ALGORITHMS)
