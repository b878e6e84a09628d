"""Signing with the stand-in for Cloud KMS, which holds real keys of every algorithm."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from google.cloud import kms_v1

from shared.clients.kms import Signer
from shared.domain.algorithms import BY_KMS_NAME
from shared.domain.attestors import AttestorKey, SigningKey
from shared.domain.errors import Fault, Unavailable
from tests.local.google.running_google import KEY_RING, RunningGoogle, running_google


@pytest.mark.parametrize("name", BY_KMS_NAME)
def test_what_kms_signs_verifies_with_the_public_key_that_it_shows(name: str) -> None:
    """Hash, padding and salt are the algorithm's; the wrong one of any would be refused by KMS or by the attestor."""

    async def story() -> None:
        async with running_google() as google:
            signer, version = Signer(google.kms), await google.make_key(algorithm=name)

            public = await signer.key_version(version)
            signature = await signer.sign(SigningKey(version, BY_KMS_NAME[public.algorithm]), b"payload")

            assert (public.name, public.algorithm) == (version, name)
            assert AttestorKey("x", public.pem, BY_KMS_NAME[name].name).verifies(signature, b"payload")

    asyncio.run(story())


async def _switch(google: RunningGoogle, version: str, state: str) -> None:
    changed = kms_v1.CryptoKeyVersion(name=version, state=state)
    await google.kms.update_crypto_key_version(crypto_key_version=changed, update_mask={"paths": ["state"]})


async def _disable(google: RunningGoogle) -> str:
    version = await google.make_key()
    await _switch(google, version, "DISABLED")
    return version


async def _destroy(google: RunningGoogle) -> str:
    version = await google.make_key()
    await google.kms.destroy_crypto_key_version(name=version)
    return version


async def _make_for_encryption(google: RunningGoogle) -> str:
    await google.make_key()
    key = kms_v1.CryptoKey(purpose=kms_v1.CryptoKey.CryptoKeyPurpose.ENCRYPT_DECRYPT)
    made = await google.kms.create_crypto_key(parent=KEY_RING, crypto_key_id="cipher", crypto_key=key)
    return f"{made.name}/cryptoKeyVersions/1"


async def _make_none(google: RunningGoogle) -> str:
    return f"{await google.make_key()}0"


UNUSABLE: dict[str, tuple[Any, str]] = {
    "disabled": (_disable, "is not enabled, current state is: DISABLED."),
    "destroyed": (_destroy, "is not enabled, current state is: DESTROY_SCHEDULED."),
    "made for encryption": (_make_for_encryption, "which is not for ASYMMETRIC_SIGN."),
    "never made": (_make_none, "not found."),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_key_version_that_cannot_sign_says_why(case: str) -> None:
    """KMS's own words are in the sentence: they name the version and its state."""
    make, words = UNUSABLE[case]

    async def story() -> tuple[str, Unavailable]:
        async with running_google() as google:
            version = await make(google)
            with pytest.raises(Unavailable) as caught:
                await Signer(google.kms).key_version(version)
            return version, caught.value

    version, error = asyncio.run(story())
    assert error.fault is Fault.UNUSABLE_KEY
    assert error.detail.startswith(f"{version} cannot sign: ")
    assert error.detail.endswith(words)


def test_a_key_version_that_was_disabled_meanwhile_is_named_too() -> None:
    """Between our look at the key and the signature somebody may disable it; that is no quirk of the network."""

    async def story() -> None:
        async with running_google() as google:
            signer, version = Signer(google.kms), await google.make_key()
            key = SigningKey(version, BY_KMS_NAME[(await signer.key_version(version)).algorithm])
            await _switch(google, version, "DISABLED")

            with pytest.raises(Unavailable, match=r"cannot sign: .* current state is: DISABLED") as caught:
                await signer.sign(key, b"payload")

            assert caught.value.fault is Fault.UNUSABLE_KEY

    asyncio.run(story())
