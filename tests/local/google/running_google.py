"""A started stand-in with the real asynchronous clients on it, and the resources that most tests need."""

from __future__ import annotations

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc.aio
from google.cloud import binaryauthorization_v1, binaryauthorization_v1beta1, kms_v1, secretmanager_v1
from grafeas import grafeas_v1

from local.faults import Faults
from local.google.binauthz import BinaryAuthorization
from local.google.grafeas import ContainerAnalysis
from local.google.kms import KeyManagement
from local.google.secrets import SecretManager
from local.google.server import GoogleStandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

KEY_RING = "projects/acme/locations/europe-west1/keyRings/gate"
NOTE = "projects/acme/notes/qa"
ATTESTOR = "projects/acme/attestors/qa"
DIGEST = "sha256:" + "a" * 64
IMAGE = f"us-docker.pkg.dev/acme/apps/posts@{DIGEST}"
_PRIMES_S = 60.0  # for an RSA key of 4,096 bits on a busy machine; half a second on an idle one


@dataclass
class RunningGoogle:
    """The clients, made as the functions make them: one insecure channel under all of them."""

    channel: Any
    http_url: str
    grpc_target: str
    faults: Faults
    analysis: ContainerAnalysis
    keys: KeyManagement
    kms: kms_v1.KeyManagementServiceAsyncClient = field(init=False)
    grafeas: grafeas_v1.GrafeasAsyncClient = field(init=False)
    binauthz: binaryauthorization_v1.BinauthzManagementServiceV1AsyncClient = field(init=False)
    binauthz_beta: binaryauthorization_v1beta1.BinauthzManagementServiceV1Beta1AsyncClient = field(init=False)
    system_policy: binaryauthorization_v1.SystemPolicyV1AsyncClient = field(init=False)
    validation: binaryauthorization_v1.ValidationHelperV1AsyncClient = field(init=False)
    secrets: secretmanager_v1.SecretManagerServiceAsyncClient = field(init=False)

    def __post_init__(self) -> None:
        """Put every client on the one channel."""
        self.kms = self._client(kms_v1.KeyManagementServiceAsyncClient)
        self.grafeas = self._client(grafeas_v1.GrafeasAsyncClient)
        self.binauthz = self._client(binaryauthorization_v1.BinauthzManagementServiceV1AsyncClient)
        self.binauthz_beta = self._client(binaryauthorization_v1beta1.BinauthzManagementServiceV1Beta1AsyncClient)
        self.system_policy = self._client(binaryauthorization_v1.SystemPolicyV1AsyncClient)
        self.validation = self._client(binaryauthorization_v1.ValidationHelperV1AsyncClient)
        self.secrets = self._client(secretmanager_v1.SecretManagerServiceAsyncClient)

    async def make_key(self, name: str = "signer", algorithm: str = "EC_SIGN_P256_SHA256") -> str:
        """Make a signing key in the key ring, which must not exist yet; return the name of its version 1."""
        location, _, ring = KEY_RING.partition("/keyRings/")
        await self.kms.create_key_ring(parent=location, key_ring_id=ring, key_ring=kms_v1.KeyRing())
        template = kms_v1.CryptoKeyVersionTemplate(algorithm=algorithm)
        key = kms_v1.CryptoKey(purpose=kms_v1.CryptoKey.CryptoKeyPurpose.ASYMMETRIC_SIGN, version_template=template)
        made = await self.kms.create_crypto_key(parent=KEY_RING, crypto_key_id=name, crypto_key=key)
        version = f"{made.name}/cryptoKeyVersions/1"
        if algorithm.startswith("RSA_SIGN"):  # the stand-in makes a key on its first use, and primes take their time
            await self.kms.get_public_key(name=version, timeout=_PRIMES_S)
        return version

    async def make_note(self) -> None:
        """Make the attestation note."""
        hint = grafeas_v1.AttestationNote.Hint(human_readable_name="qa")
        note = grafeas_v1.Note(attestation=grafeas_v1.AttestationNote(hint=hint))
        project, _, note_id = NOTE.partition("/notes/")
        await self.grafeas.create_note(parent=project, note_id=note_id, note=note)

    async def make_attestor(self, version: str, algorithm: str = "ECDSA_P256_SHA256") -> None:
        """Make the attestor that trusts one version of a key."""
        public = await self.kms.get_public_key(name=version)
        pkix = binaryauthorization_v1.PkixPublicKey(public_key_pem=public.pem, signature_algorithm=algorithm)
        key = binaryauthorization_v1.AttestorPublicKey(id=key_id(version), pkix_public_key=pkix)
        note = binaryauthorization_v1.UserOwnedGrafeasNote(note_reference=NOTE, public_keys=[key])
        attestor = binaryauthorization_v1.Attestor(user_owned_grafeas_note=note)
        await self.binauthz.create_attestor(parent="projects/acme", attestor_id="qa", attestor=attestor)

    async def sign(self, version: str, message: bytes) -> bytes:
        """Return the signature of a message by a key of SHA-256."""
        digest = kms_v1.Digest(sha256=hashlib.sha256(message).digest())
        return (await self.kms.asymmetric_sign(name=version, digest=digest)).signature

    def _client(self, kind: Any) -> Any:
        return kind(transport=kind.get_transport_class("grpc_asyncio")(channel=self.channel))


def key_id(version: str) -> str:
    """The id under which attestors know a key of KMS."""
    return f"//cloudkms.googleapis.com/v1/{version}"


def payload_of(digest: str) -> bytes:
    """A simple signing payload for a digest."""
    image = {"docker-manifest-digest": digest}
    identity = {"docker-reference": "us-docker.pkg.dev/acme/apps/posts"}
    critical = {"identity": identity, "image": image, "type": "Google cloud binauthz container signature"}
    return json.dumps({"critical": critical}).encode()


def attestation_of(payload: bytes, version: str, signature: bytes) -> grafeas_v1.AttestationOccurrence:
    """The details of an attestation occurrence with one signature."""
    signed = grafeas_v1.Signature(signature=signature, public_key_id=key_id(version))
    return grafeas_v1.AttestationOccurrence(serialized_payload=payload, signatures=[signed])


@asynccontextmanager
async def running_google(*, faults: Faults | None = None) -> AsyncIterator[RunningGoogle]:
    """Start the stand-in, and stop it when the story ends."""
    faults, analysis, keys = faults or Faults(), ContainerAnalysis(), KeyManagement()
    stand_in = GoogleStandIn([keys, analysis, BinaryAuthorization(), SecretManager()], faults)
    await stand_in.start()
    try:
        async with grpc.aio.insecure_channel(stand_in.grpc_target) as channel:
            yield RunningGoogle(channel, stand_in.http_url, stand_in.grpc_target, faults, analysis, keys)
    finally:
        await stand_in.stop()


def tell(story: Callable[[RunningGoogle], Awaitable[None]], *, faults: Faults | None = None) -> None:
    """Run one story against a fresh stand-in."""

    async def told() -> None:
        async with running_google(faults=faults) as google:
            await story(google)

    asyncio.run(told())
