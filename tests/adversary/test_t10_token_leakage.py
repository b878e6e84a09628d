"""T10: a token finds its way into a log, a message, a pull request or a file. None does."""

from __future__ import annotations

import pytest

from local.world.names import ATTEST, PIN, PROMOTE
from local.world.world import World
from tests.company import pin_posts, release_posts, small_world

TOKENS = [function.token for function in (PIN, ATTEST, PROMOTE)]


def test_no_token_is_ever_printed(capfd: pytest.CaptureFixture[str], quiet_logging: None) -> None:
    """Even when everything is logged, and everything fails, what was read from Secret Manager reads as stars."""
    with small_world(variables={"PRODGATE_LOG_LEVEL": "DEBUG"}) as world:
        pin_posts(world)
        for code in ("PERMISSION_DENIED", "NOT_FOUND", "RESOURCE_EXHAUSTED"):
            world.faults.fail("github.repos/compare-commits", code=code)
        world.pass_tests()
        world.settle()

    printed = "".join(capfd.readouterr())
    assert "event.unavailable" in printed
    assert [token for token in TOKENS if token in printed] == []


def test_no_token_stands_in_anything_that_is_published(world: World) -> None:
    """Events, rejections and pull requests are read by more people than secrets are."""
    release_posts(world)
    world.publish("test-passed", b"poison")
    world.settle()

    said = [str(record.message) for record in world.deliveries]
    said += [str(message) for message in (*world.rejected, *world.pull_requests)]

    assert [token for token in TOKENS if any(token in text for text in said)] == []


def test_an_event_that_quotes_a_token_is_cleaned_in_the_log(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    """Somebody pasted a token into an event: the log of its refusal hides it, once it is known as one."""
    release_posts(world)

    world.publish("attestation-complete", PROMOTE.token.encode())
    world.settle()

    assert [message.data.decode() for message in world.rejected] == [PROMOTE.token]
    printed = "".join(capfd.readouterr())
    assert PROMOTE.token not in printed
    assert "it begins with b'***'" in printed
