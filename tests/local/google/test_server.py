"""Both protocols of the stand-in: faults, refusals, JSON, base64, and what it does not have."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from google.api_core.exceptions import MethodNotImplemented, NotFound, PermissionDenied, ServiceUnavailable
from google.auth.credentials import AnonymousCredentials
from google.cloud import binaryauthorization_v1, kms_v1, secretmanager_v1

from local.faults import Faults
from local.google.secrets import SecretManager
from local.google.server import GoogleStandIn
from tests.local.google.running_google import ATTESTOR, DIGEST, IMAGE, NOTE, attestation_of, payload_of, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.local.google.running_google import RunningGoogle

SECRET = {"replication": {"automatic": {}}}


async def _rest(google: RunningGoogle, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with aiohttp.request(verb, google.http_url + path, json=body) as response:
        text = await response.text()
        return response.status, json.loads(text) if response.content_type == "application/json" else text


def test_a_planned_refusal_has_no_effect() -> None:
    """The status that was asked for, once, and nothing done."""

    async def story(google: RunningGoogle) -> None:
        google.faults.fail("secrets.CreateSecret", code="PERMISSION_DENIED")
        with pytest.raises(PermissionDenied, match="told to refuse"):
            await google.secrets.create_secret(parent="projects/acme", secret_id="s", secret=SECRET)
        with pytest.raises(NotFound):
            await google.secrets.get_secret(name="projects/acme/secrets/s")
        await google.secrets.create_secret(parent="projects/acme", secret_id="s", secret=SECRET)
        assert google.faults.calls("secrets.CreateSecret") == {"secrets.CreateSecret": 2}

    tell(story)


def test_a_lost_reply_has_its_effect() -> None:
    """The secret is made, and the caller reads that the service is unavailable: over both protocols."""

    async def story(google: RunningGoogle) -> None:
        google.faults.lose_reply("secrets.CreateSecret", times=2)
        with pytest.raises(ServiceUnavailable):
            await google.secrets.create_secret(parent="projects/acme", secret_id="one", secret=SECRET)
        status, answer = await _rest(google, "POST", "/v1/projects/acme/secrets?secretId=two", SECRET)
        assert (status, answer["error"]["status"]) == (503, "UNAVAILABLE")
        for name in ("one", "two"):
            assert await google.secrets.get_secret(name=f"projects/acme/secrets/{name}")

    tell(story)


def test_a_call_takes_as_long_as_was_asked_for() -> None:
    """Latency holds for every call."""

    async def story(google: RunningGoogle) -> None:
        started = asyncio.get_running_loop().time()
        await google.binauthz.get_policy(name="projects/acme/policy")
        assert asyncio.get_running_loop().time() - started >= 0.05

    tell(story, faults=Faults(latency_s=0.05))


def test_what_the_stand_in_does_not_have_it_says() -> None:
    """A known RPC without handler is UNIMPLEMENTED in both protocols, an unknown one by gRPC itself."""

    async def story(google: RunningGoogle) -> None:
        name = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
        with pytest.raises(MethodNotImplemented, match=r"does not have google\.cloud\.kms\.v1\..*/Encrypt"):
            await google.kms.encrypt(name=name, plaintext=b"x")
        status, answer = await _rest(google, "POST", f"/v1/{name}:encrypt", {"plaintext": "eA=="})
        assert (status, answer["error"]["status"]) == (501, "UNIMPLEMENTED")
        with pytest.raises(MethodNotImplemented):
            await google.kms.get_location({"name": "projects/p/locations/l"})

    tell(story)


def test_the_real_clients_speak_rest_with_it() -> None:
    """The same handlers through the REST transports, which ask for integer enums."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key()
        await asyncio.to_thread(_use_rest_clients, google.http_url, version)

    tell(story)


def _use_rest_clients(url: str, version: str) -> None:
    arguments: dict[str, Any] = {
        "transport": "rest",
        "credentials": AnonymousCredentials(),
        "client_options": {"api_endpoint": url},
    }
    with secretmanager_v1.SecretManagerServiceClient(**arguments) as secrets:
        secrets.create_secret(parent="projects/acme", secret_id="s", secret=SECRET)
        secrets.add_secret_version(parent="projects/acme/secrets/s", payload={"data": b"\xfb\xff\xfe"})
        answer = secrets.access_secret_version(name="projects/acme/secrets/s/versions/latest")
        assert answer.payload.data == b"\xfb\xff\xfe"
        with pytest.raises(NotFound, match="not found or has no versions"):
            secrets.access_secret_version(name="projects/acme/secrets/other/versions/1")
    with kms_v1.KeyManagementServiceClient(**arguments) as kms:
        assert kms.get_public_key(name=version).algorithm.name == "EC_SIGN_P256_SHA256"
        wanted = kms_v1.CryptoKeyVersion(name=version, state=kms_v1.CryptoKeyVersion.CryptoKeyVersionState.DISABLED)
        mask = {"paths": ["state"]}
        assert kms.update_crypto_key_version(crypto_key_version=wanted, update_mask=mask).state.name == "DISABLED"
    with binaryauthorization_v1.BinauthzManagementServiceV1Client(**arguments) as binauthz:
        policy = binauthz.get_policy(name="projects/acme/policy")
        assert binauthz.update_policy(policy=policy).name == policy.name


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_bytes_may_come_in_both_base64_alphabets(encode: Any) -> None:
    """The URL-safe one is what gcloud sends, the standard one what the clients send and what is answered."""

    async def story(google: RunningGoogle) -> None:
        await _rest(google, "POST", "/v1/projects/acme/secrets?secretId=s", SECRET)
        data = b"\xfb\xff\xfe"
        body = {"payload": {"data": encode(data).decode()}}
        assert (await _rest(google, "POST", "/v1/projects/acme/secrets/s:addVersion", body))[0] == 200
        _, answer = await _rest(google, "GET", "/v1/projects/acme/secrets/s/versions/1:access?alt=json&$x=y")
        assert answer["payload"]["data"] == "+//+"

    tell(story)


