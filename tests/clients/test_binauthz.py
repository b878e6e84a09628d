"""Attestors as they are read and kept, held against the stand-in for Binary Authorization."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google.cloud import binaryauthorization_v1
from grpc import aio

from local.faults import Faults
from local.google.binauthz import MANAGEMENT
from local.google.server import GoogleStandIn
from shared.clients.binauthz import BinaryAuthorization, BinaryAuthorizationClients
from shared.domain.errors import Fault, Reason, Rejected, Unavailable
from tests.clients.answering import Answering
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


PGP = binaryauthorization_v1.AttestorPublicKey(id="0" * 40, ascii_armored_pgp_public_key="-----BEGIN PGP")


def test_an_attestor_that_trusts_nobody_is_named() -> None:
    """Empty means no."""

    async def story(google: RunningGoogle, binauthz: BinaryAuthorization, _: Clock) -> None:
        await change(google, public_keys=[])

        with pytest.raises(Unavailable, match=f"{ATTESTOR} has no keys; it can attest nothing") as caught:
            await binauthz.attestor(ATTESTOR)

        assert caught.value.fault is Fault.ATTESTOR_WITHOUT_KEYS

    telling(story, kept_s=60)


def test_an_attestor_whose_keys_cannot_be_verified_here_is_not_called_keyless() -> None:
    """GKE verifies PGP; whoever reads "no keys" there would look for what is not amiss."""

    async def story(google: RunningGoogle, binauthz: BinaryAuthorization, _: Clock) -> None:
        await change(google, public_keys=[PGP])

        with pytest.raises(Unavailable, match=f"{ATTESTOR} has 1 keys, none of which can be verified here") as caught:
            await binauthz.attestor(ATTESTOR)

        assert caught.value.fault is Fault.UNVERIFIABLE_KEYS

    telling(story, kept_s=60)


@pytest.mark.filterwarnings("ignore:Unrecognized SignatureAlgorithm enum value")
def test_a_key_of_an_algorithm_that_is_newer_than_the_client_is_skipped() -> None:
    """Somebody adds a key of tomorrow beside ours: ours still signs, and a signature by theirs proves nothing here."""

    async def story(google: RunningGoogle, binauthz: BinaryAuthorization, _: Clock) -> None:
        (ours,) = (await google.binauthz.get_attestor(name=ATTESTOR)).user_owned_grafeas_note.public_keys
        newer = binaryauthorization_v1.AttestorPublicKey(ours, id="newer")
        binaryauthorization_v1.AttestorPublicKey.pb(newer).pkix_public_key.signature_algorithm = 4242
        await change(google, public_keys=[newer, PGP, ours])

        attestor = await binauthz.attestor(ATTESTOR)

        assert [(key.id, key.can_verify) for key in attestor.keys] == [("newer", False), (ours.id, True)]
        await change(google, public_keys=[newer])
        with pytest.raises(Unavailable, match="none of which can be verified here") as caught:
            await binauthz.attestor(ATTESTOR)
        assert caught.value.fault is Fault.UNVERIFIABLE_KEYS

    telling(story, kept_s=0)


def test_a_kept_attestor_that_lacks_the_key_in_question_is_read_again() -> None:
    """Once for each question: an operator who has just added the key need not wait until it is forgotten."""

    async def story(google: RunningGoogle, binauthz: BinaryAuthorization, _: Clock) -> None:
        (key,) = (await binauthz.attestor(ATTESTOR)).keys
        await binauthz.attestor(ATTESTOR, trusting=key.id)
        assert google.faults.calls(READ) == {READ: 1}

        assert (await binauthz.attestor(ATTESTOR, trusting="new")).key("new") is None
        assert google.faults.calls(READ) == {READ: 2}
        pkix = {"public_key_pem": key.pem, "signature_algorithm": key.algorithm}
        await change(google, public_keys=[{"id": "new", "pkix_public_key": pkix}])

        assert (await binauthz.attestor(ATTESTOR, trusting="new")).key("new") is not None

    telling(story, kept_s=60)


async def ask(rpc: str, answer: Any, question: Callable[[BinaryAuthorization], Awaitable[Any]]) -> Any:
    """Ask a Binary Authorization that gives this answer, whatever it is asked for."""
    google = GoogleStandIn([Answering(rpc, answer)], Faults())
    await google.start()
    try:
        async with aio.insecure_channel(google.grpc_target) as channel:
            names = (
                binaryauthorization_v1.BinauthzManagementServiceV1AsyncClient,
                binaryauthorization_v1.SystemPolicyV1AsyncClient,
                binaryauthorization_v1.ValidationHelperV1AsyncClient,
            )
            made = [name(transport=name.get_transport_class("grpc_asyncio")(channel=channel)) for name in names]
            return await question(BinaryAuthorization(BinaryAuthorizationClients(*made)))
    finally:
        await google.stop()


@pytest.mark.parametrize("answered", ["projects/acme/attestors/qa", "projects/123456789/attestors/qa"])
def test_an_attestor_is_known_by_the_name_that_it_was_asked_for(answered: str) -> None:
    """The API may say the project's number; the policy, the status and the configuration say what we asked for."""
    key = {"id": "x", "pkix_public_key": {"public_key_pem": "y", "signature_algorithm": "ECDSA_P256_SHA256"}}
    note = {"note_reference": NOTE, "public_keys": [key]}
    answer = binaryauthorization_v1.Attestor(name=answered, user_owned_grafeas_note=note)

    found = asyncio.run(ask(f"{MANAGEMENT}/GetAttestor", answer, lambda binauthz: binauthz.attestor(ATTESTOR)))

    assert found.name == ATTESTOR


def test_an_answer_about_another_attestor_is_none() -> None:
    """Its keys would verify what this attestor's do not."""
    answer = binaryauthorization_v1.Attestor(name=f"{ATTESTOR}-2", user_owned_grafeas_note={"note_reference": NOTE})

    with pytest.raises(Unavailable, match=f"attestor '{ATTESTOR}-2', not with {ATTESTOR}") as caught:
        asyncio.run(ask(f"{MANAGEMENT}/GetAttestor", answer, lambda binauthz: binauthz.attestor(ATTESTOR)))

    assert caught.value.fault is Fault.WRONG_ANSWER


@pytest.mark.parametrize("said", [{}, {"description": "ours"}, {"global_policy_evaluation_mode": "ENABLE"}])
def test_a_policy_without_a_rule_is_named(said: dict[str, Any]) -> None:
    """Empty means no: it neither admits nor says what would."""
    answer = binaryauthorization_v1.Policy(name="projects/acme/policy", etag='"1"', **said)

    with pytest.raises(Rejected, match="the policy 'projects/acme/policy' holds no rule; it admits nothing") as caught:
        asyncio.run(ask(f"{MANAGEMENT}/GetPolicy", answer, lambda binauthz: binauthz.policy("acme")))

    assert caught.value.reason is Reason.EMPTY_POLICY
