"""Cloud KMS of the stand-in, asked by the real client."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import google_crc32c
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from google.cloud import kms_v1

from local.google.signing import KMS_ALGORITHMS
from tests.local.google.running_google import KEY_RING, tell

if TYPE_CHECKING:
    from tests.local.google.running_google import RunningGoogle

MESSAGE = b"to be signed"
SHA256 = kms_v1.Digest(sha256=hashlib.sha256(MESSAGE).digest())
STATE = kms_v1.CryptoKeyVersion.CryptoKeyVersionState


@pytest.mark.parametrize(
    "name",
    [
        "EC_SIGN_P256_SHA256",
        "EC_SIGN_P384_SHA384",
        "RSA_SIGN_PSS_2048_SHA256",
        "RSA_SIGN_PKCS1_2048_SHA256",
        "RSA_SIGN_PSS_4096_SHA512",
    ],
)
def test_a_signature_verifies_under_the_public_key(name: str) -> None:
    """Digest and data alike, with every checksum in place."""
    algorithm = KMS_ALGORITHMS[name]

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key(algorithm=name)
        public = await google.kms.get_public_key(name=version)
        assert (public.name, public.algorithm.name) == (version, name)
        assert public.pem_crc32c == google_crc32c.value(public.pem.encode())
        digest = hashlib.new(algorithm.digest_field, MESSAGE).digest()
        for content, checksum in (
            ({"digest": {algorithm.digest_field: digest}}, {"digest_crc32c": google_crc32c.value(digest)}),
            ({"data": MESSAGE}, {"data_crc32c": google_crc32c.value(MESSAGE)}),
        ):
            signed = await google.kms.asymmetric_sign({"name": version, **content, **checksum})
            assert signed.name == version
            assert signed.verified_digest_crc32c is ("digest" in content)
            assert signed.verified_data_crc32c is ("data" in content)
            assert signed.signature_crc32c == google_crc32c.value(signed.signature)
            assert algorithm.verifies(load_pem_public_key(public.pem.encode()), signed.signature, MESSAGE)

    tell(story)


def test_without_a_checksum_nothing_is_said_to_be_verified() -> None:
    """A client that sends none must not read that it was checked."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key()
        signed = await google.kms.asymmetric_sign(name=version, digest=SHA256)
        assert not signed.verified_digest_crc32c

    tell(story)


@pytest.mark.parametrize(
    ("request_fields", "words"),
    [
        ({"digest": {"sha256": b"x" * 32}, "digest_crc32c": 1}, "checksum in field digest_crc32c did not match"),
        ({"data": b"x", "data_crc32c": 1}, "checksum in field data_crc32c did not match"),
        ({"digest": {"sha512": b"x" * 64}}, "signs sha256, not sha512"),
        ({"digest": {"sha256": b"x" * 31}}, "incorrect size"),
        ({"digest": {"sha256": b"x" * 32}, "data": b"x"}, "Exactly one"),
        ({}, "Exactly one"),
        ({"data": b"x" * 65537}, "65536"),
    ],
)
def test_what_does_not_fit_the_key_is_not_signed(request_fields: dict[str, object], words: str) -> None:
    """Wrong digest type or size, wrong checksum, too much or nothing to sign."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key()
        with pytest.raises(InvalidArgument, match=words):
            await google.kms.asymmetric_sign({"name": version, **request_fields})

    tell(story)


def test_only_an_enabled_version_signs() -> None:
    """Disabled, enabled again, destroyed: in the words of the real service."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key()

        async def update(state: int) -> None:
            wanted = kms_v1.CryptoKeyVersion(name=version, state=state)
            await google.kms.update_crypto_key_version(crypto_key_version=wanted, update_mask={"paths": ["state"]})

        await update(STATE.DISABLED)
        with pytest.raises(FailedPrecondition, match=f"{version} is not enabled, current state is: DISABLED."):
            await google.kms.asymmetric_sign(name=version, digest=SHA256)
        await update(STATE.ENABLED)
        await google.kms.asymmetric_sign(name=version, digest=SHA256)
        destroyed = await google.kms.destroy_crypto_key_version(name=version)
        assert destroyed.state == STATE.DESTROY_SCHEDULED
        with pytest.raises(FailedPrecondition, match="DESTROY_SCHEDULED"):
            await google.kms.get_public_key(name=version)
        with pytest.raises(FailedPrecondition):
            await update(STATE.ENABLED)
        assert (await google.kms.restore_crypto_key_version(name=version)).state == STATE.DISABLED

    tell(story)


def test_versions_have_keys_of_their_own() -> None:
    """A rotation is a new version with a new key; lists come in pages."""

    async def story(google: RunningGoogle) -> None:
        first = await google.make_key()
        key = first.rpartition("/cryptoKeyVersions/")[0]
        second = (await google.kms.create_crypto_key_version(parent=key)).name
        assert second == f"{key}/cryptoKeyVersions/2"
        pems = [(await google.kms.get_public_key(name=version)).pem for version in (first, second)]
        assert pems[0] != pems[1]
        listed = await google.kms.list_crypto_key_versions({"parent": key, "page_size": 1})
        assert [version.name async for version in listed] == [first, second]

    tell(story)


def test_a_key_of_another_purpose_does_not_sign() -> None:
    """An encryption key has no signing algorithm."""

    async def story(google: RunningGoogle) -> None:
        await google.make_key()
        key = kms_v1.CryptoKey(purpose=kms_v1.CryptoKey.CryptoKeyPurpose.ENCRYPT_DECRYPT)
        made = await google.kms.create_crypto_key(parent=KEY_RING, crypto_key_id="box", crypto_key=key)
        with pytest.raises(InvalidArgument, match="ASYMMETRIC_SIGN"):
            await google.kms.asymmetric_sign(name=f"{made.name}/cryptoKeyVersions/1", digest=SHA256)

    tell(story)


def test_names_are_looked_up_and_looked_at() -> None:
    """NOT_FOUND, ALREADY_EXISTS and INVALID_ARGUMENT each where it belongs."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key()
        with pytest.raises(AlreadyExists, match=r"KeyRing .* already exists"):
            await google.make_key()
        with pytest.raises(NotFound, match=r"CryptoKeyVersion .*/9 not found"):
            await google.kms.get_public_key(name=f"{version[:-1]}9")
        with pytest.raises(NotFound, match="CryptoKey "):
            await google.kms.create_crypto_key_version(parent=f"{KEY_RING}/cryptoKeys/none")
        with pytest.raises(InvalidArgument):
            await google.kms.get_public_key(name="projects/acme")
        with pytest.raises(InvalidArgument, match="key_ring_id"):
            await google.kms.create_key_ring(parent="projects/p/locations/l", key_ring_id="a b", key_ring={})

    tell(story)
