"""Attestors' keys, and every reason for which a key version may not sign for an attestor."""

from __future__ import annotations

import dataclasses

import pytest

from shared.domain.algorithms import ALGORITHMS, BY_KMS_NAME
from shared.domain.attestors import Attestor, AttestorKey, KeyVersion, SigningKey, key_id, signing_key
from shared.domain.errors import Fault, Unavailable
from shared.domain.payload import PayloadForm
from tests.unit.domain.material import ATTESTOR_NAME, Signer, attestor
from tests.unit.domain.signing_keys import public_pem, sign

VERSION = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
PEM = public_pem("ECDSA_P256_SHA256")
GOOD = KeyVersion(VERSION, "EC_SIGN_P256_SHA256", PEM)
LISTED = AttestorKey(key_id(VERSION), PEM, "ECDSA_P256_SHA256")


def test_a_key_version_is_named_as_gcloud_names_it() -> None:
    """The id on the signature must be the one on the attestor, to the letter."""
    assert key_id("projects/p/x/1") == "//cloudkms.googleapis.com/v1/projects/p/x/1"


@pytest.mark.parametrize("form", PayloadForm)
@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_key_verifies_what_it_signed_in_either_form(name: str, form: PayloadForm) -> None:
    """Binary Authorization itself verifies the raw payload and its DSSE encoding alike."""
    key = AttestorKey("x", public_pem(name), name)

    assert key.verifies(sign(name, form.signed(b"payload")), b"payload")
    assert not key.verifies(sign(name, form.signed(b"payloae")), b"payload")


@pytest.mark.parametrize("name", ["RSA_PSS_2048_SHA256", "ML_DSA_65", ""])
def test_a_key_that_the_attestor_lists_under_another_algorithm_verifies_nothing(name: str) -> None:
    """Binary Authorization verifies by the algorithm on the attestor, so we do not by any other."""
    signer = Signer()
    listed = dataclasses.replace(signer.public, algorithm=name)

    assert signer.public.verifies(signer.sign(b"x").value, b"x")
    assert not listed.verifies(signer.sign(b"x").value, b"x")


def test_an_attestor_can_be_looked_at_as_it_will_be_after_a_rotation() -> None:
    """What counts with the new key alone still counts when the old one is gone."""
    new = dataclasses.replace(LISTED, id="new")

    assert attestor(LISTED, new).trusting_only("new") == attestor(new)
    assert attestor(LISTED).trusting_only("new") == attestor()


@pytest.mark.parametrize("kms", BY_KMS_NAME)
def test_a_key_version_that_the_attestor_lists_may_sign(kms: str) -> None:
    """The same key under the same algorithm, in the names of the two services."""
    algorithm = BY_KMS_NAME[kms]
    pem = public_pem(algorithm.name)
    listed = AttestorKey(key_id(VERSION), pem, algorithm.name)

    assert signing_key(KeyVersion(VERSION, kms, pem), attestor(listed)) == SigningKey(VERSION, algorithm)


def _listing(**changed: str) -> Attestor:
    return attestor(dataclasses.replace(LISTED, **changed))


MISMATCHES = {
    "a key that decrypts": (
        dataclasses.replace(GOOD, algorithm="RSA_DECRYPT_OAEP_2048_SHA256"),
        _listing(),
        Fault.UNUSABLE_KEY,
        f"{VERSION} cannot sign: its purpose is not ASYMMETRIC_SIGN, its algorithm is 'RSA_DECRYPT_OAEP_2048_SHA256'",
    ),
    **{
        algorithm: (
            dataclasses.replace(GOOD, algorithm=algorithm),
            _listing(),
            Fault.UNUSABLE_KEY,
            (
                f"{VERSION}: the algorithm '{algorithm}' is none that Binary Authorization verifies here; use one of "
                "EC_SIGN_P256_SHA256, "
            ),
        )
        for algorithm in (
            "EC_SIGN_ED25519",
            "EC_SIGN_SECP256K1_SHA256",
            "RSA_SIGN_RAW_PKCS1_2048",
            "PQ_SIGN_ML_DSA_65",
            "PQ_SIGN_SLH_DSA_SHA2_128S",
        )
    },
    "an algorithm that the client does not know": (
        dataclasses.replace(GOOD, algorithm="4242"),
        _listing(),
        Fault.UNUSABLE_KEY,
        f"{VERSION} cannot sign: KMS gives it the algorithm 4242, which this version of prodgate does not know",
    ),
    "a key that is not on the attestor": (
        GOOD,
        _listing(id=key_id(VERSION[:-1] + "2")),
        Fault.KEY_NOT_ON_ATTESTOR,
        f"{ATTESTOR_NAME} does not trust {key_id(VERSION)}",
    ),
    "an attestor without keys": (
        GOOD,
        attestor(),
        Fault.KEY_NOT_ON_ATTESTOR,
        f"{ATTESTOR_NAME} does not trust {key_id(VERSION)}",
    ),
    "another algorithm on the attestor": (
        GOOD,
        _listing(algorithm="ECDSA_P384_SHA384"),
        Fault.KEY_ALGORITHM_DIFFERS,
        f"{VERSION}: KMS signs with ECDSA_P256_SHA256, {ATTESTOR_NAME} lists it as 'ECDSA_P384_SHA384'",
    ),
    "another public key on the attestor": (
        GOOD,
        _listing(pem=Signer().public.pem),
        Fault.PUBLIC_KEY_DIFFERS,
        f"{ATTESTOR_NAME} lists another public key for {VERSION} than KMS",
    ),
}


@pytest.mark.parametrize("case", MISMATCHES)
def test_a_key_version_that_does_not_fit_signs_nothing(case: str) -> None:
    """GKE would refuse what it signs; which of the two services to mend is in the sentence."""
    version, attesting, fault, sentence = MISMATCHES[case]

    with pytest.raises(Unavailable) as caught:
        signing_key(version, attesting)

    assert caught.value.fault is fault
    assert caught.value.detail.startswith(sentence)
