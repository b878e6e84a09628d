"""The stand-in for Google's services on a thread of its own, for commands that run in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from google.cloud import binaryauthorization_v1, kms_v1
from grafeas import grafeas_v1

from tests.local.google.running_google import (
    ATTESTOR,
    KEY_RING,
    NOTE,
    RunningGoogle,
    attestation_of,
    key_id,
    payload_of,
    running_google,
)

_T = TypeVar("_T")
KEY = f"{KEY_RING}/cryptoKeys/signer"
FIRST, SECOND = (f"{KEY}/cryptoKeyVersions/{number}" for number in (1, 2))
POSTS, USERS = (f"us-docker.pkg.dev/acme/apps/{name}@sha256:{c * 64}" for name, c in (("posts", "a"), ("users", "b")))
BY = ("--attestor", ATTESTOR, "--key-version")


@dataclass(frozen=True)
class Cloud:
    """The services, with one key version and an attestor that trusts it."""

    google: RunningGoogle
    loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine beside the services."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    def add_key(self) -> None:
        """Make the second version of the key, and have the attestor trust it as well."""
        self.do(self._add_key())

    def drop_first_key(self) -> None:
        """Take the first version off the attestor."""
        self.do(self._drop_first_key())

    def store_odd(self, image: str) -> str:
        """Store an attestation of an image whose payload is of another one; answer its name."""
        return self.do(self._store_odd(image))

    async def _store_odd(self, image: str) -> str:
        data = payload_of(f"sha256:{'c' * 64}")
        attestation = attestation_of(data, FIRST, await self.google.sign(FIRST, data))
        odd = grafeas_v1.Occurrence(note_name=NOTE, resource_uri=image, attestation=attestation)
        return (await self.google.grafeas.create_occurrence(parent="projects/acme", occurrence=odd)).name

    async def _add_key(self) -> None:
        await self.google.kms.create_crypto_key_version(parent=KEY, crypto_key_version=kms_v1.CryptoKeyVersion())
        pem = (await self.google.kms.get_public_key(name=SECOND)).pem
        pkix = binaryauthorization_v1.PkixPublicKey(public_key_pem=pem, signature_algorithm="ECDSA_P256_SHA256")
        attestor = await self.google.binauthz.get_attestor(name=ATTESTOR)
        attestor.user_owned_grafeas_note.public_keys.append(
            binaryauthorization_v1.AttestorPublicKey(id=key_id(SECOND), pkix_public_key=pkix)
        )
        await self.google.binauthz.update_attestor(attestor=attestor)

    async def _drop_first_key(self) -> None:
        attestor = await self.google.binauthz.get_attestor(name=ATTESTOR)
        del attestor.user_owned_grafeas_note.public_keys[0]
        await self.google.binauthz.update_attestor(attestor=attestor)


@contextmanager
def running_cloud() -> Iterator[Cloud]:
    """Start the services, and stop them."""
    loop, opened = asyncio.new_event_loop(), AsyncExitStack()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def found() -> RunningGoogle:
        google = await opened.enter_async_context(running_google())
        await google.make_note()
        await google.make_attestor(await google.make_key())
        return google

    try:
        yield Cloud(asyncio.run_coroutine_threadsafe(found(), loop).result(), loop)
    finally:
        asyncio.run_coroutine_threadsafe(opened.aclose(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
