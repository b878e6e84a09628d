"""Quotas that are spent and stay so: an event ends as rate-limited, in time, and nothing that was made is lost."""

from __future__ import annotations

import pytest

from shared.clients import calls
from shared.clients.calls import Call
from shared.domain.errors import Fault, Unavailable
from tests.workflow.signing_rig import Rig, images, signing

FOR_EVER = 100_000
PATIENCE_S = 0.25  # of one call, in place of its ten seconds
TRIES = 4  # the most that fit into that
UNDER_WAY = 200  # two batches


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the patience of every call that has a quota."""
    for name, call in vars(calls).items():
        if isinstance(call, Call):
            monkeypatch.setattr(calls, name, Call(call.name, total_s=PATIENCE_S))


@pytest.mark.parametrize("method", ["kms.AsymmetricSign", "binauthz.ValidateAttestationOccurrence"])
def test_once_a_quota_of_signing_is_spent_nothing_more_is_signed(method: str) -> None:
    """What was under way gives up after its patience; the rest is not begun, and what was ready is stored."""

    async def story(rig: Rig) -> None:
        wanted = images(600)
        rig.google.faults.fail(method, after=30, times=FOR_EVER, code="RESOURCE_EXHAUSTED")

        with pytest.raises(Unavailable, match=method) as caught:
            await rig.prove(wanted)

        assert caught.value.fault is Fault.RATE_LIMITED
        assert len(await rig.stored()) == 30
        assert rig.counted[method] <= 30 + UNDER_WAY * TRIES
        rig.google.faults.clear()
        assert (await rig.prove(wanted)).signed == 570

    signing(story)


def test_once_nothing_more_can_be_stored_nothing_more_is_signed() -> None:
    """Signatures that are stored nowhere are made again with the next delivery; each would cost a quota for nothing."""

    async def story(rig: Rig) -> None:
        for method in ("grafeas.BatchCreateOccurrences", "grafeas.CreateOccurrence"):
            rig.google.faults.fail(method, times=FOR_EVER, code="RESOURCE_EXHAUSTED")

        with pytest.raises(Unavailable, match=r"grafeas\.BatchCreateOccurrences: 429") as caught:
            await rig.prove(images(600))

        assert caught.value.fault is Fault.RATE_LIMITED
        assert rig.counted["kms.AsymmetricSign"] == UNDER_WAY
        assert await rig.stored() == []

    signing(story)


@pytest.mark.parametrize("method", ["kms.GetPublicKey", "binauthz.GetAttestor", "grafeas.ListNoteOccurrences"])
def test_a_quota_of_reading_that_is_spent_has_its_name(method: str) -> None:
    """And nothing is signed of which it is not known whether it must be."""

    async def story(rig: Rig) -> None:
        rig.google.faults.fail(method, times=FOR_EVER, code="RESOURCE_EXHAUSTED")

        with pytest.raises(Unavailable, match=method) as caught:
            await rig.prove(images(3))

        assert caught.value.fault is Fault.RATE_LIMITED
        assert "kms.AsymmetricSign" not in rig.counted
        rig.google.faults.clear()
        assert (await rig.prove(images(3))).signed == 3

    signing(story)


def test_the_policy_s_quota_has_its_name_too() -> None:
    """GetPolicy is a read of Binary Authorization like any other: a hundred a minute."""

    async def story(rig: Rig) -> None:
        rig.google.faults.fail("binauthz.GetPolicy", times=FOR_EVER, code="RESOURCE_EXHAUSTED")

        with pytest.raises(Unavailable, match=r"binauthz\.GetPolicy: 429") as caught:
            await rig.cloud.binauthz.policy("acme")

        assert caught.value.fault is Fault.RATE_LIMITED

    signing(story)


def test_a_single_create_that_is_refused_does_not_keep_the_others_from_being_stored() -> None:
    """Where batches are not taken, each attestation that could be stored is."""

    async def story(rig: Rig) -> None:
        rig.google.faults.fail("grafeas.BatchCreateOccurrences", code="UNIMPLEMENTED")
        rig.google.faults.fail("grafeas.CreateOccurrence", times=1, code="PERMISSION_DENIED")

        with pytest.raises(Unavailable, match=r"grafeas\.CreateOccurrence: 403"):
            await rig.prove(images(9))

        assert len(await rig.stored()) == 8

    signing(story)
