"""Signature algorithms: each verifies its own signatures and nobody else's."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from shared.domain.algorithms import ALGORITHMS, BY_KMS_NAME, is_same_key
from tests.unit.domain.signing_keys import pem, private_key, public_pem, sign

DATA = b"what is signed"
NAMES = {  # of Cloud KMS's enumeration: of Binary Authorization's, and the hash
    "EC_SIGN_P256_SHA256": ("ECDSA_P256_SHA256", "sha256"),
    "EC_SIGN_P384_SHA384": ("ECDSA_P384_SHA384", "sha384"),
    "RSA_SIGN_PSS_2048_SHA256": ("RSA_PSS_2048_SHA256", "sha256"),
    "RSA_SIGN_PSS_3072_SHA256": ("RSA_PSS_3072_SHA256", "sha256"),
    "RSA_SIGN_PSS_4096_SHA256": ("RSA_PSS_4096_SHA256", "sha256"),
    "RSA_SIGN_PSS_4096_SHA512": ("RSA_PSS_4096_SHA512", "sha512"),
    "RSA_SIGN_PKCS1_2048_SHA256": ("RSA_SIGN_PKCS1_2048_SHA256", "sha256"),
    "RSA_SIGN_PKCS1_3072_SHA256": ("RSA_SIGN_PKCS1_3072_SHA256", "sha256"),
    "RSA_SIGN_PKCS1_4096_SHA256": ("RSA_SIGN_PKCS1_4096_SHA256", "sha256"),
    "RSA_SIGN_PKCS1_4096_SHA512": ("RSA_SIGN_PKCS1_4096_SHA512", "sha512"),
}
SECP192K1 = """-----BEGIN PUBLIC KEY-----
MFYwEAYHKoZIzj0CAQYFK4EEAB8DQgAEAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB
AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==
-----END PUBLIC KEY-----
"""
UNUSABLE_KEYS = {
    "Ed25519": pem(ed25519.Ed25519PrivateKey.generate().public_key()),
    "nothing": "",
    "no key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "a curve that is not supported": SECP192K1,
    "a lone surrogate": "\ud800",
}


def test_every_algorithm_of_kms_that_binary_authorization_verifies_is_known() -> None:
    """The names of the two services differ, and so does what is hashed: SHA-384 belongs to P-384 alone."""
    assert {name: (a.name, a.hash.name) for name, a in BY_KMS_NAME.items()} == NAMES
    for algorithm in BY_KMS_NAME.values():
        assert algorithm.digest(DATA) == hashlib.new(algorithm.hash.name, DATA).digest()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_verifies_its_own_signatures_only(name: str) -> None:
    """Of all signatures over the same bytes it takes the one by its own scheme, size and hash."""
    pems = {other: public_pem(other) for other in ALGORITHMS}
    signature = sign(name, DATA)

    assert [other for other in ALGORITHMS if ALGORITHMS[other].verifies(pems[name], signature, DATA)] == [name]
    assert not ALGORITHMS[name].verifies(pems[name], signature, DATA + b"!")
    assert not ALGORITHMS[name].verifies(pems[name], signature[:-1] + bytes([signature[-1] ^ 1]), DATA)


@pytest.mark.parametrize("name", UNUSABLE_KEYS)
def test_a_key_of_another_form_verifies_nothing_and_raises_nothing(name: str) -> None:
    """One unusable key on an attestor must not hide the verdict about the others."""
    for algorithm in ALGORITHMS.values():
        assert not algorithm.verifies(UNUSABLE_KEYS[name], b"signature", DATA)


def test_a_key_of_another_curve_of_the_same_size_is_none() -> None:
    """The signature is true, and Binary Authorization would refuse it: the curve is part of the algorithm."""
    for private, name in (
        (ec.generate_private_key(ec.SECP384R1()), "ECDSA_P256_SHA256"),
        (ec.generate_private_key(ec.SECP256K1()), "ECDSA_P256_SHA256"),
    ):
        signature = private.sign(DATA, ec.ECDSA(SHA256()))
        assert not ALGORITHMS[name].verifies(pem(private.public_key()), signature, DATA)


def test_a_pss_salt_of_another_length_is_refused() -> None:
    """KMS's salt is as long as the digest; what else has one was not signed by KMS."""
    key = private_key("2048")
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = key.sign(DATA, padding.PSS(padding.MGF1(SHA256()), 20), SHA256())

    assert not ALGORITHMS["RSA_PSS_2048_SHA256"].verifies(pem(key.public_key()), signature, DATA)


def test_a_public_key_is_the_same_however_it_is_wrapped() -> None:
    """Attestors keep the PEM as it was pasted; what counts is the key in it."""
    one, other = public_pem("ECDSA_P256_SHA256"), public_pem("ECDSA_P384_SHA384")

    assert is_same_key(one, one.replace("\n", "\r\n"))
    assert not is_same_key(one, other)
    assert not is_same_key("", "")
    assert not is_same_key(one, "")
