"""Attestors as they are read and kept, held against the stand-in for Binary Authorization."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.cloud import binaryauthorization_v1

from shared.clients.binauthz import BinaryAuthorization, BinaryAuthorizationClients
from shared.domain.errors import Fault, Unavailable
from tests.local.google.running_google import ATTESTOR, NOTE, RunningGoogle, running_google

READ = "binauthz.GetAttestor"


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """The time, in seconds."""
        return self.now


def telling(story: Callable[[RunningGoogle, BinaryAuthorization, Clock], Awaitable[None]], *, kept_s: float) -> None:
    """Tell a story of one attestor and of who reads it."""

    async def told() -> None:
        async with running_google() as google:
            await google.make_attestor(await google.make_key())
            clients, clock = (
                BinaryAuthorizationClients(google.binauthz, google.system_policy, google.validation),
                Clock(),
            )
            await story(google, BinaryAuthorization(clients, attestors_kept_s=kept_s, clock=clock), clock)

    asyncio.run(told())


async def change(google: RunningGoogle, **note: Any) -> None:
    """Give the attestor another note, or other keys."""
    attestor = await google.binauthz.get_attestor(name=ATTESTOR)
    for field, value in note.items():
        setattr(attestor.user_owned_grafeas_note, field, value)
    await google.binauthz.update_attestor(attestor=attestor)


def test_a_key_that_was_taken_off_counts_no_longer_than_the_attestor_is_kept() -> None:
    """To the second; and whoever asks at the same time asks once."""

    async def story(google: RunningGoogle, binauthz: BinaryAuthorization, clock: Clock) -> None:
        first, again = await asyncio.gather(binauthz.attestor(ATTESTOR), binauthz.attestor(ATTESTOR))
        assert first is again
        assert google.faults.calls(READ) == {READ: 1}
        (key,) = (await google.binauthz.get_attestor(name=ATTESTOR)).user_owned_grafeas_note.public_keys
        renamed = binaryauthorization_v1.AttestorPublicKey(id="new", pkix_public_key=key.pkix_public_key)
        await change(google, public_keys=[renamed])
        clock.now = 59.9
        assert await binauthz.attestor(ATTESTOR) is first
        clock.now = 60.0
        assert [key.id for key in (await binauthz.attestor(ATTESTOR)).keys] == ["new"]

    telling(story, kept_s=60)


def test_the_time_runs_from_before_the_attestor_was_read() -> None:
    """What the answer says was true when the question came in, not when the answer did."""

    async def story(google: RunningGoogle, binauthz: BinaryAuthorization, clock: Clock) -> None:
        held = google.faults.hold(READ)

        def answer_late() -> None:
            with held:
                clock.now = 50.0

        await asyncio.gather(binauthz.attestor(ATTESTOR), asyncio.to_thread(answer_late))
        clock.now = 60.0
        await binauthz.attestor(ATTESTOR)

        assert google.faults.calls(READ) == {READ: 2}

    telling(story, kept_s=60)


@pytest.mark.parametrize("kept_s", [0.0, 60.0])
def test_what_cannot_be_read_is_not_kept(kept_s: float) -> None:
    """A failure of a moment must not last a minute."""

    async def story(google: RunningGoogle, binauthz: BinaryAuthorization, _: Clock) -> None:
        google.faults.fail(READ, code="PERMISSION_DENIED")

        with pytest.raises(Unavailable, match=r"binauthz\.GetAttestor: 403"):
            await binauthz.attestor(ATTESTOR)

        assert (await binauthz.attestor(ATTESTOR)).note == NOTE

    telling(story, kept_s=kept_s)


def test_an_attestor_that_trusts_nobody_is_named() -> None:
    """Empty means no; a PGP key, which has no PEM, verifies nothing here."""

    async def story(google: RunningGoogle, binauthz: BinaryAuthorization, _: Clock) -> None:
        pgp = binaryauthorization_v1.AttestorPublicKey(id="0" * 40, ascii_armored_pgp_public_key="-----BEGIN PGP")
        await change(google, public_keys=[pgp])

        with pytest.raises(Unavailable, match=f"{ATTESTOR} has no keys; it can attest nothing") as caught:
            await binauthz.attestor(ATTESTOR)

        assert caught.value.fault is Fault.MISCONFIGURED

    telling(story, kept_s=60)
