"""Signing alone, with its own clients on the stand-in for Google's services: no events, no repository."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from google.cloud import kms_v1
from grafeas import grafeas_v1

from shared.clients.attestations import Attestations
from shared.clients.binauthz import BinaryAuthorization, BinaryAuthorizationClients
from shared.clients.kms import Signer
from shared.domain.algorithms import BY_KMS_NAME
from shared.domain.attestors import SigningKey, key_id
from shared.domain.image import PinnedImage
from shared.domain.payload import payload
from shared.workflow.signing import Proven, SigningCloud, SigningParty, SigningSettings, SuiteSettings, prove_all
from shared.workflow.signing import signing_party as read_party
from tests.local.google.running_google import ATTESTOR, KEY_RING, NOTE, RunningGoogle, running_google

VERSION = f"{KEY_RING}/cryptoKeys/signer/cryptoKeyVersions/1"
SUITE = SuiteSettings(ATTESTOR, VERSION)


def images(count: int) -> list[PinnedImage]:
    """So many images, each of its own digest."""
    digests = (hashlib.sha256(str(nth).encode()).hexdigest() for nth in range(count))
    return [PinnedImage.parse(f"us-docker.pkg.dev/acme/apps/app-{n}@sha256:{d}") for n, d in enumerate(digests)]


@dataclass
class Rig:
    """The stand-in, its clients, and what signing needs of them."""

    google: RunningGoogle
    cloud: SigningCloud
    counted: dict[str, int] = field(default_factory=dict)
    suite: SuiteSettings = SUITE

    async def party(self) -> SigningParty:
        """The attestor and its key."""
        return await read_party(self.suite, self.cloud)

    async def prove_by(self, party: SigningParty, wanted: list[PinnedImage]) -> Proven:
        """Prove images by a party that was read before."""
        return await prove_all(wanted, party, self.cloud)

    async def rotate(self) -> None:
        """Put a new version of the key on the attestor in the old one's place, and sign with it from now on."""
        made = await self.google.kms.create_crypto_key_version(
            parent=VERSION.partition("/cryptoKeyVersions/")[0], crypto_key_version=kms_v1.CryptoKeyVersion()
        )
        pem = (await self.google.kms.get_public_key(name=made.name)).pem
        pkix = {"public_key_pem": pem, "signature_algorithm": "ECDSA_P256_SHA256"}
        attestor = await self.google.binauthz.get_attestor(name=ATTESTOR)
        attestor.user_owned_grafeas_note.public_keys = [{"id": key_id(made.name), "pkix_public_key": pkix}]
        await self.google.binauthz.update_attestor(attestor=attestor)
        self.suite = SuiteSettings(ATTESTOR, made.name)

    async def prove(self, wanted: list[PinnedImage], *, settings: SigningSettings | None = None) -> Proven:
        """Prove images as the suite does; the calls that it takes are in `counted` afterwards."""
        before = self.google.faults.calls()
        cloud = replace(self.cloud, settings=settings or self.cloud.settings)
        try:
            return await prove_all(wanted, await self.party(), cloud)
        finally:
            after = self.google.faults.calls()
            self.counted = {
                method: n - before.get(method, 0) for method, n in after.items() if n > before.get(method, 0)
            }

    async def stored(self) -> list[grafeas_v1.Occurrence]:
        """Every attestation of the note."""
        request = grafeas_v1.ListNoteOccurrencesRequest(name=NOTE, page_size=1000)
        return [found async for found in await self.google.grafeas.list_note_occurrences(request=request)]

    async def store(self, image: PinnedImage, *, uri: str | None = None, data: bytes | None = None) -> str:
        """Store an attestation of an image by hand, signed by the first version of the key."""
        data, version = payload(image) if data is None else data, VERSION
        signature = await Signer(self.google.kms).sign(SigningKey(version, BY_KMS_NAME["EC_SIGN_P256_SHA256"]), data)
        signed = [{"public_key_id": key_id(version), "signature": signature}]
        occurrence = grafeas_v1.Occurrence(
            note_name=NOTE,
            resource_uri=uri or str(image),
            attestation={"serialized_payload": data, "signatures": signed},
        )
        return str((await self.google.grafeas.create_occurrence(parent="projects/acme", occurrence=occurrence)).name)


def signing(story: Callable[[Rig], Awaitable[None]], *, algorithm: str = "EC_SIGN_P256_SHA256") -> None:
    """Tell a story of one key, one attestor that trusts it, and what is signed."""

    async def told() -> None:
        async with running_google() as google:
            await google.make_note()
            await google.make_attestor(await google.make_key(algorithm=algorithm), BY_KMS_NAME[algorithm].name)
            clients = BinaryAuthorizationClients(google.binauthz, google.system_policy, google.validation)
            attestations = Attestations(google.grafeas, "acme")
            cloud = SigningCloud(SigningSettings(), BinaryAuthorization(clients), attestations, Signer(google.kms))
            await story(Rig(google, cloud))

    asyncio.run(told())
