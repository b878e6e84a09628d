"""What KMS and Secret Manager answer is held against its own integrity fields, on the wire, one field at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import google_crc32c
import pytest
from google.cloud.kms_v1 import AsymmetricSignResponse, KeyManagementServiceAsyncClient, PublicKey
from google.cloud.secretmanager_v1 import AccessSecretVersionResponse, SecretManagerServiceAsyncClient, SecretPayload
from grpc import aio

from local.faults import Faults
from local.google.server import GoogleStandIn
from shared.clients.kms import Signer
from shared.clients.secrets import Secrets
from shared.domain.algorithms import BY_KMS_NAME
from shared.domain.attestors import KeyVersion, SigningKey
from shared.domain.errors import Fault, Unavailable

KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"
PEM = "-----BEGIN PUBLIC KEY-----"
SECRET = "projects/p/secrets/s/versions/latest"
SIGNATURE = b"a signature"
SIGN = "google.cloud.kms.v1.KeyManagementService/AsymmetricSign"
GET_KEY = "google.cloud.kms.v1.KeyManagementService/GetPublicKey"
ACCESS = "google.cloud.secretmanager.v1.SecretManagerService/AccessSecretVersion"


class Answering:
    """A service that answers one RPC with what it was given."""

    def __init__(self, rpc: str, answer: Any) -> None:
        self._rpc = rpc
        self._answer = answer

    def handlers(self) -> Mapping[str, Callable[[Any], Awaitable[Any]]]:
        """The one RPC."""
        return {self._rpc: self._respond}

    async def _respond(self, request: Any) -> Any:
        return self._answer


def ask(rpc: str, answer: Any, client: type[Any], question: Callable[[Any], Awaitable[Any]]) -> Any:
    """Ask a service that gives this answer, through the real client."""

    async def asked() -> Any:
        google = GoogleStandIn([Answering(rpc, answer)], Faults())
        await google.start()
        try:
            async with aio.insecure_channel(google.grpc_target) as channel:
                transport = client.get_transport_class("grpc_asyncio")(channel=channel)
                return await question(client(transport=transport))
        finally:
            await google.stop()

    return asyncio.run(asked())


def sign(**changed: Any) -> Any:
    """Sign with a KMS that answers well, but for what is changed."""
    well = {
        "name": KEY,
        "signature": SIGNATURE,
        "signature_crc32c": google_crc32c.value(SIGNATURE),
        "verified_digest_crc32c": True,
    }
    answer = AsymmetricSignResponse({**well, **changed})
    key = SigningKey(KEY, BY_KMS_NAME["EC_SIGN_P256_SHA256"])
    return ask(SIGN, answer, KeyManagementServiceAsyncClient, lambda client: Signer(client).sign(key, b"payload"))


def public_key(**changed: Any) -> Any:
    """Ask for a public key of a KMS that answers well, but for what is changed."""
    well = {
        "name": KEY,
        "algorithm": "EC_SIGN_P384_SHA384",
        "pem": PEM,
        "pem_crc32c": google_crc32c.value(PEM.encode()),
    }
    answer = PublicKey({**well, **changed})
    return ask(GET_KEY, answer, KeyManagementServiceAsyncClient, lambda client: Signer(client).key_version(KEY))


def read(**payload: Any) -> tuple[Any, list[str]]:
    """Read a secret with this payload; answer it, and what the log was told to hide."""
    told: list[str] = []
    answer = AccessSecretVersionResponse(name=SECRET, payload=SecretPayload(payload))
    secret = ask(
        ACCESS, answer, SecretManagerServiceAsyncClient, lambda client: Secrets(client, told.append).read(SECRET)
    )
    return secret, told


def test_an_intact_signature_is_the_answer() -> None:
    """The other stories mean nothing if this one does not hold."""
    assert sign() == SIGNATURE


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": KEY.replace("Versions/1", "Versions/2")}, "KMS signed with"),
        ({"verified_digest_crc32c": False}, "KMS did not verify the digest's CRC32C"),
        ({"signature": b"another"}, "the signature's CRC32C does not fit"),
        ({"signature_crc32c": None}, "the signature's CRC32C does not fit"),
    ],
    ids=["another key", "an unverified digest", "a damaged signature", "no checksum"],
)
def test_a_signature_that_is_not_intact_is_no_answer(changed: dict[str, Any], sentence: str) -> None:
    """Damage on the way, and another key's signature, must never be stored as an attestation."""
    with pytest.raises(Unavailable, match=sentence) as caught:
        sign(**changed)

    assert caught.value.fault is Fault.WRONG_ANSWER


def test_an_intact_public_key_is_the_answer() -> None:
    """With the algorithm by its name, since the attestor's name for it is another."""
    assert public_key() == KeyVersion(KEY, "EC_SIGN_P384_SHA384", PEM)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": KEY.replace("Versions/1", "Versions/2")}, "KMS answered with the public key of"),
        ({"pem": "-----BEGIN"}, "the public key's CRC32C does not fit"),
        ({"pem_crc32c": None}, "the public key's CRC32C does not fit"),
    ],
    ids=["another key", "a damaged key", "no checksum"],
)
def test_a_public_key_that_is_not_intact_is_no_answer(changed: dict[str, Any], sentence: str) -> None:
    """A damaged one would be taken for a mismatch with the attestor, and a person sent to mend what is well."""
    with pytest.raises(Unavailable, match=sentence) as caught:
        public_key(**changed)

    assert caught.value.fault is Fault.WRONG_ANSWER


def test_a_secret_is_read_stripped_and_told_to_the_log() -> None:
    """Editors add a line end, which no token has; and the log cannot hide what it does not know."""
    data = b"ghs_token\n"

    secret, told = read(data=data, data_crc32c=google_crc32c.value(data))

    assert secret.reveal() == "ghs_token"
    assert told == ["ghs_token"]


@pytest.mark.parametrize(
    ("data", "crc", "fault", "sentence"),
    [
        (b"token", 1, Fault.WRONG_ANSWER, "its CRC32C does not fit"),
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