@pytest.mark.parametrize(
    ("verb", "path", "body", "expected"),
    [
        ("GET", "/v1/projects/acme/secrets/none", None, (404, "NOT_FOUND")),
        ("GET", "/v1/projects/acme/attestors?pageSize=many", None, (400, "INVALID_ARGUMENT")),
        ("GET", "/v1/projects/acme/attestors?nonsense=1", None, (400, "INVALID_ARGUMENT")),
        ("GET", "/v1/projects/acme/attestors?page_size=2&prettyPrint=true", None, (200, None)),
        ("GET", "/v1/projects/acme/occurrences?returnPartialSuccess=true", None, (200, None)),
        ("POST", "/v1/projects/acme/secrets?secretId=s", {"nonsense": 1}, (400, "INVALID_ARGUMENT")),
        ("POST", "/v1/projects/acme/secrets?secretId=s", [1], (400, "INVALID_ARGUMENT")),
        ("POST", "/v1/projects/acme/secrets?secret_id=s", SECRET, (200, None)),
        ("POST", "/v1/projects/acme/secrets?secretId=a%20b", SECRET, (400, "INVALID_ARGUMENT")),
    ],
)
def test_rest_answers_in_google_s_form(verb: str, path: str, body: Any, expected: tuple[int, str | None]) -> None:
    """Status, and an error object with code, message and status; nothing unknown is ignored."""

    async def story(google: RunningGoogle) -> None:
        status, answer = await _rest(google, verb, path, body)
        error: Mapping[str, Any] = answer.get("error", {})
        assert (status, error.get("status")) == expected
        assert error.get("code", 200) == status

    tell(story)


def test_a_path_of_no_service_is_not_found() -> None:
    """Google's front end answers a page there, no JSON."""

    async def story(google: RunningGoogle) -> None:
        for verb, path in (("GET", "/v1/nothing"), ("DELETE", "/v1/projects/p/policy"), ("GET", "/")):
            status, page = await _rest(google, verb, path)
            assert status == 404
            assert "That's all we know." in page

    tell(story)


def test_the_hand_added_route_of_gcloud_beta_validates() -> None:
    """`sign-and-create --validate` of gcloud beta asks v1beta1, which no installed client knows."""

    async def story(google: RunningGoogle) -> None:
        version = await google.make_key()
        await google.make_attestor(version)
        payload = payload_of(DIGEST)
        attestation = attestation_of(payload, version, await google.sign(version, payload))
        body = {
            "attestation": json.loads(type(attestation).to_json(attestation)),
            "occurrenceNote": NOTE,
            "occurrenceResourceUri": IMAGE,
        }
        path = f"/v1beta1/{ATTESTOR}:validateAttestationOccurrence"
        assert await _rest(google, "POST", path, body) == (200, {"result": "VERIFIED"})

    tell(story)


def test_a_handler_of_no_known_rpc_or_of_a_taken_one_is_a_mistake() -> None:
    """Said when the stand-in is built, not when the first call gets lost."""

    class Misspelt:
        def handlers(self) -> dict[str, Any]:
            return {"google.cloud.kms.v1.KeyManagementService/Sign": None}

    with pytest.raises(ValueError, match=r"not in surface\.json"):
        GoogleStandIn([Misspelt()], Faults())
    with pytest.raises(ValueError, match="handled by two services"):
        GoogleStandIn([SecretManager(), SecretManager()], Faults())


def test_ports_may_be_chosen_and_are_given_back() -> None:
    """A stand-in that was stopped can be started again on the same ports; a taken port leaves nothing bound."""

    async def story() -> None:
        first = GoogleStandIn([], Faults())
        await first.start()
        grpc_port, http_port = (int(url.rpartition(":")[2]) for url in (first.grpc_target, first.http_url))
        second = GoogleStandIn([], Faults(), http_port=http_port)
        with pytest.raises(OSError, match="address already in use"):
            await second.start()
        await first.stop()
        third = GoogleStandIn([], Faults(), grpc_port=grpc_port, http_port=http_port)
        await third.start()
        assert third.grpc_target == f"127.0.0.1:{grpc_port}"
        await third.stop()

    asyncio.run(story())
