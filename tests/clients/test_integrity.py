"""What KMS and Secret Manager answer is held against its own integrity fields, on the wire, one field at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import google_crc32c
import grpc
import pytest
from google.cloud.kms_v1 import AsymmetricSignResponse, KeyManagementServiceAsyncClient, PublicKey
from google.cloud.secretmanager_v1 import AccessSecretVersionResponse, SecretManagerServiceAsyncClient, SecretPayload
from grpc import aio

from local.faults import Faults
from local.google.refusal import Refusal
from local.google.server import GoogleStandIn
from shared.clients.kms import DAMAGED_TRIES, Signer
from shared.clients.secrets import Secrets
from shared.domain.algorithms import BY_KMS_NAME
from shared.domain.attestors import KeyVersion, SigningKey
from shared.domain.errors import Fault, Unavailable
from tests.clients.answering import Answering

KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
PEM = "-----BEGIN PUBLIC KEY-----"
SECRET = "projects/p/secrets/s/versions/latest"
SIGNATURE = b"a signature"
SIGN = "google.cloud.kms.v1.KeyManagementService/AsymmetricSign"
GET_KEY = "google.cloud.kms.v1.KeyManagementService/GetPublicKey"
ACCESS = "google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion"


def ask(service: Answering, client: type[Any], question: Callable[[Any], Awaitable[Any]]) -> Any:
    """Ask a service, through the real client."""

    async def asked() -> Any:
        google = GoogleStandIn([service], Faults())
        await google.start()
        try:
            async with aio.insecure_channel(google.grpc_target) as channel:
                transport = client.get_transport_class("grpc_asyncio")(channel=channel)
                return await question(client(transport=transport))
        finally:
            await google.stop()

    return asyncio.run(asked())


def signature(**changed: Any) -> AsymmetricSignResponse:
    """A signature as a KMS gives it that answers well, but for what is changed."""
    well = {
        "name": KEY,
        "signature": SIGNATURE,
        "signature_crc32c": google_crc32c.value(SIGNATURE),
        "verified_digest_crc32c": True,
    }
    return AsymmetricSignResponse({**well, **changed})


def sign(*answers: Any) -> tuple[Any, int]:
    """Sign with a KMS that gives these answers; say what came of it, and how often it was asked."""
    service, key = Answering(SIGN, *answers), SigningKey(KEY, BY_KMS_NAME["EC_SIGN_P256_SHA256"])
    return outcome(service, lambda client: Signer(client).sign(key, b"payload"))


def public_key(**changed: Any) -> PublicKey:
    """A public key as a KMS gives it that answers well, but for what is changed."""
    well = {
        "name": KEY,
        "algorithm": "EC_SIGN_P384_SHA384",
        "pem": PEM,
        "pem_crc32c": google_crc32c.value(PEM.encode()),
    }
    return PublicKey({**well, **changed})


def key_version(*answers: Any) -> tuple[Any, int]:
    """Ask for a public key of a KMS that gives these answers; say what came of it, and how often it was asked."""
    return outcome(Answering(GET_KEY, *answers), lambda client: Signer(client).key_version(KEY))


def outcome(service: Answering, question: Callable[[Any], Awaitable[Any]]) -> tuple[Any, int]:
    """Ask a KMS; say what came of it, failures too, and how often it was asked."""
    try:
        return ask(service, KeyManagementServiceAsyncClient, question), service.asked
    except Unavailable as error:
        return error, service.asked


def read(**payload: Any) -> tuple[Any, list[str]]:
    """Read a secret with this payload; answer it, and what the log was told to hide."""
    told: list[str] = []
    answer = AccessSecretVersionResponse(name=SECRET, payload=SecretPayload(payload))
    service = Answering(ACCESS, answer)
    secret = ask(service, SecretManagerServiceAsyncClient, lambda client: Secrets(client, told.append).read(SECRET))
    return secret, told


DAMAGED: dict[str, tuple[dict[str, Any], str]] = {
    "an unverified digest": ({"verified_digest_crc32c": False}, "KMS did not verify the digest's CRC32C"),
    "a damaged signature": ({"signature": b"another"}, "the signature's CRC32C does not fit"),
    "no checksum": ({"signature_crc32c": None}, "the signature's CRC32C does not fit"),
    "no checksum of nothing": ({"signature": b"", "signature_crc32c": None}, "the signature's CRC32C does not fit"),
}
DAMAGED_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "a damaged key": ({"pem": "-----BEGIN"}, "the public key's CRC32C does not fit"),
    "no checksum": ({"pem_crc32c": None}, "the public key's CRC32C does not fit"),
}
OTHER = KEY.replace("Versions/1", "Versions/2")
DIGEST_DAMAGED = Refusal(
    grpc.StatusCode.INVALID_ARGUMENT, "The checksum in field digest_crc32c did not match the data in field digest."
)


def test_an_intact_signature_is_the_answer() -> None:
    """The other stories mean nothing if this one does not hold."""
    assert sign(signature()) == (SIGNATURE, 1)


@pytest.mark.parametrize("case", DAMAGED)
def test_a_signature_that_is_damaged_is_no_answer(case: str) -> None:
    """It must never be stored as an attestation; it is asked for a few times, then the event waits."""
    changed, sentence = DAMAGED[case]

    error, asked = sign(signature(**changed))

    assert (error.fault, asked) == (Fault.DAMAGED_ANSWER, DAMAGED_TRIES)
    assert error.detail == f"{KEY}: {sentence}"
    assert sign(signature(**changed), signature()) == (SIGNATURE, 2)


def test_a_digest_that_was_damaged_on_its_way_to_kms_is_sent_again() -> None:
    """KMS itself found that our bytes do not fit our checksum; that is no quarrel about the request."""
    error, asked = sign(DIGEST_DAMAGED)

    assert (error.fault, asked) == (Fault.DAMAGED_ANSWER, DAMAGED_TRIES)
    assert error.detail.endswith(DIGEST_DAMAGED.message)
    assert sign(DIGEST_DAMAGED, signature()) == (SIGNATURE, 2)


def test_a_request_that_kms_does_not_take_for_another_reason_is_refused_once() -> None:
    """Sent again it would be the same."""
    error, asked = sign(Refusal(grpc.StatusCode.INVALID_ARGUMENT, "provided digest has incorrect size"))

    assert (error.fault, asked) == (Fault.REFUSED, 1)
    assert error.detail == "kms.AsymmetricSign: 400 provided digest has incorrect size"


def test_a_signature_by_another_key_is_no_answer() -> None:
    """However intact it is; and asking again would not make it ours."""
    error, asked = sign(signature(name=OTHER))

    assert (error.fault, asked) == (Fault.OTHER_KEY_ANSWERED, 1)
    assert error.detail == f"KMS signed with {OTHER}, not with {KEY}"


def test_an_intact_public_key_is_the_answer() -> None:
    """With the algorithm by its name, since the attestor's name for it is another."""
    assert key_version(public_key()) == (KeyVersion(KEY, "EC_SIGN_P384_SHA384", PEM), 1)


