"""T07: marked as attested, nothing signed. Whatever is lost or damaged in between, nothing is called done."""

from __future__ import annotations

from local.world.world import World
from tests.company import pin_posts
from tests.conftest import Logs


def test_an_occurrence_that_is_gone_again_is_not_counted(world: World, logs: Logs) -> None:
    """What Container Analysis said it stored is read back; somebody deleted it meanwhile, so it is made again."""
    pin_posts(world)
    held = world.faults.hold("grafeas.ListNoteOccurrences", after=1)

    commit = str(world.pass_tests()["commit"])
    with held:
        (made,) = world.attestations
        world.do(world.clients.grafeas.delete_occurrence(name=made.occurrence))
    world.settle()

    (again,) = world.attestations
    assert again.occurrence != made.occurrence
    assert [status.context for status in world.statuses(commit)] == ["prodgate/qa"]
    assert "cannot be read yet, or is gone again" in " ".join(entry["message"] for entry in logs())


def test_a_crash_after_storing_is_finished_by_the_next_delivery(world: World) -> None:
    """The attestation is there, the status is not: the redelivery finds the first and sets the second."""
    pin_posts(world)
    world.faults.fail("github.repos/create-commit-status", code="PERMISSION_DENIED")

    commit = str(world.pass_tests()["commit"])
    world.settle()

    assert len(world.attestations) == 1
    assert world.faults.calls("kms.AsymmetricSign") == {"kms.AsymmetricSign": 1}
    assert [status.context for status in world.statuses(commit)] == ["prodgate/qa"]