@pytest.mark.parametrize("case", DAMAGED_KEYS)
def test_a_public_key_that_is_damaged_is_no_answer(case: str) -> None:
    """It would be taken for a mismatch with the attestor, and a person sent to mend what is well."""
    changed, sentence = DAMAGED_KEYS[case]

    error, asked = key_version(public_key(**changed))

    assert (error.fault, asked) == (Fault.DAMAGED_ANSWER, DAMAGED_TRIES)
    assert error.detail == f"{KEY}: {sentence}"
    assert key_version(public_key(**changed), public_key())[1] == 2


def test_a_public_key_of_another_version_is_no_answer() -> None:
    """What would be compared with the attestor is then not what signs."""
    error, asked = key_version(public_key(name=OTHER))

    assert (error.fault, asked) == (Fault.OTHER_KEY_ANSWERED, 1)
    assert error.detail == f"KMS answered with the public key of {OTHER}, not of {KEY}"


def test_a_key_of_an_algorithm_that_is_newer_than_the_client_is_named_by_number() -> None:
    """KMS gains algorithms every year; an enum's value without a name must not end as a defect of ours."""
    with pytest.warns(UserWarning, match="Unrecognized"):
        version, _ = key_version(public_key(algorithm=4242))

    assert version.algorithm == "4242"


def test_a_secret_is_read_stripped_and_told_to_the_log() -> None:
    """Editors add a line end, which no token has; and the log cannot hide what it does not know."""
    data = b"ghs_token\n"

    secret, told = read(data=data, data_crc32c=google_crc32c.value(data))

    assert secret.reveal() == "ghs_token"
    assert told == ["ghs_token"]


@pytest.mark.parametrize(
    ("data", "crc", "fault", "sentence"),
    [
        (b"token", 1, Fault.DAMAGED_ANSWER, "its CRC32C does not fit"),
        (b"", None, Fault.MISCONFIGURED, "it is empty"),
        (b" \n", None, Fault.MISCONFIGURED, "it is empty"),
        (b"\xff", None, Fault.MISCONFIGURED, "it is not UTF-8 text"),
    ],
    ids=["damaged", "empty", "blank", "not text"],
)
def test_a_secret_that_cannot_be_used_is_named(data: bytes, crc: int | None, fault: Fault, sentence: str) -> None:
    """Using it all the same would end as a riddle at GitHub's door."""
    with pytest.raises(Unavailable, match=sentence) as caught:
        read(data=data, data_crc32c=google_crc32c.value(data) if crc is None else crc)

    assert caught.value.fault is fault
